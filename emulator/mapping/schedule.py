"""Scheduled functions: an EventBridge rule that invokes a function asynchronously.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import datetime
import functools
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from emulator import arn
from emulator.mapping import schedule_expression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from emulator.mapping.asynchronous import AsynchronousInvocations
    from emulator.mapping.source import Work


class ScheduleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule, as a project declares it."""

    name: str
    #: ``rate(…)`` or ``cron(…)``
    expression: str
    #: the function's name in app.py
    function: str


class ScheduleMapping:
    """Submits an event whenever its schedule is due.

    Every method is called under the cloud's lock. Raises ScheduleExpressionError if the expression
    cannot be read.
    """

    def __init__(
        self, spec: ScheduleSpec, events: AsynchronousInvocations, *, function_arn: str, now_ms: int
    ) -> None:
        self.spec = spec
        self._events = events
        of = arn.parse(function_arn)
        self._rule_arn = f"arn:aws:events:{of.region}:{of.account_id}:rule/{spec.name}"
        self._schedule = schedule_expression.parse(spec.expression, starts_ms=now_ms)
        self._tick_ms = self._schedule.next_after_ms(now_ms)

    def next_due_ms(self, now_ms: int) -> int | None:
        return self._tick_ms

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out an event if the schedule is due: only one after the machine has slept."""
        if self._tick_ms is None or self._tick_ms > now_ms:
            return ()
        payload = msgspec.json.encode(scheduled_event(self._rule_arn, self._tick_ms))
        self._tick_ms = self._schedule.next_after_ms(now_ms)
        return (functools.partial(self._submit, payload),)

    def _submit(self, payload: bytes) -> None:
        self._events.submit(self.spec.function, payload, source=self.spec.expression, awaited=False)


class Schedules:
    """The source that all schedules of a project share. Called under the cloud's lock."""

    def __init__(self, events: AsynchronousInvocations) -> None:
        self._events = events
        self._mappings: dict[str, ScheduleMapping] = {}

    def __str__(self) -> str:
        return "schedules"

    def apply(
        self, specs: Sequence[ScheduleSpec], function_arns: Mapping[str, str], now_ms: int
    ) -> None:
        """Have these from now on; one that has not changed keeps its time.

        ``function_arns`` are those of the project's functions, by their names in app.py.
        """
        before, self._mappings = self._mappings, {}
        for spec in specs:
            known = before.get(spec.name)
            if known is None or known.spec != spec:
                arn_of_function = function_arns[spec.function]
                known = ScheduleMapping(
                    spec, self._events, function_arn=arn_of_function, now_ms=now_ms
                )
            self._mappings[spec.name] = known

    def pending(self, now_ms: int) -> bool:
        """Never: a schedule comes to no end, so nobody can wait for it."""
        return False

    def next_due_ms(self, now_ms: int) -> int | None:
        ticks = (mapping.next_due_ms(now_ms) for mapping in self._mappings.values())
        return min((tick_ms for tick_ms in ticks if tick_ms is not None), default=None)

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out the events of all that are due."""
        return [work for mapping in self._mappings.values() for work in mapping.step(now_ms)]


def scheduled_event(rule_arn: str, at_ms: int) -> dict[str, Any]:
    """The event of a schedule's tick at ``at_ms``; the same tick has the same id.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    rule = arn.parse(rule_arn)
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{rule_arn}/{at_ms}")),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region,
        "resources": [rule_arn],
        "detail": {},
    }
