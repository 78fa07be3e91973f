"""CPU of one test more in a suite that drives a job from its 202 to its result."""

from __future__ import annotations

import functools
import resource
import shutil
import statistics
from typing import TYPE_CHECKING

from benchmarks import stacks
from benchmarks.measurement import Figure, Plan, Result, interleaved
from benchmarks.processes import BIN, ROOT, aws_environment, output_of

if TYPE_CHECKING:
    from pathlib import Path

_CPU_MS_MAX = 10
_SUITE_SECONDS_MAX = 120


def measure(plan: Plan) -> Result:
    ours, stock = stacks.ours_copy(plan), stacks.stock_copy(plan)
    # so many that they weigh more than what the start of pytest itself varies by
    tests = {ours: plan.size(500, 50), stock: plan.size(24, 8)}
    samples = interleaved(
        plan,
        {
            "ours_cpu_ms": functools.partial(
                _further_test_cpu_ms, plan, ours, tests[ours], "-p", "emulator.pytest_plugin"
            ),
            "stock_cpu_ms": functools.partial(_further_test_cpu_ms, plan, stock, tests[stock]),
        },
    )
    ours_ms, stock_ms = (statistics.median(samples[f"{name}_cpu_ms"]) for name in ("ours", "stock"))
    return Result(
        figures=[
            Figure(
                what="a further test in the suite (stock: mock_aws, clients built)", unit="ms CPU",
                ours=ours_ms, stock=stock_ms,
                target=f"<= {_CPU_MS_MAX} ms", is_met=ours_ms <= _CPU_MS_MAX,
            )
        ],
        samples=samples,
    )  # fmt: skip


def _further_test_cpu_ms(plan: Plan, folder: Path, tests: int, *options: str) -> float:
    """What twice as many tests cost more, a test."""
    suite = folder / f"test_further_{folder.name}.py"
    shutil.copy2(ROOT / "benchmarks" / "suites" / suite.name, suite)
    once, twice = (_suite_cpu_ms(plan, suite, count, *options) for count in (tests, 2 * tests))
    return round((twice - once) / tests, 2)


def _suite_cpu_ms(plan: Plan, suite: Path, tests: int, *options: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output_of(
        [str(BIN / "python"), "-m", "pytest", "-q", *options, suite.name],
        folder=suite.parent,
        environment=aws_environment(plan.folder / "tmp", None, FURTHER_TESTS=str(tests)),
        seconds_max=_SUITE_SECONDS_MAX,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
