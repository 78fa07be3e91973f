"""Functions in processes of their own: AWS's runtime client, started, killed and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from emulator.clock import SystemClock
from emulator.invocation import FunctionSpec
from emulator.journal import Journal
from emulator.runtime.function import LambdaFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLERS = """
import datetime, os, subprocess, sys, tempfile, time

count = 0
scratch = os.path.join(os.path.dirname(__file__), "scratch")

def counting(event, context):
    global count
    count += 1
    print("counted", count)
    if event.get("raise"):
        raise ValueError("no")
    return {"count": count, "pid": os.getpid(), "scratch": os.path.exists(scratch)}

def about(event, context):
    return {
        "id": context.aws_request_id,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "cwd": os.getcwd(),
        "path": sys.path[:2],
        "timezone": time.tzname[0],
        "argument": sys.stdin.read(),
    }

def by_event(event, context):
    if event == "exit":
        os._exit(9)
    if event == "sys.exit":
        sys.exit()
    if event == "date":
        return datetime.date.today()
    if event == "large":
        return "x" * 6_291_555
    if event == "hang":
        open(scratch, "w").close()
        child = subprocess.Popen(["sleep", "600"])
        print("child", child.pid)
        time.sleep(600)
        print("after the deadline")
    return counting({}, context)

def meeting(event, context):
    # comes back when as many as were asked for are here
    open(os.path.join(event["at"], str(os.getpid())), "w").close()
    while len(os.listdir(event["at"])) < event["of"]:
        time.sleep(0.001)
    return os.getpid()
"""

SLOW_TO_LOAD = """
import os, time
marker = os.path.join(os.path.dirname(__file__), "loaded once")
if not os.path.exists(marker):
    open(marker, "w").close()
    time.sleep(600)

def handler(event, context):
    return "loaded again"
"""


class HurriedClock(SystemClock):
    """Ten seconds in one."""

    def __init__(self) -> None:
        super().__init__()
        self._start_ms = super().now_ms()

    def now_ms(self) -> int:
        return self._start_ms + (super().now_ms() - self._start_ms) * 10


class Project:
    """A folder with handlers, and the functions made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SystemClock()
        self.journal = Journal(self.clock)
        self.functions: list[LambdaFunction] = []
        self.write("app", HANDLERS)

    def write(self, module: str, code: str) -> None:
        (self.folder / f"{module}.py").write_text(code)

    def function(self, handler: str, **settings: Any) -> LambdaFunction:
        spec = FunctionSpec(name="work", function_name="shop-dev-work", handler=handler, **settings)
        function = LambdaFunction(
            spec,
            project_dir=self.folder,
            environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            clock=self.clock,
            journal=self.journal,
        )
        self.functions.append(function)
        return function

    def log(self) -> list[str]:
        return [entry.data["text"] for entry in self.journal.entries(action="log")]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    before = descriptors(), threading.active_count()
    project = Project(tmp_path)
    yield project
    for function in project.functions:
        function.close()
    assert not environments()
    assert (descriptors(), threading.active_count()) == before


def descriptors() -> int:
    return psutil.Process().num_fds()


def environments() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits for nothing but its parent to look."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_module_is_loaded_once_and_globals_persist(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.counting")
    assert [function.invoke(b"{}").value()["count"] for _ in range(3)] == [1, 2, 3]


