"""Where a project's emulator process is written down, so that a reload finds it again.

A folder of the user's own under the temporary directory, named after the project's path: never
inside the project, where writing would make Chalice reload. ``running`` is locked for as long as
the emulator lives, so a stale file is known by its lock, whatever process has the number now.

The directory is TMPDIR as it is: ``tempfile`` answers with another one while the disk is full, and
a reload would find no emulator there, and start a second one with empty queues.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import select
import shutil
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


#: How often a process is looked at whose end is waited for.
LOOK_SECONDS = 0.1


class StateFolderError(OSError):
    """The folder for the emulator's state cannot be used; the message says why."""


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """One emulator process, as another process finds it."""

    pid: int
    endpoint: str
    #: proves to the control paths that the caller may read this file
    token: str
    project: str
    #: the ``chalice local`` whose end ends the emulator
    owner_pid: int


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended but was not reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_end(pid: int) -> None:
    """Return when the process has ended, reaped or not. Costs nothing where there are pidfds."""
    if not hasattr(os, "pidfd_open"):
        _look_for_end(pid)
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        ended.poll()
    finally:
        os.close(descriptor)


def _look_for_end(pid: int) -> None:
    """The same for other systems. psutil's own wait takes an unreaped process for alive."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        pause = threading.Event()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            pause.wait(LOOK_SECONDS)


class StateFolder:
    """The state of one project's emulator on this machine."""

    def __init__(self, project: Path, root: Path | None = None) -> None:
        """Raises StateFolderError if the folder cannot be made, or is another user's."""
        base = (root or Path(os.environ.get("TMPDIR") or "/tmp")) / f"emulator-{os.getuid()}"
        name = hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:16]
        self.path = base / name
        for folder in (base, self.path):
            _make_private(folder)

    def lock(self) -> Lock:
        """To be entered, which raises StateFolderError if nothing can be written."""
        return Lock(self.path / "running")

    def read(self) -> Running | None:
        """What was last written, None if nothing readable is there. The process may be gone."""
        try:
            return msgspec.json.decode((self.path / "state.json").read_bytes(), type=Running)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, running: Running) -> None:
        """Replace the file in one step, so that nobody ever reads half of it.

        Raises StateFolderError if nothing can be written.
        """
        fresh = self.path / f"state.json.{os.getpid()}"
        with _writing(fresh):
            fresh.touch(mode=0o600)
            fresh.write_bytes(msgspec.json.encode(running))
            fresh.replace(self.path / "state.json")

    def make_empty(self, name: str) -> Path:
        """A folder in it, without what an emulator that was killed has left there.

        Raises StateFolderError if nothing can be written.
        """
        path = self.path / name
        shutil.rmtree(path, ignore_errors=True)
        with _writing(path):
            path.mkdir()
        return path

    def find(self) -> Running | None:
        """The emulator that runs now, None if none does."""
        with self.lock() as lock:
            return None if lock.held else self.read()


class Lock:
    """A file lock: ``held`` says whether this process got it. The fd may be handed to a child."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.held = False
        self.fd = -1

    def __enter__(self) -> Lock:
        with _writing(self._path):
            self.fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.held = False
        else:
            self.held = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # closing gives the lock back, unless a child has inherited it
        os.close(self.fd)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateFolderError(
            f"cannot make {path}: {error.strerror}. Set TMPDIR to a folder you may write to, with "
            "room on its disk."
        ) from None


def _make_private(folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise StateFolderError(
            f"{folder} belongs to somebody else, or others may read it. Remove it, or set TMPDIR."
        )
