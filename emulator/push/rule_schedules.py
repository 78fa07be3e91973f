"""Rules with a schedule: each sends its event to its targets whenever it is due.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.events.models import events_backends

from emulator.mapping import schedule_expression
from emulator.mapping.schedule import scheduled_event

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from emulator.mapping.schedule_expression import Schedule
    from emulator.mapping.source import Work

_ENABLED = "ENABLED"


class _Due(NamedTuple):
    schedule: Schedule
    at_ms: int | None


class RuleSchedules:
    """The source that all rules of a cloud share. Stepped under the cloud's lock."""

    def __init__(self, condition: threading.Condition) -> None:
        self._condition = condition
        #: by ARN and expression: a rule that is put again as it was keeps its time
        self._due: dict[tuple[str, str], _Due] = {}

    def __str__(self) -> str:
        return "schedules of rules"

    def pending(self, now_ms: int) -> bool:
        """Never: a schedule comes to no end, so nobody can wait for it."""
        return False

    def next_due_ms(self, now_ms: int) -> int | None:
        self._look(now_ms)
        return min((due.at_ms for due in self._due.values() if due.at_ms is not None), default=None)

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out what sends an event for each rule that is due."""
        work: list[Work] = []
        for key, rule in self._look(now_ms).items():
            due = self._due[key]
            if due.at_ms is not None and due.at_ms <= now_ms:
                work.append(functools.partial(self._send, rule, due.at_ms))
                self._due[key] = due._replace(at_ms=due.schedule.next_after_ms(now_ms))
        return work

    def _look(self, now_ms: int) -> dict[tuple[str, str], Any]:
        """The enabled rules with a schedule; new ones count from now on."""
        rules = {
            (rule.arn, rule.scheduled_expression): rule
            for _, _, backend in events_backends.iter_backends()
            for bus in backend.event_buses.values()
            for rule in bus.rules.values()
            if rule.scheduled_expression and rule.state == _ENABLED
        }
        for gone in self._due.keys() - rules.keys():
            del self._due[gone]
        for key in rules.keys() - self._due.keys():
            schedule = schedule_expression.parse(key[1], starts_ms=now_ms)
            self._due[key] = _Due(schedule, schedule.next_after_ms(now_ms))
        return rules

    def _send(self, rule: Any, at_ms: int) -> None:
        with self._condition:
            rule.send(scheduled_event(rule.arn, at_ms))