def test_environment_is_kept_after_an_ordinary_exception(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    function = project.function("app.counting")
    failed = function.invoke(b'{"raise": true}')
    error = failed.value()
    assert failed.error == error["errorType"] == "ValueError"
    assert error["errorMessage"] == "no"
    assert "in counting" in error["stackTrace"][0]
    assert f"START RequestId: {error['requestId']} Version: $LATEST" in project.log()
    assert function.invoke(b"{}").value()["count"] == 2


def test_function_runs_in_its_project_as_on_lambda(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
    function = project.function("app.about", timeout_seconds=30)
    told = function.invoke(b"{}", trace_header="Root=1-2-3").value()
    assert (told["name"], told["memory"], told["trace"]) == ("shop-dev-work", "128", "Root=1-2-3")
    assert 0 < told["remaining_ms"] <= 30_000
    folder = str(project.folder)
    assert told["cwd"] == folder
    assert told["path"] == [folder, f"{folder}/vendor"]
    assert told["timezone"] == "UTC"
    assert told["argument"] == ""


def test_log_of_a_cold_and_of_a_warm_invocation(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    function = project.function("app.counting")
    function.invoke(b"{}")
    function.invoke(b"{}")
    cold, warm = project.log()[:4], project.log()[4:]
    for lines, printed in (cold, "counted 1"), (warm, "counted 2"):
        words = [line.split(maxsplit=1)[0] for line in lines]
        assert words == ["START", "counted", "END", "REPORT"]
        assert lines[1] == printed
    assert ("Init Duration" in cold[3], "Init Duration" in warm[3]) == (True, False)
    assert "Max Memory Used: 0 MB" not in cold[3]


def test_environment_has_one_log_stream(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html"""
    function = project.function("app.by_event")
    function.invoke(b"1")
    function.invoke(b'"exit"')
    function.invoke(b"1")
    streams = [entry.data["stream"] for entry in project.journal.entries(action="log")]
    assert len(set(streams)) == 2


@pytest.mark.parametrize(
    ("event", "error", "message"),
    [
        (b'"exit"', "Runtime.ExitError", "Error: Runtime exited with error: exit status 9"),
        (b'"sys.exit"', "Runtime.ExitError", "Error: Runtime exited without providing a reason"),
        (b'"large"', "Function.ResponseSizeTooLarge", "(6291556 bytes)."),
    ],
)
def test_environment_is_replaced_after_a_crash(
    project: Project, event: bytes, error: str, message: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.by_event")
    function.invoke(b"1")
    failed = function.invoke(event)
    assert failed.error == error
    assert failed.value()["errorMessage"].endswith(message)
    assert function.invoke(b"1").value()["count"] == 1


def test_result_that_is_no_json_is_a_marshal_error_of_the_runtime_client(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""
    function = project.function("app.by_event")
    failed = function.invoke(b'"date"')
    assert failed.error == "Runtime.MarshalError"
    assert function.invoke(b"1").value()["count"] == 1


def test_timeout_ends_the_function_and_all_it_started(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""
    function = project.function("app.by_event", timeout_seconds=1)
    failed = function.invoke(b'"hang"')
    log = project.log()
    child = next(int(line.split()[1]) for line in log if line.startswith("child "))
    assert failed.error == "Sandbox.Timedout"
    assert failed.value()["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert log[-3].endswith(" Task timed out after 1.00 seconds")
    assert "after the deadline" not in log
    wait_until(lambda: has_ended(child))
    assert function.invoke(b"1").value()["scratch"], "files outlive a timeout"


@pytest.mark.parametrize(
    ("code", "handler", "error"),
    [
        ("import nope", "broken.handler", "Runtime.ImportModuleError"),
        ("def handler(:", "broken.handler", "Runtime.UserCodeSyntaxError"),
        ("raise LookupError('at init')", "broken.handler", "LookupError"),
        ("handler = None", "broken.other", "Runtime.HandlerNotFound"),
        ("handler = None", "broken", "Runtime.MalformedHandlerName"),
        ("import os; os._exit(4)", "broken.handler", "Runtime.ExitError"),
    ],
)
def test_function_that_does_not_load_fails_with_the_reason(
    project: Project, code: str, handler: str, error: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror"""
    project.write("broken", code)
    failed = project.function(handler).invoke(b"{}")
    assert failed.error == failed.value()["errorType"] == error
    assert failed.value().get("requestId", "") == ""


def test_init_that_takes_too_long_runs_again_under_the_functions_timeout(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    project.write("slow", SLOW_TO_LOAD)
    project.clock = HurriedClock()
    assert project.function("slow.handler").invoke(b"{}").value() == "loaded again"
    assert project.log()[0].startswith("INIT_REPORT Init Duration: ")


def test_each_concurrent_invocation_has_an_environment_of_its_own(
    project: Project, tmp_path: Path
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    function = project.function("app.meeting")
    (tmp_path / "meeting").mkdir()
    event = f'{{"at": "{tmp_path}/meeting", "of": 3}}'.encode()
    with ThreadPoolExecutor(3) as executor:
        outcomes = list(executor.map(function.invoke, [event] * 3))
    assert len({outcome.value() for outcome in outcomes}) == 3


def test_changed_code_is_used_by_the_next_invocation(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.counting")
    function.invoke(b"{}")
    project.write("app", "def counting(event, context):\n    return 'new code'\n")
    function.recycle()
    assert not environments()
    assert function.invoke(b"{}").value() == "new code"


def test_invocation_in_progress_ends_on_the_old_code(project: Project, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.meeting")
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(function.invoke, f'{{"at": "{meeting}", "of": 2}}'.encode())
        wait_until(lambda: any(meeting.iterdir()))
        function.recycle()
        assert not running.done()
        (meeting / "second").touch()
        assert running.result(10).value() > 0
    assert not environments()


def test_retired_function_keeps_no_environment(project: Project) -> None:
    function = project.function("app.counting")
    function.retire()
    assert function.invoke(b"{}").ok
    assert not environments()


def test_environment_that_died_while_idle_is_replaced(project: Project) -> None:
    function = project.function("app.counting")
    idle = psutil.Process(function.invoke(b"{}").value()["pid"])
    idle.kill()
    idle.wait(10)
    assert function.invoke(b"{}").value()["count"] == 1


def test_closing_ends_a_running_invocation(project: Project, tmp_path: Path) -> None:
    function = project.function("app.meeting")
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(function.invoke, f'{{"at": "{meeting}", "of": 2}}'.encode())
        wait_until(lambda: any(meeting.iterdir()))
        function.close()
        assert running.result(10).error == "Runtime.ExitError"


def test_closed_function_takes_and_starts_nothing(project: Project) -> None:
    function = project.function("app.counting")
    function.close()
    assert not function.try_acquire()
    assert function.invoke(b"{}").error == "Runtime.ExitError"
    assert not environments()


def test_environment_ends_when_the_emulator_is_killed(project: Project) -> None:
    """Whatever ends the emulator, no process of a function stays behind."""
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(project.folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with keeper:
        assert keeper.stdout is not None
        environment = int(keeper.stdout.readline())
        keeper.send_signal(signal.SIGKILL)
    wait_until(lambda: has_ended(environment))


KEEPER = """
import signal, sys
from pathlib import Path
from emulator.clock import SystemClock
from emulator.invocation import FunctionSpec
from emulator.journal import Journal
from emulator.runtime.function import LambdaFunction

clock = SystemClock()
spec = FunctionSpec(name="work", function_name="work", handler="app.counting")
function = LambdaFunction(
    spec, project_dir=Path(sys.argv[1]), environment={}, clock=clock, journal=Journal(clock)
)
print(function.invoke(b"{}").value()["pid"], flush=True)
signal.pause()
"""


def wait_until(condition: Any) -> None:
    """Look again and again, for ten seconds."""
    clock = SystemClock()
    until_ms = clock.now_ms() + 10_000
    pause = threading.Condition()
    with pause:
        while not condition():
            assert clock.now_ms() < until_ms
            clock.wait(pause, clock.now_ms() + 5)
