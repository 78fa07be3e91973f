"""One process that runs a function's code, and the conversation with it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from emulator.runtime.fork_request import Start
from emulator.runtime.forked_process import ForkedProcess
from emulator.runtime.memory import Memory
from emulator.runtime.output import Output
from emulator.runtime.runtime_api import Request, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from emulator.clock import Clock
    from emulator.runtime.zygote_process import ZygoteProcess

#: How often a waiting thread looks whether the process still runs, and what memory it uses. Its
#: closed sockets tell its end at once, unless children it forked hold them open.
_LOOK_SECONDS = 0.1
#: The same once its output has ended, which is moments before it can be reaped.
_LOOK_AT_ENDING_SECONDS = 0.01


class ProcessExitedError(Exception):
    """The process ended while it was waited for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"exit status {status}")
        #: exit code, or minus the signal's number
        self.status = status


class DeadlinePassedError(Exception):
    """The process did not come back in time."""


class RuntimeProcess:
    """The leader of a process group of its own, started at once.

    It has no thread here: the thread that waits for it reads its output and its requests. One
    thread at a time may use it; ``signal_group`` may be called from any.
    """

    def __init__(
        self,
        handler: str,
        environment: Mapping[str, str],
        *,
        project_dir: Path,
        memory_limit_mb: int | None,
        clock: Clock,
        log: Callable[[str], object],
        zygote: ZygoteProcess | None = None,
    ) -> None:
        self._clock = clock
        self._process: subprocess.Popen[bytes] | ForkedProcess
        self._selector = selectors.DefaultSelector()
        self._api = RuntimeApi(self._selector)
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        try:
            start = Start(handler, variables, str(project_dir))
            self._process = (zygote and zygote.fork(start)) or _start(start)
        except OSError:
            self._api.close()
            self._selector.close()
            raise
        self.memory = Memory(self._process.pid, memory_limit_mb)
        self._output = Output(_descriptor(self._process.stdout), log)
        self._selector.register(self._output.descriptor, selectors.EVENT_READ, self._read_output)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait(self, until_ms: int) -> Request:
        """The next thing the process asks or tells; its output up to then has been logged.

        Raises ProcessExitedError, DeadlinePassedError or OutOfMemoryError.
        """
        while not self._api.requests:
            left_seconds = (until_ms - self._clock.now_ms()) / 1000
            look_seconds = _LOOK_AT_ENDING_SECONDS if self._output.ended else _LOOK_SECONDS
            self._turn(max(0, min(left_seconds, look_seconds)))
            if not self._api.requests:
                self._check(until_ms)
        # The client flushes what the function printed before it sends the answer.
        self._output.read()
        self._output.end_line()
        self.memory.sample()
        return self._api.requests.popleft()

    def _turn(self, timeout_seconds: float) -> None:
        for key, _ in self._selector.select(timeout_seconds):
            key.data()

    def _check(self, until_ms: int) -> None:
        status = self._process.poll()
        if status is not None:
            raise ProcessExitedError(status)
        if self._clock.now_ms() >= until_ms:
            raise DeadlinePassedError
        self.memory.sample()

    def _read_output(self) -> None:
        self._output.read()
        if self._output.ended:
            self._selector.unregister(self._output.descriptor)

    def freeze(self) -> None:
        """Stop the process and all it started where they are, until ``thaw``."""
        self.signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let everything that was frozen go on."""
        self.signal_group(signal.SIGCONT)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and to everything it started."""
        if isinstance(self._process, ForkedProcess) and not self._process.has_id():
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def end(self, grace_seconds: float = 0) -> None:
        """Kill the group, ``grace_seconds`` from now if need be; log the rest, free everything."""
        with self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_seconds)
            self.signal_group(signal.SIGKILL)
            # it has no group of its own in its very first moment
            self._process.kill()
            self._process.wait()
            self._output.read()
        self._api.close()
        self._selector.close()


def _start(start: Start) -> subprocess.Popen[bytes]:
    """The bootstrap, which makes itself the leader of a group in the emulator's session.

    Not of a session of its own: of one whose parent has died, a kernel ends what is frozen only if
    both were of one session.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "emulator.runtime.bootstrap", start.handler],
        env=start.variables,
        cwd=start.directory,
        stdin=subprocess.PIPE,  # the lifeline: never written to, closed when this process ends
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )


def _descriptor(stream: IO[bytes] | None) -> int:
    assert stream is not None
    return stream.fileno()
