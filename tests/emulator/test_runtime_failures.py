"""How functions in processes of their own fail, and what is there afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from runtime_project import (
    FORKED_AND_STARTED,
    SLOW_TO_LOAD,
    LeapingClock,
    Project,
    has_ended,
    opened,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = """
import boto3

keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
clients = [boto3.client(name, **keys) for name in ("sqs", "dynamodb", "s3")]

def handler(event, context):
    return len(clients)
"""

KEEPER = """
import signal, sys
from pathlib import Path
from emulator.clock import SystemClock
from emulator.invocation import FunctionSpec
from emulator.journal import Journal
from emulator.runtime.execution_environment import Host
from emulator.runtime.function import LambdaFunction
from emulator.runtime.zygote_process import ZygoteProcess

clock = SystemClock()
spec = FunctionSpec(name="work", function_name="work", handler="app.counting")
host = Host(
    project_dir=Path(sys.argv[1]),
    pinned={},
    scratch_dir=Path(sys.argv[1]) / "kept",
    zygote=ZygoteProcess() if sys.argv[2] == "forked" else None,
)
function = LambdaFunction(spec, host, clock=clock, journal=Journal(clock))
print(function.invoke(b"{}").value()["pid"], flush=True)
signal.pause()
"""


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    with opened(tmp_path, forks=getattr(request, "param", False)) as project:
        yield project


@FORKED_AND_STARTED
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


@FORKED_AND_STARTED
def test_timeout_ends_the_function_and_all_it_started(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""
    function = project.function("app.by_event", timeout_seconds=1)
    failed = function.invoke(b'"hang"')
    log = project.log()
    child = next(int(line.split()[1]) for line in log if line.startswith("child "))
    assert failed.error == "Sandbox.Timedout"
    assert failed.value()["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert log[-3].endswith(" Task timed out after 1.00 seconds")
    assert log[-1].endswith("\tStatus: timeout\t")
    assert "after the deadline" not in log
    wait_until(lambda: has_ended(child))
    again = function.invoke(b"1")
    assert again.value()["left"], "files outlive a timeout"
    assert again.value()["count"] == 1, "globals do not"
    assert again.usage is not None
    assert again.usage.init_ms is None, "on AWS it counts as part of the invocation"


@pytest.mark.parametrize(
    ("code", "handler", "error"),
    [
        ("import nope", "broken.handler", "Runtime.ImportModuleError"),
        ("def handler(:", "broken.handler", "Runtime.UserCodeSyntaxError"),
        ("raise LookupError('at init')", "broken.handler", "LookupError"),
        ("handler = None", "broken.other", "Runtime.HandlerNotFound"),
        ("handler = None", "broken", "Runtime.MalformedHandlerName"),
        ("import sys; sys.exit()", "broken.handler", "Runtime.ExitError"),
        ("import os; os._exit(4)", "broken.handler", "Runtime.ExitError"),
        ("import os; os.abort()", "broken.handler", "Runtime.ExitError"),
    ],
)
def test_function_that_does_not_load_fails_with_the_reason(
    project: Project, code: str, handler: str, error: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror"""
    project.write("broken", code)
    failed = project.function(handler).invoke(b"{}")
    assert failed.error == failed.value()["errorType"] == error
    if error != "Runtime.ExitError":
        assert failed.value()["requestId"] == "", "it is of no request"
        assert isinstance(failed.value()["stackTrace"], list)
    # it is tried once more in the invocation
    tried = [line for line in project.log() if line.startswith("INIT_REPORT ")]
    assert [line.split("\t")[1:] for line in tried] == [
        ["Phase: init", "Status: error", f"Error Type: {error}"]
    ]


