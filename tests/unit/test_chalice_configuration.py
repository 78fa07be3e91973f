"""Mistakes in ``.chalice/config.json``: one line each, before Chalice reads the file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.local.broken_app import own_frames, told
from emulator.local.configuration import problem

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str) -> Path:
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"app_name": "a"\n"stages": {}}', ":3:1: this is no JSON: Expecting ',' delimiter"),
        ("[]", ":1: the file must be an object"),
        ("{}", ":1: app_name must be a text"),
        ('{"app_name": "a",\n"stages": []}', ":2: stages must be an object"),
        ('{"app_name": "a",\n"stages": {\n"dev": []}}', ":3: stages.dev must be an object"),
        ('{"app_name": "a", "stages": {"dev": {"lambda_functions": {"f": {\n'
         '"environment_variables": {"A": "1",\n"B": 2}}}}}}',
         ":3: stages.dev.lambda_functions.f.environment_variables.B must be a text"),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """https://aws.github.io/chalice/topics/configfile.html"""
    assert f".chalice/config.json{said}" in problem(written(tmp_path, text))


def test_good_file_is_no_problem(tmp_path: Path) -> None:
    assert problem(ROOT) == ""
    assert problem(written(tmp_path, '{"app_name": "a"}')) == ""


def test_folder_without_the_file_is_no_project(tmp_path: Path) -> None:
    assert "go to a Chalice project" in problem(tmp_path)


def test_make_run_says_it_before_chalice_does(tmp_path: Path) -> None:
    """Chalice would answer with a traceback."""
    assert "-m emulator.local.configuration &&" in (ROOT / "Makefile").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "emulator.local.configuration"],
        cwd=written(tmp_path, "{"),
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_traceback_begins_with_the_project_s_own_code() -> None:
    """What calls it, Chalice and Python's import, has nothing to say."""
    with pytest.raises(ValueError, match="of the project") as error:
        re.sub("a", fail, "a")
    test = error.value.__traceback__
    assert test is not None
    library = test.tb_next
    own = own_frames(library, Path(__file__).parent)
    assert library is not None
    assert own is library.tb_next
    assert own_frames(library, Path("/nowhere")) is library


def test_syntax_error_that_chalice_says_again_is_the_first_one() -> None:
    with pytest.raises(RuntimeError) as error:
        say_again("def f(:")
    assert told(error.value, ROOT) == "app.py:1: SyntaxError: invalid syntax"


def say_again(source: str) -> None:
    try:
        compile(source, "app.py", "exec")
    except SyntaxError:
        raise RuntimeError("Unable to import your app.py file:\n…")  # noqa: B904 - as Chalice does


def fail(_: re.Match[str]) -> str:
    raise ValueError("of the project")
