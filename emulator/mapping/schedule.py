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
    from collections.abc import Sequence

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
    """A source that submits an event whenever its schedule is due.

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

    def __str__(self) -> str:
        return f"{self.spec.function} <- {self.spec.expression}"

    def pending(self, now_ms: int) -> bool:
        """Never: a schedule comes to no end, so nobody can wait for it."""
        return False

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