def test_init_that_takes_too_long_runs_again_under_the_functions_timeout(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    project.write("slow", SLOW_TO_LOAD)
    project.clock = LeapingClock(project.folder / "loading")
    assert project.function("slow.handler").invoke(b"{}").value() == "loaded again"
    assert project.log()[0].startswith("INIT_REPORT Init Duration: ")
    assert project.log()[0].endswith("\tPhase: init\tStatus: timeout")
    assert "Init Duration" not in project.log()[-1]


def test_environment_that_died_while_idle_is_replaced(project: Project) -> None:
    function = project.function("app.counting")
    idle = psutil.Process(function.invoke(b"{}").value()["pid"])
    idle.kill()
    idle.wait(10)
    assert function.invoke(b"{}").value()["count"] == 1


@pytest.mark.parametrize("way", ["forked", "started"])
def test_environment_ends_when_the_emulator_is_killed(project: Project, way: str) -> None:
    """Whatever ends the emulator, no process of a function stays behind."""
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(project.folder), way],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with keeper:
        assert keeper.stdout is not None
        environment = int(keeper.stdout.readline())
        # frozen between events, it cannot notice by itself: the kernel ends it
        wait_until(lambda: psutil.Process(environment).status() == psutil.STATUS_STOPPED)
        started = psutil.Process(keeper.pid).children(recursive=True)
        assert environment in [process.pid for process in started]
        keeper.send_signal(signal.SIGKILL)
    wait_until(lambda: all(has_ended(process.pid) for process in started))


def test_init_that_is_too_slow_twice_is_a_timeout_of_the_invocation(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    project.write("slow", f"{SLOW_TO_LOAD}\ntime.sleep(600)")
    project.clock = LeapingClock(project.folder / "loading")
    failed = project.function("slow.handler", timeout_seconds=1).invoke(b"{}")
    assert failed.error == "Sandbox.Timedout"


def test_process_that_this_machine_cannot_start_fails_the_invocation(project: Project) -> None:
    """As on a full disk: the message stays in its queue, and the terminal says why."""
    project.scratch = project.folder / "app.py"
    failed = project.function("app.counting").invoke(b"{}")
    assert failed.error == "Runtime.ExitError"
    assert "cannot start here: [Errno 17] File exists" in failed.value()["errorMessage"]
    assert any("cannot start here" in line for line in project.log())


@FORKED_AND_STARTED
def test_function_that_needs_more_memory_than_it_has_is_killed(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
    function = project.function("app.holding")
    assert function.invoke(b'{"megabytes": 40}').ok
    failed = function.invoke(b'{"megabytes": 120, "stays": true}')
    assert failed.error == "Runtime.OutOfMemory"
    assert failed.value()["errorMessage"].endswith("exited with error: signal: killed")
    report = project.log()[-1]
    assert report.endswith("\tStatus: error\tError Type: Runtime.OutOfMemory\t")
    assert int(report.partition("Max Memory Used: ")[2].split()[0]) > 128
    # also if it comes back before anybody looks
    assert function.invoke(b'{"megabytes": 160}').error == "Runtime.OutOfMemory"


def test_memory_may_be_reported_only(project: Project) -> None:
    project.enforces_memory = False
    outcome = project.function("app.holding").invoke(b'{"megabytes": 160}')
    assert outcome.ok
    assert outcome.usage is not None
    assert outcome.usage.memory_used_mb > 160 > outcome.usage.memory_mb


@FORKED_AND_STARTED
def test_function_with_aws_clients_fits_into_the_least_memory(project: Project) -> None:
    """So that nothing ends here that would live on Lambda."""
    project.write("clients", CLIENTS)
    outcome = project.function("clients.handler", memory_mb=128).invoke(b"{}")
    assert outcome.ok, outcome.payload


@FORKED_AND_STARTED
def test_child_that_a_function_leaves_ends_with_its_environment(project: Project) -> None:
    function = project.function("app.leaving")
    child = function.invoke(b'{"child": true}').value()
    assert not has_ended(child)
    function.recycle()
    wait_until(lambda: has_ended(child))


def test_each_environment_has_a_folder_of_its_own_for_temporary_files(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html"""
    project.write("folder", "import tempfile\ndef handler(*_): return tempfile.gettempdir()\n")
    function = project.function("folder.handler")
    first = function.invoke(b"{}").value()
    assert function.invoke(b"{}").value() == first
    function.recycle()
    second = function.invoke(b"{}").value()
    assert (Path(first).exists(), Path(second).exists()) == (False, True)


@FORKED_AND_STARTED
def test_function_may_open_as_many_files_as_on_lambda(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    project.write(
        "files", "from resource import *\ndef handler(*_): return getrlimit(RLIMIT_NOFILE)"
    )
    assert project.function("files.handler").invoke(b"{}").value() == [1024, 1024]
