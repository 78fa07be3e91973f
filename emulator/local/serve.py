"""The emulator's own process: kept over the reloads of one ``chalice local``, gone with it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from emulator import guard, settings, terminal
from emulator.clock import SystemClock
from emulator.cloud.endpoint import Endpoint
from emulator.emulator import Emulator
from emulator.local.control import Control
from emulator.local.running import Running, StateFolder, wait_for_end
from emulator.local.worker_functions import WorkerFunction, WorkerQueue
from emulator.runtime.execution_environment import Host
from emulator.runtime.function import LambdaFunction
from emulator.runtime.zygote_process import ZygoteProcess

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec, Runner

#: set by the process that starts this one: see ``start.Start``
START_VARIABLE = "EMULATOR_START"
#: How long a thread may compute before another one gets its turn. Python's 5 ms would be added to
#: nearly every answer: a thread that has just written to a socket waits for its turn again.
SWITCH_SECONDS = 0.0005


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What the starting process hands over."""

    running: Running
    #: inherited: the listening socket of the endpoint, and the held lock
    listener_fd: int
    lock_fd: int
    region: str


def main() -> None:
    """Serve until ``chalice local`` ends, or SIGTERM."""
    start = msgspec.json.decode(os.environ.pop(START_VARIABLE), type=Start)
    # the process that started this one may have been ended by a reload before it could say so
    running = msgspec.structs.replace(start.running, pid=os.getpid())
    folder = StateFolder(Path(running.project))
    folder.write(running)
    guard.pin_environment(os.environ, running.endpoint, start.region)
    guard.forbid("aws")
    sys.dont_write_bytecode = True
    sys.setswitchinterval(SWITCH_SECONDS)
    chosen = settings.read(os.environ)
    clock = SystemClock()
    zygote = ZygoteProcess() if chosen.fork == "on" else None
    host = Host(
        project_dir=Path(running.project),
        pinned=guard.pinned(running.endpoint, start.region),
        scratch_dir=folder.make_empty("tmp"),
        enforces_memory=chosen.memory == "enforced",
        zygote=zygote,
    )
    calls = WorkerQueue(clock)

    def make_function(spec: FunctionSpec) -> Runner:
        # other code than the worker's cannot run there: a version published, or uploaded
        if chosen.runner == "thread" and spec.task_root is None:
            return WorkerFunction(spec, calls)
        return LambdaFunction(spec, host, clock=clock, journal=emulator.journal)

    emulator = Emulator(
        clock,
        make_function=make_function,
        region=start.region,
        packages_dir=folder.path / "functions",
        endpoint=running.endpoint,
    )
    printer = terminal.Printer(sys.stdout, with_platform_lines=chosen.logs == "full")
    emulator.journal.listen(printer)
    about = {"pid": os.getpid(), "endpoint": running.endpoint, "owner_pid": running.owner_pid}
    endpoint = Endpoint(
        emulator.cloud,
        listener=socket.socket(fileno=start.listener_fd),
        control=Control(emulator, about, calls),
        token=running.token,
        journal=emulator.journal,
        apis=emulator.apis,
    )
    emulator.scheduler.start()
    endpoint.start()
    # what is loaded stays: the garbage collector need not look through moto again and again
    gc.freeze()
    _wait_for_the_end(running.owner_pid)
    # functions first: what still runs would only fail on an endpoint that is gone, and say so
    printer.close()
    emulator.close()
    if zygote is not None:
        zygote.close()
    endpoint.stop()


def _wait_for_the_end(owner_pid: int) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_process, args=(owner_pid, ended), daemon=True).start()
    ended.wait()


def _wait_for_process(pid: int, ended: threading.Event) -> None:
    wait_for_end(pid)
    ended.set()
