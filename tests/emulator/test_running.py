"""The emulator process of a project, as another process finds it."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest

from emulator.local.running import Running, StateFolder, StateFolderError

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = Running(pid=1, endpoint="http://127.0.0.1:1", token="t", project="/p", owner_pid=2)


def test_emulator_is_found_only_while_its_lock_is_held(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "project", root=tmp_path)
    folder.write(RUNNING)

    assert folder.find() is None
    with folder.lock() as lock:
        assert lock.held
        assert folder.find() == RUNNING
    assert folder.find() is None


def test_two_projects_have_two_folders(tmp_path: Path) -> None:
    one, two = (StateFolder(tmp_path / name, root=tmp_path) for name in ("one", "two"))

    assert one.path != two.path


def test_token_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "project", root=tmp_path)
    folder.write(RUNNING)

    assert stat.S_IMODE((folder.path / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_torn_file_reads_as_nothing(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "project", root=tmp_path)
    (folder.path / "state.json").write_bytes(b'{"pid": 1')

    assert folder.read() is None


def test_folder_that_others_may_read_is_refused(tmp_path: Path) -> None:
    StateFolder(tmp_path / "project", root=tmp_path).path.chmod(0o755)

    with pytest.raises(StateFolderError, match="TMPDIR"):
        StateFolder(tmp_path / "project", root=tmp_path)


def test_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFolderError, match="TMPDIR"):
        StateFolder(tmp_path / "project", root=tmp_path / "file")


def test_folder_stays_the_same_when_nothing_can_be_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one would hide the running emulator from a reload while the disk is full."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file"))

    with pytest.raises(StateFolderError, match=re.escape(str(tmp_path / "file"))):
        StateFolder(tmp_path / "project")


def test_file_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "project", root=tmp_path)
    for name in ("running", "state.json"):
        (folder.path / name).mkdir()

    with pytest.raises(StateFolderError, match="TMPDIR"):
        folder.write(RUNNING)
    with pytest.raises(StateFolderError, match="TMPDIR"), folder.lock():
        pass
