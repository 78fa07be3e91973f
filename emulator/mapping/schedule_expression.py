"""When a schedule is due: ``rate(…)`` and ``cron(…)`` as EventBridge rules read them, in UTC.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import datetime
import re
from itertools import product
from typing import TYPE_CHECKING, Protocol

import msgspec

from emulator.mapping import cron_fields
from emulator.mapping.cron_fields import CronFieldError, DaysOfMonth

if TYPE_CHECKING:
    from collections.abc import Iterator

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MILLISECOND = datetime.timedelta(milliseconds=1)
_UNIT_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_CRON_FIELDS = 6


class ScheduleExpressionError(ValueError):
    """An expression EventBridge would refuse; the text says what to write instead."""


class Schedule(Protocol):
    """When a schedule is due."""

    def next_after_ms(self, now_ms: int) -> int | None:
        """The first time later than ``now_ms``; None if there is none any more."""


def parse(expression: str, *, starts_ms: int) -> Schedule:
    """The schedule an expression stands for; a rate counts from ``starts_ms``.

    Raises ScheduleExpressionError.
    """
    if match := _RATE.fullmatch(expression):
        return _rate(expression, match, starts_ms)
    if match := _CRON.fullmatch(expression):
        return _cron(expression, match[1].split())
    raise ScheduleExpressionError(
        f"{expression!r} is no schedule: write rate(5 minutes) or cron(0 12 * * ? *)"
    )


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Every so often, counted from a start."""

    period_ms: int
    starts_ms: int

    def next_after_ms(self, now_ms: int) -> int | None:
        periods = max(0, now_ms - self.starts_ms) // self.period_ms
        return self.starts_ms + (periods + 1) * self.period_ms


class Cron(msgspec.Struct, frozen=True, kw_only=True):
    """At the minutes, hours, days, months and years named; all in order."""

    minutes: list[int]
    hours: list[int]
    days: DaysOfMonth
    months: list[int]
    years: list[int]

    def next_after_ms(self, now_ms: int) -> int | None:
        now = _EPOCH + now_ms * _MILLISECOND
        at = next((moment for moment in self._moments(now.date()) if moment > now), None)
        return None if at is None else (at - _EPOCH) // _MILLISECOND

    def _moments(self, first: datetime.date) -> Iterator[datetime.datetime]:
        """Every time named from the day ``first`` on, in order."""
        for year, month in product(self.years, self.months):
            if (year, month) < (first.year, first.month):
                continue
            start = first.day if (year, month) == (first.year, first.month) else 1
            days = [day for day in sorted(self.days(year, month)) if day >= start]
            for day, hour, minute in product(days, self.hours, self.minutes):
                yield datetime.datetime(
                    year, month, day, hour, minute, tzinfo=datetime.timezone.utc
                )


def _rate(expression: str, match: re.Match[str], starts_ms: int) -> Rate:
    value, unit, plural = int(match[1]), match[2], match[3]
    if value == 0:
        raise ScheduleExpressionError(f"{expression}: the rate must be 1 or more")
    if (value == 1) == bool(plural):
        right = unit if value == 1 else f"{unit}s"
        raise ScheduleExpressionError(f"{expression}: write rate({value} {right})")
    return Rate(period_ms=value * _UNIT_MS[unit], starts_ms=starts_ms)


def _cron(expression: str, fields: list[str]) -> Cron:
    if len(fields) != _CRON_FIELDS:
        raise ScheduleExpressionError(
            f"{expression}: cron has {_CRON_FIELDS} fields, minutes hours day-of-month month "
            f"day-of-week year; these are {len(fields)}"
        )
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ScheduleExpressionError(
            f"{expression}: exactly one of day-of-month and day-of-week must be ?"
        )
    try:
        return Cron(
            minutes=cron_fields.numbers(minutes, cron_fields.MINUTES),
            hours=cron_fields.numbers(hours, cron_fields.HOURS),
            days=cron_fields.days_of_week(day_of_week)
            if day_of_month == "?"
            else cron_fields.days_of_month(day_of_month),
            months=cron_fields.numbers(month, cron_fields.MONTHS),
            years=cron_fields.numbers(year, cron_fields.YEARS),
        )
    except CronFieldError as error:
        raise ScheduleExpressionError(f"{expression}: {error}") from None
