"""The program of a process that has loaded what most functions load, and forks environments.

Started as ``python -m emulator.runtime.zygote <descriptor of a socket>``. It never runs a
function's code, has one thread, makes no client and opens no connection: a child finds nothing but
loaded modules and botocore's data. It ends when the other end of its socket does. Linux only.
"""

from __future__ import annotations

import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.runtime import botocore_data, fork_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.runtime.fork_request import Descriptors, Start

_BOOTSTRAP = "emulator.runtime.bootstrap"
#: AWS's native module connects for all time to the Runtime API that it finds when it is loaded.
_LOADED_BY_THE_CHILD = "runtime_client"
#: Their variables are read when they are loaded.
_LOADED_AGAIN = ("awslambdaric.lambda_runtime_client", "awslambdaric.bootstrap")


class Zygote:
    """Forks on request. Keeps each child's id taken after its end, until it is released."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ)
        #: of every child that is not released, by its pidfd
        self._channels: dict[int, socket.socket] = {}
        self._loaded = {name: _file(module) for name, module in sys.modules.items()}

    def serve(self) -> tuple[Start, Descriptors] | None:
        """Returns in every child, with what it is to become; None once the emulator has ended."""
        self._requests.send(fork_request.READY)
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    key.data()
                    continue
                request = fork_request.receive(self._requests)
                if request is None or self._forked(*request):
                    return request

    def _forked(self, start: Start, descriptors: Descriptors) -> bool:
        """Answer one request; whether this is the child."""
        channel = socket.socket(fileno=descriptors.channel)
        pid = self._fork(start)
        if pid == 0:
            channel.close()
            self._close()
            return True
        os.close(descriptors.lifeline)
        os.close(descriptors.output)
        with suppress(OSError):  # the emulator has given up
            channel.send(fork_request.REFUSED if pid is None else str(pid).encode())
        if pid is None:
            channel.close()
        else:
            self._watch(pid, channel)
        return False

    def _fork(self, start: Start) -> int | None:
        """The child's id, 0 in the child; None if there can be no child."""
        try:
            if _shadows(self._loaded, Path(start.directory).resolve()):
                return None
            pid = os.fork()
        except OSError:  # too many processes, too little memory, no such folder
            return None
        if pid:
            with suppress(OSError):
                os.setpgid(pid, pid)  # as the child does, whoever is first
        return pid

    def _watch(self, pid: int, channel: socket.socket) -> None:
        descriptor = os.pidfd_open(pid)
        self._channels[descriptor] = channel
        tell, release = partial(self._tell, descriptor), partial(self._release, descriptor, pid)
        self._selector.register(descriptor, selectors.EVENT_READ, tell)
        self._selector.register(channel, selectors.EVENT_READ, release)

    def _tell(self, descriptor: int) -> None:
        """The child has ended. It is not reaped: the emulator may be about to signal its group."""
        ended = os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if ended is None:
            return
        self._selector.unregister(descriptor)
        status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        with suppress(OSError):
            self._channels[descriptor].send(str(status).encode())

    def _release(self, descriptor: int, pid: int) -> None:
        """The emulator has closed its end."""
        channel = self._channels.pop(descriptor)
        self._selector.unregister(channel)
        with suppress(KeyError):
            self._selector.unregister(descriptor)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(descriptor)
        channel.close()

    def _close(self) -> None:
        """Drop in a child what is its parent's."""
        self._selector.close()
        self._requests.close()
        for descriptor, channel in self._channels.items():
            os.close(descriptor)
            channel.close()


def _file(module: Any) -> str:
    return os.path.realpath(getattr(module, "__file__", None) or os.devnull)


def _shadows(loaded: dict[str, str], task_root: Path) -> bool:
    """Whether the function brings another module of a name that is loaded: a boto3 of its own."""
    return any(
        name in loaded and not loaded[name].startswith(f"{folder}{os.sep}")
        for folder in (task_root, task_root / "vendor")
        for name in _modules_in(folder)
    )


def _modules_in(folder: Path) -> Iterator[str]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix in (".py", ".pyc", ".so") or (path / "__init__.py").exists():
            yield path.name.partition(".")[0]


def _become(start: Start, descriptors: Descriptors) -> None:
    """Make this child what ``python -m emulator.runtime.bootstrap`` is in a process of its own.

    ``random`` has seeded itself anew, as it does after every fork.
    """
    for target, source in enumerate((descriptors.lifeline, *[descriptors.output] * 2)):
        os.dup2(source, target)
    os.close(descriptors.lifeline)
    os.close(descriptors.output)
    os.environ.clear()
    os.environ.update(start.variables)
    time.tzset()
    os.chdir(start.directory)
    sys.path[0] = str(Path.cwd())
    importlib.invalidate_caches()
    for name in _LOADED_AGAIN:
        importlib.reload(sys.modules[name])
    sys.argv = [str(sys.modules[_BOOTSTRAP].__file__), start.handler]


def _load() -> None:
    sys.modules[_LOADED_BY_THE_CHILD] = None  # type: ignore[assignment]
    for name in ("boto3", _BOOTSTRAP):
        importlib.import_module(name)
    del sys.modules[_LOADED_BY_THE_CHILD]
    botocore_data.share()


def main() -> None:
    os.setpgid(0, 0)
    _load()
    zygote = Zygote(socket.socket(fileno=int(sys.argv[1])))
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        sys.exit("functions are not forked: something that this Python loads has started a thread")
    gc.collect()
    gc.freeze()
    request = zygote.serve()
    if request is not None:
        _become(*request)
        sys.modules[_BOOTSTRAP].main()


if __name__ == "__main__":
    main()
