"""What makes chalice local reload, and what does not."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

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
    for name in ("app.py", "chalicelib/work.py", ".venv/lib.py", "data.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def restarts(project: Path, before: dict[str, float]) -> int:
    count: list[int] = []
    watcher = SimpleNamespace(_mtime_cache=before)
    reload_filter._poll(watcher, str(project), lambda: count.append(1))
    return len(count)


def all_files(project: Path) -> dict[str, float]:
    """What Chalice's watcher has noted at its start: everything."""
    return {str(p): p.stat().st_mtime for p in project.rglob("*") if p.is_file()}


def test_unchanged_app_is_left_alone(project: Path) -> None:
    assert restarts(project, all_files(project)) == 0


def test_changed_added_or_removed_file_of_the_app_reloads(project: Path) -> None:
    before = all_files(project)
    os.utime(project / "app.py", (1, 1))
    assert restarts(project, before) == 1

    before = all_files(project)
    (project / "new.py").write_text("")
    assert restarts(project, before) == 1

    before = all_files(project)
    (project / "new.py").unlink()
    assert restarts(project, before) == 1


def test_changes_beside_the_app_do_not_reload(project: Path) -> None:
    before = all_files(project)
    (project / ".venv" / "other.py").write_text("")
    (project / "data.log").write_text("more")

    assert restarts(project, before) == 0
