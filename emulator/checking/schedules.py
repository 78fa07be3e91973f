"""Schedules that EventBridge does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.checking.finding import Place, finding
from emulator.declared.queue_events import decorated_at
from emulator.mapping.schedule_expression import ScheduleExpressionError, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Finding
    from emulator.checking.subject import Subject


def findings(subject: Subject) -> Iterator[Finding]:
    for schedule in subject.described.schedules if subject.described else ():
        if problem := _problem(schedule.expression):
            where = decorated_at(
                subject.config.chalice_app, schedule.function, subject.files.directory
            )
            file, _, line = where.partition(":")
            yield finding(
                "schedule-refused",
                Place(file, int(line) if line else None, f"{schedule.function}, schedule"),
                problem,
                write="rate(5 minutes), or cron with six fields, as cron(0 3 * * ? *)",
                severity="refused",
            )


def _problem(expression: str) -> str:
    try:
        parse(expression, starts_ms=0)
    except ScheduleExpressionError as error:
        return str(error)
    return ""
