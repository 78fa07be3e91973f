"""Functions run by the process that has imported the app: who asks, who waits, who has gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from emulator.clock import SystemClock
from emulator.invocation import FunctionSpec, Outcome
from emulator.local import worker_functions
from emulator.local.worker_functions import Call, WorkerFunction, WorkerQueue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = """
import os, threading, time

def about(event, context):
    time.sleep(0.001)
    return {
        "event": event, "thread": threading.current_thread().name, "pid": os.getpid(),
        "left_ms": context.get_remaining_time_in_millis(), "name": context.function_name,
        "colour": os.environ["COLOUR"], "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "trace": os.environ["_X_AMZN_TRACE_ID"],
    }

def leaving(event, context):
    raise SystemExit(3)
"""


def spec(name: str) -> FunctionSpec:
    environment = {"COLOUR": "blue", "AWS_ENDPOINT_URL": "https://sqs.us-east-1.amazonaws.com"}
    return FunctionSpec(
        name=name, function_name=f"shop-dev-{name}", handler=f"worker_app.{name}",
        timeout_seconds=7, environment=environment,
    )  # fmt: skip


def call(name: str = "about") -> Call:
    return Call(request_id="r", spec=spec(name), payload=b'"hello"', trace_header="Root=1-2-3")


@pytest.fixture
def _app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "worker_app.py").write_text(APP)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    yield
    sys.modules.pop("worker_app", None)


@pytest.fixture
def calls() -> Iterator[WorkerQueue]:
    calls = WorkerQueue(SystemClock())
    yield calls
    calls.close()


def invoked(executor: ThreadPoolExecutor, calls: WorkerQueue) -> Future[Outcome]:
    return executor.submit(WorkerFunction(spec("about"), calls).invoke, b"1", request_id="r")


@pytest.mark.usefixtures("_app")
def test_function_runs_in_this_process_and_time_stands_still() -> None:
    """Nobody counts at a break point; its variables are its own for as long as it runs."""
    told = worker_functions.run(call()).value()
    assert (told["event"], told["pid"]) == ("hello", os.getpid())
    assert (told["left_ms"], told["name"]) == (7_000, "shop-dev-about")
    assert (told["colour"], told["endpoint"]) == ("blue", "http://127.0.0.1:9")
    assert told["trace"].startswith("Root=1-2-3;Lineage=")
    assert "COLOUR" not in os.environ


@pytest.mark.parametrize(
    ("name", "error"), [("leaving", "Runtime.ExitError"), ("nobody", "AttributeError")]
)
@pytest.mark.usefixtures("_app")
def test_worker_outlives_what_a_function_does(name: str, error: str) -> None:
    assert worker_functions.run(call(name)).error == error


def test_outcome_of_the_worker_is_the_invocations(calls: WorkerQueue) -> None:
    with ThreadPoolExecutor(1) as executor:
        waiting = invoked(executor, calls)
        taken = calls.take(os.getpid())
        assert taken is not None
        assert (taken.payload, taken.spec.name) == (b"1", "about")
        calls.settle("somebody else's", Outcome(payload=b"0"))
        calls.settle("r", Outcome(payload=b"2"))
        assert waiting.result(10).value() == 2


def test_invocation_ends_with_the_worker_that_ran_it(calls: WorkerQueue) -> None:
    """A reload in the middle of a break point: the message comes back, as after a crash."""
    command = [sys.executable, "-c", "input()"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE) as worker,
        ThreadPoolExecutor(1) as executor,
    ):
        waiting = invoked(executor, calls)
        assert calls.take(worker.pid) is not None
        worker.kill()
        assert waiting.result(10).error == "Runtime.ExitError"


def test_worker_that_has_gone_takes_nothing(calls: WorkerQueue) -> None:
    """Its question may still be open when the next invocation comes."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait(10)
    with ThreadPoolExecutor(1) as executor:
        waiting = invoked(executor, calls)
        assert calls.take(gone.pid) is None
        assert calls.take(os.getpid()) is not None
        calls.settle("r", Outcome(payload=b"2"))
        assert waiting.result(10).ok


def test_closing_lets_everybody_go(calls: WorkerQueue) -> None:
    with ThreadPoolExecutor(2) as executor:
        asking = executor.submit(calls.take, os.getpid())
        calls.close()
        assert asking.result(10) is None
        assert invoked(executor, calls).result(10).error == "Runtime.ExitError"


class GoneEmulator:
    """Hands out one call; then it is gone."""

    def __init__(self) -> None:
        self.settled: list[Outcome] = []
        self.has_ended = threading.Event()

    def next_call(self) -> Call | None:
        if not self.settled:
            return call()
        self.has_ended.set()
        raise ConnectionError

    def settle(self, request_id: str, outcome: Outcome) -> None:
        self.settled.append(outcome)


@pytest.mark.usefixtures("_app")
def test_worker_runs_what_it_is_given_until_the_emulator_is_gone() -> None:
    emulator = GoneEmulator()
    worker_functions.start(emulator)
    assert emulator.has_ended.wait(10)
    told: Any = emulator.settled[0].value()
    assert told["thread"] == "functions"
