"""How long one client on one connection waits for its 202.

With jobs that start later, neither stack works on them meanwhile, and both do the same: record,
queue, answer. With jobs that start at once, the emulator's functions and stock's poller work too.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks import stacks
from benchmarks.job_client import JOB, LATER_JOB, JobClient
from benchmarks.measurement import Figure, Plan, Result, interleaved, percentile

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_WARM_UP_REQUESTS = 20


def measure(plan: Plan) -> Result:
    def ours() -> AbstractContextManager[stacks.Stack]:
        return stacks.ours(plan)

    def stock() -> AbstractContextManager[stacks.Stack]:
        return stacks.stock(plan, with_poller=True)

    samples = interleaved(
        plan,
        {
            "ours_ms": functools.partial(_latencies_ms, plan, ours, LATER_JOB),
            "stock_ms": functools.partial(_latencies_ms, plan, stock, LATER_JOB),
            "ours_at_work_ms": functools.partial(_latencies_ms, plan, ours, JOB),
            "stock_at_work_ms": functools.partial(_latencies_ms, plan, stock, JOB),
        },
    )
    ours_ms, stock_ms = _medians(samples, "", 50)
    target = {"target": "<= 0.1 x stock", "is_met": ours_ms <= stock_ms / 10}
    figures = [
        _figure("accept, one client, keep-alive, p50", _medians(samples, "", 50), **target),
        _figure("accept, p95", _medians(samples, "", 95)),
        _figure("accept while jobs are worked on, p50", _medians(samples, "_at_work", 50)),
        _figure("accept while jobs are worked on, p95", _medians(samples, "_at_work", 95)),
    ]
    return Result(figures=figures, samples=samples)


def _figure(what: str, ours_and_stock: tuple[float, float], **target: Any) -> Figure:
    ours, stock = ours_and_stock
    return Figure(what=what, unit="ms", ours=ours, stock=stock, **target)


def _medians(
    samples: dict[str, list[list[float]]], mode: str, hundredths: int
) -> tuple[float, float]:
    """Ours and stock: of each round its percentile, of those the median."""
    ours, stock = (
        statistics.median(percentile(values, hundredths) for values in samples[f"{name}{mode}_ms"])
        for name in ("ours", "stock")
    )
    return ours, stock


def _latencies_ms(
    plan: Plan, start: Callable[[], AbstractContextManager[stacks.Stack]], job: bytes
) -> list[float]:
    with start() as stack, contextlib.closing(JobClient(stack.port)) as client:
        for _ in range(_WARM_UP_REQUESTS):
            client.submit(job)
        return [_latency_ms(client, job) for _ in range(plan.size(150, 50))]


def _latency_ms(client: JobClient, job: bytes) -> float:
    started = time.perf_counter()
    client.submit(job)
    return round((time.perf_counter() - started) * 1000, 2)
