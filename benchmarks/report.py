"""The table on the screen and the files with the raw numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measurement import Figure, Result

FOLDER = Path(__file__).parent / "results"
_HEAD = ("figure", "ours", "stock", "ratio", "target", "met")


def write(name: str, result: Result, facts: Mapping[str, Any]) -> None:
    """Keep one benchmark's numbers in ``results/<name>.json``, in place of the last run's."""
    FOLDER.mkdir(exist_ok=True)
    kept = {"benchmark": name, "machine": facts, **msgspec.to_builtins(result)}
    (FOLDER / f"{name}.json").write_text(_laid_out(kept) + "\n")


def table(figures: Sequence[Figure]) -> str:
    """All figures, one a line."""
    rows = [_HEAD, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 1 <= column <= 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(figure: Figure) -> tuple[str, ...]:
    ratio = f"{figure.ours / figure.stock:.3g}" if figure.stock else ""
    met = ("yes" if figure.is_met else "NO") if figure.target else ""
    return (
        f"{figure.what} [{figure.unit}]",
        _number(figure.ours),
        "" if figure.stock is None else _number(figure.stock),
        ratio,
        figure.target,
        met,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value >= 100 else f"{value:.3g}"


def _laid_out(value: Any, depth: int = 3) -> str:
    """JSON with a line for each member down to ``depth``; what is deeper stays on its line."""
    if depth == 0 or not value or not isinstance(value, (dict, list)):
        return json.dumps(value)
    indent = "\n" + " " * (4 - depth)
    if isinstance(value, list):
        return "[" + ",".join(indent + _laid_out(item, depth - 1) for item in value) + "]"
    members = (f"{json.dumps(key)}: {_laid_out(item, depth - 1)}" for key, item in value.items())
    return "{" + ",".join(indent + member for member in members) + "}"
