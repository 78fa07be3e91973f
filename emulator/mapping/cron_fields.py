"""The fields of a cron expression: lists, ranges, steps, and the days only a calendar knows.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable

import msgspec

#: The days of a month (year, month) that a field names.
DaysOfMonth = Callable[[int, int], set[int]]

_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_NEAREST_WEEKDAY = re.compile(r"(\d{1,2})W")
_LAST_OF_MONTH = re.compile(r"(\w+)L")
_NTH_OF_MONTH = re.compile(r"(\w+)#([1-5])")


class CronFieldError(ValueError):
    """A field that cannot be read; the text says which, and what it may hold."""


class Field(msgspec.Struct, frozen=True):
    """What a field may hold."""

    name: str
    lowest: int
    highest: int
    #: words for the numbers from ``lowest`` on
    words: tuple[str, ...] = ()


MINUTES = Field("minutes", 0, 59)
HOURS = Field("hours", 0, 23)
DAY_OF_MONTH = Field("day-of-month", 1, 31)
MONTHS = Field(
    "month", 1, 12,
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)  # fmt: skip
DAY_OF_WEEK = Field("day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
YEARS = Field("year", 1970, 2199)


def numbers(text: str, field: Field) -> list[int]:
    """The numbers ``text`` names, in order. Raises CronFieldError."""
    return sorted({number for part in text.split(",") for number in _part(part, field)})


def days_of_month(text: str) -> DaysOfMonth:
    """The rule of a day-of-month field. Raises CronFieldError."""
    return _any_of([_day_of_month(part) for part in text.split(",")])


def days_of_week(text: str) -> DaysOfMonth:
    """The rule of a day-of-week field, where 1 is Sunday. Raises CronFieldError."""
    return _any_of([_day_of_week(part) for part in text.split(",")])


def _part(part: str, field: Field) -> range:
    """``*``, ``7``, ``7-9``, and each with ``/2``; ``7/2`` goes on to the highest."""
    span, slash, step_text = part.partition("/")
    first_text, dash, last_text = span.partition("-")
    step = int(step_text) if step_text.isdecimal() else 1 if not slash else 0
    if span == "*":
        first, last = field.lowest, field.highest
    else:
        first = _number(first_text, field)
        last = _number(last_text, field) if dash else field.highest if slash else first
    if step < 1 or first > last:
        raise _unreadable(part, field)
    return range(first, last + 1, step)


def _number(text: str, field: Field) -> int:
    if text.upper() in field.words:
        return field.lowest + field.words.index(text.upper())
    if not (text.isascii() and text.isdecimal() and field.lowest <= int(text) <= field.highest):
        raise _unreadable(text, field)
    return int(text)


def _unreadable(text: str, field: Field) -> CronFieldError:
    words = f" or {field.words[0]}-{field.words[-1]}" if field.words else ""
    values = f"{field.lowest}-{field.highest}{words}"
    return CronFieldError(
        f"{text!r} is no {field.name}: write one of {values}, a list 1,2, a range 1-2, 1/2 or *"
    )


def _any_of(rules: list[DaysOfMonth]) -> DaysOfMonth:
    return lambda year, month: set().union(*(rule(year, month) for rule in rules))


def _day_of_month(part: str) -> DaysOfMonth:
    if part == "L":
        return lambda year, month: {_length(year, month)}
    if part == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _length(year, month))}
    if match := _NEAREST_WEEKDAY.fullmatch(part):
        wanted = _number(match[1], DAY_OF_MONTH)
        return lambda year, month: (
            {_nearest_weekday(year, month, wanted)} if wanted <= _length(year, month) else set()
        )
    days = set(_part(part, DAY_OF_MONTH))
    return lambda year, month: {day for day in days if day <= _length(year, month)}


def _day_of_week(part: str) -> DaysOfMonth:
    if part == "L":
        part = "SAT"
    if match := _LAST_OF_MONTH.fullmatch(part):
        last = _weekday(_number(match[1], DAY_OF_WEEK))
        return lambda year, month: {max(_days_on(year, month, last))}
    if match := _NTH_OF_MONTH.fullmatch(part):
        weekday, nth = _weekday(_number(match[1], DAY_OF_WEEK)), int(match[2])
        return lambda year, month: set(_days_on(year, month, weekday)[nth - 1 : nth])
    weekdays = [_weekday(number) for number in _part(part, DAY_OF_WEEK)]
    return lambda year, month: {day for w in weekdays for day in _days_on(year, month, w)}


def _weekday(number: int) -> int:
    """AWS counts from Sunday = 1, the calendar module from Monday = 0."""
    return (number + 5) % 7


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _days_on(year: int, month: int, weekday: int) -> list[int]:
    first_weekday, length = calendar.monthrange(year, month)
    return list(range(1 + (weekday - first_weekday) % 7, length + 1, 7))


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day itself from Monday to Friday, else the nearest such day of the same month."""
    weekday = calendar.weekday(year, month, day)
    if weekday <= _FRIDAY:
        return day
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    return day + 1 if day < _length(year, month) else day - 2
