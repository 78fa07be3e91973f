"""The emulator's end of a process that its zygote has forked."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from emulator.runtime.fork_request import ANSWER_BYTES_MAX

if TYPE_CHECKING:
    from types import TracebackType

#: How long the zygote may take to tell that a process has ended, and to forget it.
_ANSWER_SECONDS_MAX = 5


class ForkedProcess:
    """As much of ``subprocess.Popen`` as an environment needs.

    Of a process whose zygote was killed nobody learns how it ends: it counts as killed, too.
    """

    def __init__(self, pid: int, channel: socket.socket, *, lifeline: int, output: int) -> None:
        """``channel`` does not block. Raises OSError: there is no such process."""
        self._descriptor = os.pidfd_open(pid)
        self.pid = pid
        self.stdin: IO[bytes] = os.fdopen(lifeline, "wb", buffering=0)
        self.stdout: IO[bytes] = os.fdopen(output, "rb", buffering=0)
        self._channel = channel
        self._status: int | None = None

    def __enter__(self) -> ForkedProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release everything, and the process's id with it; the process must have ended."""
        self.stdin.close()
        self.stdout.close()
        os.close(self._descriptor)
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
            while _is_readable(self._channel, _ANSWER_SECONDS_MAX):
                if not self._channel.recv(ANSWER_BYTES_MAX):
                    break
        self._channel.close()

    def poll(self) -> int | None:
        """Its exit code, or minus the signal's number; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The same, at its end; raises subprocess.TimeoutExpired after ``timeout`` seconds."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("forked process", timeout or 0)
        return status

    def _look(self, timeout_seconds: float | None) -> int | None:
        if self._status is None and (
            _is_readable(self._channel, timeout_seconds) or _is_readable(self._descriptor, 0)
        ):
            told = b""
            # an end is seen a moment before the zygote tells of it
            if _is_readable(self._channel, _ANSWER_SECONDS_MAX):
                told = self._channel.recv(ANSWER_BYTES_MAX)
            self._status = int(told) if told else -signal.SIGKILL
        return self._status

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            if self.has_id():
                os.kill(self.pid, signal.SIGKILL)

    def has_id(self) -> bool:
        """Whether its id is still its own: the zygote keeps it so, if it was not killed itself."""
        if not _is_readable(self._descriptor, 0):
            return True
        try:
            return bool(self._channel.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True


def _is_readable(file: socket.socket | int, timeout_seconds: float | None) -> bool:
    """Of a pidfd: whether its process has ended."""
    poller = select.poll()
    poller.register(file, select.POLLIN)
    return bool(poller.poll(None if timeout_seconds is None else timeout_seconds * 1000))
