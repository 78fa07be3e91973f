"""What a benchmark is given, and what it gives back."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Sample = TypeVar("Sample")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure, and where children may write."""

    rounds: int
    #: fewer jobs: for trying a benchmark, not for its figure
    is_quick: bool
    #: a folder that is removed after the run
    folder: Path

    def size(self, full: int, quick: int) -> int:
        return quick if self.is_quick else full


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table; lower is better unless the target says otherwise."""

    what: str
    unit: str
    ours: float
    stock: float | None
    #: empty: shown beside a figure that has one
    target: str = ""
    is_met: bool = True


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one benchmark with every sample behind them."""

    figures: list[Figure]
    samples: Mapping[str, Sequence[Any]]


def interleaved(
    plan: Plan, variants: Mapping[str, Callable[[], Sample]]
) -> dict[str, list[Sample]]:
    """Each variant once a round, in turn, every second round backwards.

    Whatever else the machine does meanwhile then meets all of them alike.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in variants}
    for number in range(plan.rounds):
        for name in list(variants)[:: -1 if number % 2 else 1]:
            samples[name].append(variants[name]())
    return samples


def percentile(values: Sequence[float], hundredths: int) -> float:
    """The value below which so many hundredths of ``values`` lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[hundredths - 1]
