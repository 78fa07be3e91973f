"""The command itself, on this project and on folders that are none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from checked_shop import Shop

ROOT = Path(__file__).parents[2]


def command(folder: Path, *arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "emulator", "check", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_finds_nothing_in_the_stage_that_is_deployed() -> None:
    """And in the one for developers only that its secrets are published."""
    done = command(ROOT, "--stage=prod")
    assert (done.returncode, done.stderr) == (0, "")
    done = command(ROOT, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert {finding["rule"] for finding in found} == {"plain-secret"}
    members = ["severity", "rule", "file", "line", "setting", "text", "write", "page"]
    assert list(found[0]) == members
    assert all(finding["line"] and finding["page"].startswith("https://") for finding in found)


def test_the_command_leaves_out_what_it_is_told_to() -> None:
    done = command(ROOT, "--ignore=plain-secret")
    assert (done.returncode, done.stdout) == (0, "nothing to change in stage dev\n")
    assert "Invalid value for '--ignore'" in command(ROOT, "--ignore=nothing").stderr


def test_the_command_says_what_it_cannot_check(tmp_path: Path) -> None:
    """In one line: no project, no such stage, an app that fails with its place."""
    said = [command(tmp_path), command(ROOT, "--stage=staging")]
    Shop().write(tmp_path)
    (tmp_path / "app.py").write_text("\n1 / 0")
    said.append(command(tmp_path))
    parts = ["no .chalice/config.json", "no stage", "app.py:2: ZeroDivisionError: division by"]
    for done, part in zip(said, parts, strict=True):
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert part in line
