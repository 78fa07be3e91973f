"""Execution environments: what a warm invocation adds, what sixteen hold, what idling takes."""

from __future__ import annotations

import contextlib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from benchmarks import stacks
from benchmarks.job_client import JobClient
from benchmarks.measurement import Figure, Plan, Result, interleaved
from benchmarks.processes import BIN, clean_environment, output_of
from emulator import guard
from emulator.clock import SystemClock
from emulator.invocation import FunctionSpec
from emulator.journal import Journal
from emulator.runtime.execution_environment import Host
from emulator.runtime.function import LambdaFunction
from emulator.runtime.in_place import InPlaceFunction
from emulator.runtime.zygote_process import ZygoteProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.invocation import Function

_ENVIRONMENTS = 16
_WARM_MS_MAX = 1
_MEMORY_MB_MAX = 400
_IDLE_PERCENT_MAX = 1
_EVENT = b'{"Records": []}'
#: How long every environment is busy, so that each invocation gets one of its own.
_BUSY = b'{"seconds": 1}'

_HANDLERS = {
    "plain": "",
    "clients": "import boto3\nclients = [boto3.client(name) for name in ('sqs', 'dynamodb')]\n",
}
_HANDLER = """
import time

def handler(event, context):
    time.sleep(event.get("seconds", 0))
"""


def measure(plan: Plan) -> Result:
    samples: dict[str, list[float]] = interleaved(
        plan,
        {
            "process_ms": lambda: _in_a_process(plan),
            "in_place_ms": lambda: _in_place(plan),
            "cold_ms": lambda: _cold_ms(plan, forks=True),
            "cold_unforked_ms": lambda: _cold_ms(plan, forks=False),
            "plain_mb": lambda: _memory_mb(plan, "plain"),
            "clients_mb": lambda: _memory_mb(plan, "clients"),
            "clients_unforked_mb": lambda: _memory_mb(plan, "clients", forks=False),
            "idle_percent": lambda: _idle_percent(plan),
        },
    )
    median = {name: statistics.median(values) for name, values in samples.items()}
    added_ms = median["process_ms"] - median["in_place_ms"]
    return Result(
        figures=[
            Figure(
                what="warm invocation, p50 (stock: a call in place)", unit="ms",
                ours=median["process_ms"], stock=median["in_place_ms"],
                target=f"<= stock + {_WARM_MS_MAX} ms", is_met=added_ms <= _WARM_MS_MAX,
            ),
            Figure(
                what="cold start with SQS and DynamoDB clients, p50 (stock: EMULATOR_FORK=off)",
                unit="ms", ours=median["cold_ms"], stock=median["cold_unforked_ms"],
                target="< stock", is_met=median["cold_ms"] < median["cold_unforked_ms"],
            ),
            _at_most(f"{_ENVIRONMENTS} environments, memory", "MB", median["plain_mb"],
                     most=_MEMORY_MB_MAX),
            _at_most(f"{_ENVIRONMENTS} environments with SQS and DynamoDB clients, memory "
                     "(stock: EMULATOR_FORK=off)", "MB", median["clients_mb"],
                     most=_MEMORY_MB_MAX, stock=median["clients_unforked_mb"]),
            _at_most("idle emulator with a warm function", "% of a core", median["idle_percent"],
                     most=_IDLE_PERCENT_MAX),
        ],
        samples=samples,
    )  # fmt: skip


def _at_most(
    what: str, unit: str, ours: float, *, most: float, stock: float | None = None
) -> Figure:
    return Figure(
        what=what, unit=unit, ours=ours, stock=stock, target=f"<= {most} {unit}",
        is_met=ours <= most,
    )  # fmt: skip


@contextlib.contextmanager
def _function(plan: Plan, kind: str, *, forks: bool = True) -> Iterator[LambdaFunction]:
    folder = plan.folder / "handlers"
    folder.mkdir(exist_ok=True)
    (folder / f"{kind}.py").write_text(_HANDLERS[kind] + _HANDLER)
    clock, zygote = SystemClock(), ZygoteProcess()
    host = Host(
        project_dir=folder,
        pinned=guard.pinned("http://127.0.0.1:9", "us-east-1"),
        scratch_dir=plan.folder / "scratch",
        zygote=zygote if forks else None,
    )
    function = LambdaFunction(_spec(kind), host, clock=clock, journal=Journal(clock))
    try:
        yield function
    finally:
        function.close()
        zygote.close()


def _spec(kind: str) -> FunctionSpec:
    return FunctionSpec(name=kind, function_name=kind, handler=f"{kind}.handler")


def _in_a_process(plan: Plan) -> float:
    with _function(plan, "plain") as function:
        return _median_ms(function, plan)


def _in_place(plan: Plan) -> float:
    def handler(event: Any, context: Any) -> None:
        time.sleep(event.get("seconds", 0))

    return _median_ms(InPlaceFunction(_spec("plain"), handler, SystemClock()), plan)


def _median_ms(function: Function, plan: Plan) -> float:
    function.invoke(_EVENT)
    return round(
        statistics.median(_seconds(function) for _ in range(plan.size(2_000, 100))) * 1e3, 4
    )


def _seconds(function: Function) -> float:
    started = time.perf_counter()
    function.invoke(_EVENT)
    return time.perf_counter() - started


def _cold_ms(plan: Plan, *, forks: bool) -> float:
    """Of environments that are not the emulator's first."""
    with _function(plan, "clients", forks=forks) as function:
        function.invoke(_EVENT)
        seconds = []
        for _ in range(plan.size(20, 5)):
            function.recycle()
            seconds.append(_seconds(function))
        return round(statistics.median(seconds) * 1e3, 1)


def _memory_mb(plan: Plan, kind: str, *, forks: bool = True) -> float:
    """Of all environments together; what they share is counted once."""
    with _function(plan, kind, forks=forks) as function:
        with ThreadPoolExecutor(_ENVIRONMENTS) as pool:
            list(pool.map(function.invoke, [_BUSY] * _ENVIRONMENTS))
        children = psutil.Process().children(recursive=True)
        return round(sum(map(_proportional_bytes, children)) / 1_048_576, 1)


def _proportional_bytes(process: psutil.Process) -> int:
    seen = process.memory_full_info()
    # macOS tells only what is a process's own
    return int(getattr(seen, "pss", seen.uss))


def _idle_percent(plan: Plan) -> float:
    """Of ``chalice local``'s emulator and environments, once a job is done and nothing waits."""
    with stacks.ours(plan) as stack:
        with contextlib.closing(JobClient(stack.port)) as client:
            client.wait_for_success(client.submit())
        status = output_of(
            [str(BIN / "python"), "-m", "emulator", "status", "--json"],
            folder=stacks.ours_copy(plan),
            environment=clean_environment(plan.folder / "tmp"),
            seconds_max=20,
        )
        emulator = psutil.Process(msgspec.json.decode(status)["pid"])
        family = [emulator, *emulator.children(recursive=True)]
        before, seconds = _cpu_seconds(family), plan.size(20, 3)
        time.sleep(seconds)
        return round((_cpu_seconds(family) - before) / seconds * 100, 2)


def _cpu_seconds(family: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in family]
    return sum(seen.user + seen.system for seen in times)
