"""CPU of a receive of ten messages, by how many wait."""

from __future__ import annotations

import functools
import statistics
from typing import TYPE_CHECKING

import msgspec

from benchmarks.measurement import Figure, Plan, Result, interleaved
from benchmarks.processes import BIN, ROOT, aws_environment, output_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEW, _MANY = 10, 10_000
#: Stock moto would take minutes for one receive at 10,000.
_MANY_FOR_STOCK = 1_000
_SECONDS_MAX = 120
_RATIO_MAX = 1.5


def measure(plan: Plan) -> Result:
    samples = interleaved(
        plan,
        {
            "ours_cpu_ms": functools.partial(_receive_cpu_ms, plan, "ours", _MANY),
            "stock_cpu_ms": functools.partial(_receive_cpu_ms, plan, "stock", _MANY_FOR_STOCK),
        },
    )
    ours_few, ours = _medians(samples["ours_cpu_ms"], (_FEW, _MANY))
    stock_few, stock = _medians(samples["stock_cpu_ms"], (_FEW, _MANY_FOR_STOCK))
    return Result(
        figures=[
            Figure(
                what="receive of 10: 10,000 waiting against 10 (stock: 1,000)", unit="x CPU",
                ours=ours / ours_few, stock=stock / stock_few,
                target=f"<= {_RATIO_MAX}", is_met=ours / ours_few <= _RATIO_MAX,
            ),
            Figure(
                what="receive of 10 at 10,000 waiting (stock: 1,000)", unit="ms CPU",
                ours=ours, stock=stock,
            ),
        ],
        samples=samples,
    )  # fmt: skip


def _medians(samples: Sequence[dict[str, float]], depths: Sequence[int]) -> list[float]:
    return [statistics.median(sample[str(depth)] for sample in samples) for depth in depths]


def _receive_cpu_ms(plan: Plan, cloud: str, depth: int) -> dict[str, float]:
    """Milliseconds by depth, measured in a process of its own."""
    printed = output_of(
        [str(BIN / "python"), "-m", "benchmarks.loads.receive", cloud, str(_FEW), str(depth)],
        folder=ROOT,
        environment=aws_environment(plan.folder / "tmp", None),
        seconds_max=_SECONDS_MAX,
    )
    return msgspec.json.decode(printed, type=dict[str, float])
