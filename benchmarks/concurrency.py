"""Sixteen threads on one table and one queue: what is acknowledged must be what is found."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from benchmarks import stacks
from benchmarks.loads import clouds
from benchmarks.measurement import Figure, Plan, Result, interleaved
from benchmarks.processes import BIN, ROOT, aws_environment, output_of

_RACE_SECONDS_MAX = 180
_RACES = {
    "add": "counter by ADD, 640 updates",
    "compare_and_swap": "compare and swap, 640 tries",
    "transactions": "transactions, 640 tries",
    "queue": "queue, 800 messages, 600 of them waiting",
}

#: What one process saw: for each race its numbers, ``wrong`` among them.
Seen = dict[str, dict[str, int]]


def measure(plan: Plan) -> Result:
    # stock takes a minute a round and is shown, not judged: one round is enough
    samples = interleaved(
        msgspec.structs.replace(plan, rounds=1),
        {
            "stock, in process": functools.partial(_race, plan, "stock"),
            "stock, endpoint": functools.partial(_race_on_stock_endpoint, plan),
        },
    )
    samples |= interleaved(
        plan,
        {
            "ours, in process": functools.partial(_race, plan, "ours"),
            "ours, endpoint": functools.partial(_race_on_our_endpoint, plan),
        },
    )
    figures = [
        _figure(race, where, samples) for where in ("in process", "endpoint") for race in _RACES
    ]
    return Result(figures=figures, samples=samples)


def _figure(race: str, where: str, samples: dict[str, list[Seen]]) -> Figure:
    """Everything wrong in any round."""
    ours = sum(seen[race]["wrong"] + seen[race]["errors"] for seen in samples[f"ours, {where}"])
    stock = sum(seen[race]["wrong"] for seen in samples[f"stock, {where}"])
    return Figure(
        what=f"{_RACES[race]}, {where}", unit="wrong", ours=ours, stock=stock,
        target="0", is_met=ours == 0,
    )  # fmt: skip


def _race(plan: Plan, cloud: str, endpoint: str | None = None) -> Seen:
    printed = output_of(
        [str(BIN / "python"), "-m", "benchmarks.loads.race", cloud],
        folder=ROOT,
        environment=aws_environment(plan.folder / "tmp", endpoint),
        seconds_max=_RACE_SECONDS_MAX,
    )
    seen: dict[str, Any] = msgspec.json.decode(printed)
    return seen


def _race_on_our_endpoint(plan: Plan) -> Seen:
    with stacks.ours(plan) as stack:
        return _race(plan, clouds.ENDPOINT, stack.endpoint)


def _race_on_stock_endpoint(plan: Plan) -> Seen:
    with stacks.moto_server(plan) as endpoint:
        return _race(plan, clouds.ENDPOINT, endpoint)
