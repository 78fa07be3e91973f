"""The emulator's end of its zygote, which environments are forked from.

They start in a third of the time and share what is loaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from emulator.runtime import fork_request
from emulator.runtime.environment_variables import PACKAGES_DIR, of_any_python
from emulator.runtime.fork_request import Descriptors
from emulator.runtime.forked_process import ForkedProcess

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from emulator.runtime.fork_request import Start

#: How long a new zygote may load, and how long it may take for an answer.
_READY_SECONDS_MAX = 10
_ANSWER_SECONDS_MAX = 10
#: What Python, its libraries and botocore read when they are loaded and never again; the names
#: begin like this.
_READ_AT_START = (
    "PYTHON",
    "LANG",
    "LC_",
    "LD_",
    "MALLOC_",
    "GLIBC_",
    "OPENSSL_",
    "BOTO_DISABLE_CRT",
)


class ZygoteProcess:
    """Started when it is first needed, and again after somebody has killed it.

    Any thread may ask for a fork; one is made at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        #: not on macOS: its libraries do not survive a fork
        self._is_possible = sys.platform == "linux"

    def fork(self, start: Start) -> ForkedProcess | None:
        """A process that runs ``start``; None if it needs a Python of its own."""
        message = fork_request.encode(start)
        if message is None or _differs_at_start(start.variables):
            return None
        with self._lock:
            try:
                return self._ask(self._started(), message) if self._is_possible else None
            except OSError:
                self._end()  # the next environment tries with a new one
                return None

    def close(self) -> None:
        """End it; processes forked from it that still run are then no longer waited for."""
        with self._lock:
            self._end()

    def _started(self) -> socket.socket:
        """Its socket; raises OSError."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._requests is None:
            self._start()
        assert self._requests is not None
        return self._requests

    def _start(self) -> None:
        """Wait until it has loaded everything; one that cannot is never tried again."""
        self._requests, theirs = fork_request.pair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "emulator.runtime.zygote", str(theirs.fileno())],
                env=of_any_python(os.environ),
                cwd=PACKAGES_DIR,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._is_possible = False
        self._requests.settimeout(_READY_SECONDS_MAX)
        if self._requests.recv(len(fork_request.READY)) != fork_request.READY:
            raise ConnectionError("the zygote did not load")
        self._is_possible = True

    def _end(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._requests = None

    def _ask(self, zygote: socket.socket, start: bytes) -> ForkedProcess | None:
        """Raises OSError: it does not answer."""
        with ExitStack() as ours, ExitStack() as theirs:
            lifeline, output = os.pipe(), os.pipe()
            channel, their_channel = fork_request.pair()
            for descriptor in lifeline[1], output[0]:
                ours.callback(os.close, descriptor)
            for descriptor in lifeline[0], output[1]:
                theirs.callback(os.close, descriptor)
            ours.enter_context(channel)
            theirs.enter_context(their_channel)
            ends = Descriptors(lifeline[0], output[1], their_channel.fileno())
            fork_request.send(zygote, start, ends)
            theirs.close()
            channel.settimeout(_ANSWER_SECONDS_MAX)
            answer = channel.recv(fork_request.ANSWER_BYTES_MAX)
            if not answer:
                raise ConnectionError("the zygote has ended")
            if answer == fork_request.REFUSED:
                return None
            channel.settimeout(0)
            process = ForkedProcess(int(answer), channel, lifeline=lifeline[1], output=output[0])
            ours.pop_all()
            return process


def _differs_at_start(variables: Mapping[str, str]) -> bool:
    """Whether a function sets what only a Python that starts with it obeys."""
    usual = of_any_python(os.environ)
    return any(
        name.startswith(_READ_AT_START) and usual.get(name) != value
        for name, value in variables.items()
    )
