"""``csv.profile``: what is in a table: its columns' types, gaps, ranges and means."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import math
import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib.errors import PermanentError
from chalicelib.task import TaskInput, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.task import TaskContext

DELIMITERS = ",;\t|"
COLUMNS_MAX = 1_000
#: Longest minimum or maximum of a text column in the answer.
TEXT_CHARACTERS_MAX = 100

#: No leading zeros: "007" and a postal code are texts.
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}


class CsvInput(TaskInput, frozen=True):
    csv: Annotated[str, msgspec.Meta(examples=["city,height_m\nDelft,0\nBern,540"])]
    #: the first of the usual ones that splits the first line into most columns, if not given
    delimiter: Annotated[str, msgspec.Meta(max_length=1, pattern=r'^[^"\r\n]$')] | None = None


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``type`` is integer, number, boolean, date, text or empty; every value present has it."""

    name: str
    type: str
    missing: int
    distinct: int
    minimum: Any = None
    maximum: Any = None
    mean: float | None = None


class CsvProfile(msgspec.Struct, frozen=True, kw_only=True):
    """``rows`` without the header; ``ragged_rows`` have more or fewer cells than the header."""

    rows: int
    columns: list[Column]
    ragged_rows: int
    delimiter: str


@task("csv.profile")
def csv_profile(given: CsvInput, context: TaskContext) -> CsvProfile:
    """Profiles a table whose first line names its columns. Empty lines are passed over."""
    text = given.csv.removeprefix("\ufeff")
    delimiter = given.delimiter or _delimiter(text)
    header, *rows = _rows(text, delimiter) or [[]]
    if len(header) > COLUMNS_MAX:
        raise PermanentError(f"the table has {len(header)} columns, {COLUMNS_MAX} are allowed")
    return CsvProfile(
        rows=len(rows),
        columns=[_column(index, name, rows) for index, name in enumerate(header)],
        ragged_rows=sum(len(row) != len(header) for row in rows),
        delimiter=delimiter,
    )


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader_input = io.StringIO(text, newline="")
    try:
        return [row for row in csv.reader(reader_input, delimiter=delimiter) if row]
    except (csv.Error, TypeError, ValueError) as error:
        raise PermanentError(f"the table cannot be read: {error}") from None


def _delimiter(text: str) -> str:
    first_line = text.lstrip("\r\n").partition("\n")[0]
    return max(DELIMITERS, key=lambda each: len((_rows(first_line, each) or [[]])[0]))


def _column(index: int, name: str, rows: list[list[str]]) -> Column:
    cells = [row[index].strip() if index < len(row) else "" for row in rows]
    present = [cell for cell in cells if cell]
    kind, values = _typed(present)
    lowest, highest = _range(kind, values)
    numeric = kind in {"integer", "number"}
    return Column(
        name=name.strip() or f"column_{index + 1}",
        type=kind,
        missing=len(cells) - len(present),
        distinct=len(set(values)),
        minimum=lowest,
        maximum=highest,
        # dividing first cannot overflow
        mean=math.fsum(value / len(values) for value in values) if numeric else None,
    )


def _typed(cells: list[str]) -> tuple[str, list[Any]]:
    """The narrowest type that every cell has, and the cells as values of it."""
    if not cells:
        return "empty", []
    for kind, convert in _TYPES.items():
        with contextlib.suppress(ValueError, KeyError):
            return kind, [convert(cell) for cell in cells]
    return "text", cells


def _range(kind: str, values: list[Any]) -> tuple[Any, Any]:
    if not values or kind == "boolean":
        return None, None
    lowest, highest = min(values), max(values)
    if kind == "text":
        return lowest[:TEXT_CHARACTERS_MAX], highest[:TEXT_CHARACTERS_MAX]
    return lowest, highest


def _integer(cell: str) -> int:
    if not _INTEGER.fullmatch(cell):
        raise ValueError(cell)
    return int(cell)


def _number(cell: str) -> float:
    if not _NUMBER.fullmatch(cell) or not math.isfinite(value := float(cell)):
        raise ValueError(cell)
    return value


def _boolean(cell: str) -> bool:
    return _BOOLEANS[cell.lower()]


def _date(cell: str) -> str:
    datetime.date.fromisoformat(cell[:10])
    if len(cell) > len("2026-01-01"):
        datetime.datetime.fromisoformat(cell)
    return cell


_TYPES: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}
