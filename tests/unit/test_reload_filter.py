"""What makes chalice local reload, and what does not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from chalice.cli.filewatch import stat

from emulator.local import reload_filter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app.py", True),
        ("chalicelib/tasks/text.py", True),
        (".chalice/config.json", True),
        ("vendor/page.html", True),
        (".venv/lib/thing.py", False),
        (".git/index", False),
        ("chalicelib/__pycache__/app.cpython-311.pyc", False),
        (".chalice/deployed/dev.json", False),
        ("tests/unit/test_app.py", False),
        ("notes.log", False),
    ],
)
def test_only_files_of_the_app_change_it(path: str, expected: bool) -> None:
    assert reload_filter.changes_the_app(f"/project/{path}", project="/project") is expected


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "app.py",
        "chalicelib/work.py",
        ".chalice/config.json",
        ".venv/lib.py",
        "data.log",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"app_name": "watched"}')
    return tmp_path


class Watched:
    """Chalice's watcher on a project; the filter comes in when it has noted every file."""

    def __init__(self, project: Path) -> None:
        self._project = str(project)
        self._watcher = stat.StatFileWatcher()
        self._watcher._seed_mtime_cache(self._project)
        reload_filter.install()

    def restarts(self) -> int:
        count: list[int] = []
        self._watcher._single_pass_poll(self._project, lambda: count.append(1))
        return len(count)


def test_unchanged_app_is_left_alone(project: Path) -> None:
    assert Watched(project).restarts() == 0


def test_changed_added_or_removed_file_of_the_app_reloads(project: Path) -> None:
    watched = Watched(project)
    os.utime(project / "app.py", (1, 1))
    assert watched.restarts() == 1

    watched = Watched(project)
    (project / "new.py").write_text("")
    assert watched.restarts() == 1

    watched = Watched(project)
    (project / "new.py").unlink()
    assert watched.restarts() == 1


def test_changes_beside_the_app_do_not_reload(project: Path) -> None:
    watched = Watched(project)
    (project / ".venv" / "other.py").write_text("")
    (project / "data.log").write_text("more")

    assert watched.restarts() == 0


def test_file_that_the_output_goes_to_does_not_reload(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = project / "out.txt"
    output.write_text("")
    with capfd.disabled(), output.open("a") as stream:
        before = os.dup(2)
        os.dup2(stream.fileno(), 2)
        try:
            watched = Watched(project)
            os.utime(output, (1, 1))
            assert watched.restarts() == 0
        finally:
            os.dup2(before, 2)
            os.close(before)
    os.utime(output, (2, 2))
    assert watched.restarts() == 1, "it is a file like any other now"


def test_configuration_that_cannot_be_read_does_not_end_chalice_local(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = Watched(project)
    config = project / ".chalice" / "config.json"
    config.write_text("{")
    os.utime(config, (1, 1))
    assert watched.restarts() == 0
    assert watched.restarts() == 0
    assert capsys.readouterr().err.count("config.json:1:2: this is no JSON") == 1

    config.write_text('{"app_name": "watched"}')
    assert watched.restarts() == 1
