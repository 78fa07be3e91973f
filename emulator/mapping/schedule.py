"""Scheduled functions: an EventBridge rule that invokes a function asynchronously.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import datetime
import functools
import uuid
from typing import TYPE_CHECKING

import msgspec

from emulator.mapping import schedule_expression
from emulator.mapping.back_off import back_off_seconds

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from emulator.clock import Clock
    from emulator.invocation import Function, Outcome
    from emulator.journal import Journal
    from emulator.mapping.source import Work

#: How long Lambda waits before the first and the second retry of an event that failed.
RETRY_AFTER_SECONDS = (60, 120)
#: Longest wait between two tries of a throttled event, and how old an event may get.
THROTTLE_BACK_OFF_SECONDS_MAX = 300
EVENT_AGE_SECONDS_MAX = 21_600


class ScheduleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule, as a project declares it."""

    name: str
    #: ``rate(…)`` or ``cron(…)``
    expression: str
    #: the function's name in app.py
    function: str


class _Event(msgspec.Struct, eq=False, kw_only=True):
    """One tick in Lambda's queue of asynchronous events."""

    payload: bytes
    #: the same on every retry
    request_id: str
    ticked_ms: int
    due_ms: int
    failures: int = 0
    throttles: int = 0


class ScheduleMapping:
    """A source that invokes a function whenever its schedule is due.

    Every method but the work it hands out is called under ``condition``. Raises
    ScheduleExpressionError if the expression cannot be read.
    """

    def __init__(
        self, spec: ScheduleSpec, function: Function, *,
        clock: Clock, condition: threading.Condition, journal: Journal,
    ) -> None:  # fmt: skip
        self.spec = spec
        self._function = function
        self._clock = clock
        self._condition = condition
        self._journal = journal
        now_ms = clock.now_ms()
        self._schedule = schedule_expression.parse(spec.expression, starts_ms=now_ms)
        self._tick_ms = self._schedule.next_after_ms(now_ms)
        self._waiting: list[_Event] = []

    def __str__(self) -> str:
        return f"{self.spec.function} <- {self.spec.expression}"

    def pending(self, now_ms: int) -> bool:
        """Never: a schedule comes to no end, so nobody can wait for it."""
        return False

    def next_due_ms(self, now_ms: int) -> int | None:
        due = [event.due_ms for event in self._waiting]
        if self._tick_ms is not None:
            due.append(self._tick_ms)
        return min(due, default=None)

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out the next event that is due, if the function takes it."""
        self._tick(now_ms)
        for event in [e for e in self._waiting if e.due_ms <= now_ms]:
            if self._function.try_acquire():
                self._waiting.remove(event)
                return (functools.partial(self._invoke, event),)
            self._hold(event, now_ms)
        return ()

    def _tick(self, now_ms: int) -> None:
        """Queue an event if the schedule is due: only one after the machine has slept."""
        if self._tick_ms is None or self._tick_ms > now_ms:
            return
        payload = scheduled_event(self.spec.name, self._tick_ms, self._function.spec.arn)
        self._waiting.append(
            _Event(
                payload=payload,
                request_id=str(uuid.uuid4()),
                ticked_ms=self._tick_ms,
                due_ms=now_ms,
            )
        )
        self._tick_ms = self._schedule.next_after_ms(now_ms)

    def _hold(self, event: _Event, now_ms: int) -> None:
        event.throttles += 1
        wait_seconds = back_off_seconds(
            event.throttles, longest_seconds=THROTTLE_BACK_OFF_SECONDS_MAX
        )
        self._journal.record(self.spec.function, "throttle", next_try_in_seconds=wait_seconds)
        self._retry(event, now_ms, wait_seconds)

    def _invoke(self, event: _Event) -> None:
        """Run the function, and queue the event again if it failed. Called without the lock."""
        self._journal.record(
            self.spec.function, "invoke",
            schedule=self.spec.expression, request_id=event.request_id,
        )  # fmt: skip
        started_ms = self._clock.now_ms()
        outcome: Outcome | None = None
        try:
            outcome = self._function.invoke(event.payload, request_id=event.request_id)
        finally:
            with self._condition:
                self._function.release()
                if outcome is not None:
                    self._settle(event, outcome, started_ms)
                self._condition.notify_all()

    def _settle(self, event: _Event, outcome: Outcome, started_ms: int) -> None:
        now_ms = self._clock.now_ms()
        error = {} if outcome.ok else {"error": outcome.error}
        self._journal.record(
            self.spec.function,
            "result",
            duration_ms=now_ms - started_ms,
            **outcome.usage_data(),
            **error,
        )
        if outcome.ok:
            return
        event.failures += 1
        if event.failures > len(RETRY_AFTER_SECONDS):
            self._drop(event)
            return
        wait_seconds = RETRY_AFTER_SECONDS[event.failures - 1]
        self._waiting.append(event)
        self._journal.record(self.spec.function, "retry", next_try_in_seconds=wait_seconds)
        self._retry(event, now_ms, wait_seconds)

    def _retry(self, event: _Event, now_ms: int, wait_seconds: int) -> None:
        event.due_ms = now_ms + wait_seconds * 1000
        if event.due_ms - event.ticked_ms > EVENT_AGE_SECONDS_MAX * 1000:
            self._waiting.remove(event)
            self._drop(event)

    def _drop(self, event: _Event) -> None:
        self._journal.record(
            self.spec.function, "drop", failures=event.failures, throttles=event.throttles
        )


def scheduled_event(name: str, at_ms: int, function_arn: str) -> bytes:
    """The event of a schedule's tick at ``at_ms``; the same tick has the same id.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    _, _, _, region, account_id, *_ = function_arn.split(":")
    rule_arn = f"arn:aws:events:{region}:{account_id}:rule/{name}"
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return msgspec.json.encode(
        {
            "version": "0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{rule_arn}/{at_ms}")),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": account_id,
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": [rule_arn],
            "detail": {},
        }
    )
