"""A folder with handlers, and functions of them that run in processes of their own."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from emulator import guard
from emulator.clock import SystemClock
from emulator.invocation import FunctionSpec
from emulator.journal import Journal
from emulator.runtime.execution_environment import Host
from emulator.runtime.function import LambdaFunction
from emulator.runtime.zygote_process import ZygoteProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A test of a project whose environments are forked, and of one that starts a Python for each.
FORKED_AND_STARTED = pytest.mark.parametrize(
    "project", [True, False], ids=["forked", "started"], indirect=True
)

HANDLERS = """
import datetime, logging, os, subprocess, sys, tempfile, threading, time

count = 0
held, ticks = [], []
left = os.path.join(tempfile.gettempdir(), "left by an earlier event")

def counting(event, context):
    global count
    count += 1
    print("counted", count)
    if event.get("raise"):
        open(left, "w").close()
        raise ValueError("no")
    return {"count": count, "pid": os.getpid(), "left": os.path.exists(left)}

LAMBDAS_VARIABLES = [
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "LANG", "PATH", "TZ",
]

def about(event, context):
    return {
        "id": context.aws_request_id,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "log": [context.log_group_name, context.log_stream_name],
        "token": os.environ["AWS_SESSION_TOKEN"],
        "remaining_ms": context.get_remaining_time_in_millis(),
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "cwd": os.getcwd(),
        "path": sys.path[:2],
        "timezone": time.tzname[0],
        "argument": sys.stdin.read(),
        "missing": [name for name in LAMBDAS_VARIABLES if not os.environ.get(name)],
    }

def by_event(event, context):
    if event == "exit":
        os._exit(9)
    if event == "sys.exit":
        sys.exit()
    if event == "none":
        return None
    if event == "bytes":
        return b"as they are"
    if event == "date":
        return datetime.date.today()
    if event == "large":
        return "x" * 6_291_555
    if event == "hang":
        open(left, "w").close()
        child = subprocess.Popen(["sleep", "600"])
        print("child", child.pid)
        time.sleep(600)
        print("after the deadline")
    return counting({}, context)

def holding(event, context):
    # uses as many megabytes as it is told, and keeps them
    held.append(bytearray(event["megabytes"] * 1_048_576))
    while event.get("stays"):
        time.sleep(0.001)

def leaving(event, context):
    # leaves a thread that counts, and a child
    if not ticks:
        threading.Thread(target=tick, daemon=True).start()
        ticks.append(0)
    if event.get("child"):
        return subprocess.Popen(["sleep", "600"]).pid
    # as far as it has come between the events, then until it moves again
    before = len(ticks)
    while len(ticks) == before:
        time.sleep(0.001)
    return before

def tick():
    while True:
        time.sleep(0.001)
        ticks.append(0)

def speaking(event, context):
    logging.basicConfig(level=logging.INFO)  # does nothing: there is a handler
    logging.getLogger().warning("text %s", event)
    logging.getLogger().info("not shown")
    print("two\\nlines")
    print("no end of line", end="")
    return "\N{SNOWMAN}"

def meeting(event, context):
    # comes back when as many as were asked for are here
    open(os.path.join(event["at"], str(os.getpid())), "w").close()
    while len(os.listdir(event["at"])) < event["of"]:
        time.sleep(0.001)
    return os.getpid()
"""

SLOW_TO_LOAD = """
import pathlib, time
marker = pathlib.Path(__file__).with_name("loading")
if not marker.exists():
    marker.touch()
    time.sleep(600)

def handler(event, context):
    return "loaded again"
"""


class LeapingClock(SystemClock):
    """Is ten seconds ahead from the moment that something is there: a load that takes too long."""

    def __init__(self, marker: Path) -> None:
        super().__init__()
        self._marker = marker

    def now_ms(self) -> int:
        return super().now_ms() + 10_000 * self._marker.exists()


class Project:
    """A folder with handlers, and the functions made of them."""

    def __init__(self, folder: Path, *, forks: bool) -> None:
        self.folder = folder
        self.forks = forks
        self.zygote = ZygoteProcess()
        self.scratch = folder / "scratch"
        self.enforces_memory = True
        self.clock = SystemClock()
        self.journal = Journal(self.clock)
        self.functions: list[LambdaFunction] = []
        self.write("app", HANDLERS)

    def write(self, module: str, code: str) -> None:
        (self.folder / f"{module}.py").write_text(code)

    def function(self, handler: str, **settings: Any) -> LambdaFunction:
        spec = FunctionSpec(name="work", function_name="shop-dev-work", handler=handler, **settings)
        host = Host(
            project_dir=self.folder,
            pinned=guard.pinned("http://127.0.0.1:9", "us-east-1"),
            scratch_dir=self.scratch,
            enforces_memory=self.enforces_memory,
            zygote=self.zygote if self.forks else None,
        )
        function = LambdaFunction(spec, host, clock=self.clock, journal=self.journal)
        self.functions.append(function)
        return function

    def close(self) -> None:
        for function in self.functions:
            function.close()
        self.zygote.close()

    def log(self) -> list[str]:
        return [entry.data["text"] for entry in self.journal.entries(action="log")]


@contextlib.contextmanager
def opened(folder: Path, *, forks: bool = False) -> Iterator[Project]:
    """A project whose functions end with the block, and leave nothing behind."""
    before = descriptors(), set(threading.enumerate())
    project = Project(folder, forks=forks)
    yield project
    project.close()
    assert not psutil.Process().children(recursive=True)
    assert not list(project.scratch.glob("*"))
    # what an earlier test has left to the garbage collector may go meanwhile
    assert descriptors() <= before[0]
    assert set(threading.enumerate()) <= before[1]


def descriptors() -> int:
    return psutil.Process().num_fds()


def zygotes() -> list[psutil.Process]:
    """What environments are forked from; they have its name, but not its parent."""
    return [p for p in psutil.Process().children() if "emulator.runtime.zygote" in p.cmdline()]


def environments() -> list[psutil.Process]:
    found = zygotes()
    return [p for p in psutil.Process().children(recursive=True) if p not in found]


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits for nothing but its parent to look."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Any) -> None:
    """Look again and again, for ten seconds."""
    clock = SystemClock()
    until_ms = clock.now_ms() + 10_000
    pause = threading.Condition()
    with pause:
        while not condition():
            assert clock.now_ms() < until_ms
            clock.wait(pause, clock.now_ms() + 5)
