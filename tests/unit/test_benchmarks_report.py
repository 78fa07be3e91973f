"""What the benchmarks make of their samples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.measurement import Figure, Plan, Result, interleaved, percentile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FIGURE = Figure(what="accept, p50", unit="ms", ours=4.0, stock=50.0, target="<= 5", is_met=True)


def test_variants_take_turns_and_every_second_round_runs_backwards(tmp_path: Path) -> None:
    """Whatever disturbs the machine disturbs ours and stock alike."""
    order: list[str] = []
    variants = {name: (lambda name=name: order.append(name)) for name in ("ours", "stock")}

    interleaved(Plan(rounds=3, is_quick=False, folder=tmp_path), variants)

    assert order == ["ours", "stock", "stock", "ours", "ours", "stock"]


def test_percentile_is_the_value_below_which_so_many_lie() -> None:
    """Hundredths of the samples, not of their range."""
    assert percentile([1.0] * 95 + [100.0] * 5, 50) == 1.0
    assert percentile([1.0] * 90 + [100.0] * 10, 95) == 100.0


def test_table_shows_both_sides_the_ratio_and_whether_the_target_is_met() -> None:
    """One line a figure."""
    missed = Figure(what="x", unit="s", ours=3, stock=None, target="<= 2 s", is_met=False)

    _, met, not_met = report.table([FIGURE, missed]).splitlines()

    assert met.split() == ["accept,", "p50", "[ms]", "4", "50", "0.08", "<=", "5", "yes"]
    assert not_met.split() == ["x", "[s]", "3", "<=", "2", "s", "NO"]


def test_figure_without_a_target_is_neither_met_nor_missed() -> None:
    """It stands beside one that has a target."""
    line = report.table([Figure(what="p95", unit="ms", ours=1, stock=2)]).splitlines()[1]

    assert line.split() == ["p95", "[ms]", "1", "2", "0.5"]


def test_every_sample_is_kept_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure can be worked out again from its file."""
    monkeypatch.setattr(report, "FOLDER", tmp_path / "results")
    samples = {"ours_ms": [[1.5, 2.5], [3.5]], "stock_ms": []}

    report.write("accept", Result(figures=[FIGURE], samples=samples), {"cores": 2})

    kept = json.loads((tmp_path / "results" / "accept.json").read_text())
    assert kept["samples"] == samples
    assert kept["machine"] == {"cores": 2}
    assert kept["figures"][0]["ours"] == 4.0
