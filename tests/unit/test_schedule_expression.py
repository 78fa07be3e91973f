"""When rate and cron expressions are due.

The source is https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import datetime

import pytest

from emulator.mapping.schedule_expression import ScheduleExpressionError, parse


def at(text: str) -> int:
    """``2026-01-01 00:00`` in UTC as milliseconds."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp() * 1000)


START = "2026-01-01 00:00"  # a Thursday


def times(expression: str, count: int, *, after: str = START) -> list[str]:
    """The next ``count`` times an expression is due."""
    schedule = parse(expression, starts_ms=at(START))
    found, now_ms = [], at(after)
    for _ in range(count):
        due_ms = schedule.next_after_ms(now_ms)
        assert due_ms is not None
        moment = datetime.datetime.fromtimestamp(due_ms / 1000, datetime.timezone.utc)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
        now_ms = due_ms
    return found


def test_rate_counts_from_its_start() -> None:
    assert times("rate(5 minutes)", 2) == ["2026-01-01 00:05", "2026-01-01 00:10"]
    assert times("rate(1 hour)", 1, after="2026-01-01 07:20") == ["2026-01-01 08:00"]
    assert times("rate(7 days)", 2) == ["2026-01-08 00:00", "2026-01-15 00:00"]


def test_rate_before_its_start_is_due_one_period_after_it() -> None:
    assert times("rate(1 day)", 1, after="2025-06-01 00:00") == ["2026-01-02 00:00"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2026-01-01 10:00", "2026-01-02 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-01-01 12:15", "2026-01-02 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-01-01 08:00", "2026-02-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-01-01 00:15", "2026-01-01 00:30"]),
        ("cron(*/20 * * * ? *)", ["2026-01-01 00:20", "2026-01-01 00:40", "2026-01-01 01:00"]),
        ("cron(50-59/5 3 * * ? *)", ["2026-01-01 03:50", "2026-01-01 03:55", "2026-01-02 03:50"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01 08:00", "2026-01-01 08:05"]),
        ("cron(0 0 L * ? *)", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 L 2 ? *)", ["2026-02-28 00:00", "2027-02-28 00:00", "2028-02-29 00:00"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-01-05 09:00", "2026-02-02 09:00"]),
        ("cron(0 9 ? * FRI#5 *)", ["2026-01-30 09:00", "2026-05-29 09:00"]),
        ("cron(0 9 ? * 6L *)", ["2026-01-30 09:00", "2026-02-27 09:00"]),
        ("cron(0 9 ? * L *)", ["2026-01-03 09:00", "2026-01-10 09:00"]),
        ("cron(0 9 3W * ? *)", ["2026-01-02 09:00", "2026-02-03 09:00"]),
        ("cron(0 9 1W * ? *)", ["2026-01-01 09:00", "2026-02-02 09:00"]),
        ("cron(0 9 31W * ? *)", ["2026-01-30 09:00", "2026-03-31 09:00", "2026-05-29 09:00"]),
        ("cron(0 9 LW * ? *)", ["2026-01-30 09:00", "2026-02-27 09:00"]),
        ("cron(0 9 ? * 1 *)", ["2026-01-04 09:00"]),
        ("cron(0 9 ? * sun,SAT *)", ["2026-01-03 09:00", "2026-01-04 09:00"]),
        ("cron(0 0 1 JAN,jul ? *)", ["2026-07-01 00:00", "2027-01-01 00:00"]),
        ("cron(30 6,18 15 * ? 2027-2028)", ["2027-01-15 06:30", "2027-01-15 18:30"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ],
)
def test_cron_is_due_at_the_times_it_names(expression: str, expected: list[str]) -> None:
    assert times(expression, len(expected)) == expected


def test_cron_is_due_after_now_and_never_at_now() -> None:
    schedule = parse("cron(0 10 * * ? *)", starts_ms=0)
    ten = at("2026-01-01 10:00")

    assert schedule.next_after_ms(ten - 1) == ten
    assert schedule.next_after_ms(ten) == ten + 86_400_000


@pytest.mark.parametrize("expression", ["cron(0 0 1 1 ? 2020)", "cron(0 0 30 2 ? *)"])
def test_cron_that_is_never_due_again_says_so(expression: str) -> None:
    assert parse(expression, starts_ms=0).next_after_ms(at(START)) is None


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("", "write rate"),
        ("5 minutes", "write rate"),
        ("rate(5)", "write rate"),
        ("rate(-5 minutes)", "write rate"),
        ("rate(5 seconds)", "write rate"),
        ("rate(1 minutes)", r"write rate\(1 minute\)"),
        ("rate(5 minute)", r"write rate\(5 minutes\)"),
        ("rate(0 minutes)", "1 or more"),
        ("cron(0 10 * * ?)", "6 fields"),
        ("cron(0 10 * * * *)", "exactly one of"),
        ("cron(0 10 ? * ? *)", "exactly one of"),
        ("cron(60 10 * * ? *)", "minutes"),
        ("cron(0 24 * * ? *)", "hours"),
        ("cron(0 10 0 * ? *)", "day-of-month"),
        ("cron(0 10 32W * ? *)", "day-of-month"),
        ("cron(0 10 * 13 ? *)", "month"),
        ("cron(0 10 * FOO ? *)", "JAN-DEC"),
        ("cron(0 10 ? * 8 *)", "day-of-week"),
        ("cron(0 10 ? * 0 *)", "SUN-SAT"),
        ("cron(0 10 ? * 2#6 *)", "day-of-week"),
        ("cron(0 10 * * ? 1969)", "year"),
        ("cron(5-1 10 * * ? *)", "minutes"),
        ("cron(0/0 10 * * ? *)", "minutes"),
        ("cron(0/ 10 * * ? *)", "minutes"),
        ("cron(1,,2 10 * * ? *)", "minutes"),
        ("cron(² 10 * * ? *)", "minutes"),
        ("cron(0/² 10 * * ? *)", "minutes"),
    ],
)
def test_bad_expression_is_refused_with_what_to_write(expression: str, advice: str) -> None:
    with pytest.raises(ScheduleExpressionError, match=advice):
        parse(expression, starts_ms=0)
