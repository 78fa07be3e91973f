"""From ``chalice local`` to its first 202."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks import stacks
from benchmarks.measurement import Figure, Plan, Result, interleaved

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_SECONDS_MAX = 2


def measure(plan: Plan) -> Result:
    _seconds(stacks.ours(plan))  # the environment is to be warm: files read once, bytecode written
    _seconds(stacks.stock(plan, with_poller=False))
    samples = interleaved(
        plan,
        {
            "ours_seconds": lambda: _seconds(stacks.ours(plan)),
            "stock_seconds": lambda: _seconds(stacks.stock(plan, with_poller=False)),
        },
    )
    ours, stock = (statistics.median(samples[f"{name}_seconds"]) for name in ("ours", "stock"))
    return Result(
        figures=[
            Figure(
                what="start to first 202 (stock: with moto_server)", unit="s",
                ours=ours, stock=stock, target=f"<= {_SECONDS_MAX} s", is_met=ours <= _SECONDS_MAX,
            )
        ],
        samples=samples,
    )  # fmt: skip


def _seconds(start: AbstractContextManager[stacks.Stack]) -> float:
    with start as stack:
        return round(stack.started_seconds, 3)
