"""Jobs a second, from the first request of many clients until each has read its last result."""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks import stacks
from benchmarks.job_client import JobClient
from benchmarks.measurement import Figure, Plan, Result, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_CLIENTS = 16
_WARM_UP_JOBS = 48


def measure(plan: Plan) -> Result:
    variants = {
        "ours": functools.partial(_rate, plan, lambda: stacks.ours(plan)),
        "stock": functools.partial(_rate, plan, lambda: stacks.stock(plan, with_poller=True)),
    }
    samples = interleaved(plan, variants)
    ours, stock = (statistics.median(samples[name]) for name in ("ours", "stock"))
    jobs = plan.size(500, 100)
    return Result(
        figures=[
            Figure(
                what=f"{jobs} jobs by {_CLIENTS} clients to the last result", unit="jobs/s",
                ours=ours, stock=stock, target=">= 5 x stock", is_met=ours >= 5 * stock,
            )
        ],
        samples=samples,
    )  # fmt: skip


def _rate(plan: Plan, start: Callable[[], AbstractContextManager[stacks.Stack]]) -> float:
    jobs = plan.size(500, 100)
    with start() as stack, _clients(stack.port) as clients:
        _run_jobs(clients, _WARM_UP_JOBS)
        started = time.perf_counter()
        _run_jobs(clients, jobs)
        return round(jobs / (time.perf_counter() - started), 1)


@contextlib.contextmanager
def _clients(port: int) -> Iterator[list[JobClient]]:
    """Clients that have connected one by one: stock resets those that come in a crowd."""
    with contextlib.ExitStack() as stack:
        clients = [JobClient(port) for _ in range(_CLIENTS)]
        for client in clients:
            stack.callback(client.close)
            client.connect()
        yield clients


def _run_jobs(clients: list[JobClient], jobs: int) -> None:
    """Every client submits its share, then asks for each result in turn."""
    shares = [len(range(first, jobs, _CLIENTS)) for first in range(_CLIENTS)]
    with ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(_run_share, clients, shares))


def _run_share(client: JobClient, jobs: int) -> None:
    for path in [client.submit() for _ in range(jobs)]:
        client.wait_for_success(path)
