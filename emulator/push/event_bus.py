"""The seat of EventBridge's rules in moto: matched by our patterns, delivered as AWS delivers.

Buses, rules and the other targets stay moto's. moto fails a PutEvents whose rule has a function as
its target, lets disabled rules and schedules match, and writes times as numbers.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from __future__ import annotations

import copy
import datetime
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import moto.events.models
import msgspec
from moto.core.exceptions import ServiceException
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventPattern, Rule
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from emulator import arn
from emulator.mapping import event_pattern, schedule_expression
from emulator.mapping.event_pattern import EventPatternError
from emulator.mapping.schedule_expression import ScheduleExpressionError
from emulator.push.target_input import target_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.push.seat import PushSeat

#: Targets whose delivery is moto's: logs, archives, other buses, API destinations.
_MOTO_TARGETS = ("events", "logs")


def seat(push_seat: PushSeat) -> None:
    """Let every rule that is put from now on be one of these."""
    SeatedRule.seat = push_seat
    moto.events.models.Rule = SeatedRule


class SeatedRule(Rule):  # type: ignore[misc]
    """A rule of an event bus."""

    seat: ClassVar[PushSeat]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        pattern = self.event_pattern.get_pattern()
        try:
            self._matches = event_pattern.compiled(pattern) if pattern else None
        except EventPatternError as error:
            raise InvalidEventPatternException(reason=str(error)) from None
        if self.scheduled_expression:
            try:
                schedule_expression.parse(self.scheduled_expression, starts_ms=0)
            except ScheduleExpressionError:
                raise ValidationException("Parameter ScheduleExpression is not valid.") from None
            self.seat.changed()

    def enable(self) -> None:
        super().enable()
        self.seat.changed()

    def send_to_targets(self, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002 - moto's signature
        """Send an event to the targets, if the rule is enabled and its pattern matches."""
        if self.state == "DISABLED" or self._matches is None:
            return
        event = _envelope(original_event)
        if not self._matches(event_pattern.decode(msgspec.json.encode(event))):
            return
        for target in self.targets:
            if arn.parse(target["Arn"]).service in _MOTO_TARGETS:
                self._leave_to_moto(target, original_event)
            else:
                self._send(target, event)

    def send(self, event: dict[str, Any]) -> None:
        """Send the event of a schedule to every target."""
        for target in self.targets:
            self._send(target, event)

    def _send(self, target: dict[str, Any], event: dict[str, Any]) -> None:
        send = _SENDERS.get(arn.parse(target["Arn"]).service)
        if send is None:
            self.seat.warn(self.name, f"nothing is sent to {target['Arn']} locally")
            return
        try:
            send(self, target, target_input(target, event))
        except ServiceException as error:
            self.seat.warn(self.name, f"could not be sent to {target['Arn']}: {error}")

    def _leave_to_moto(self, target: dict[str, Any], event: Any) -> None:
        alone = copy.copy(self)
        alone.targets = [target]
        # it has matched; transforming needs a library that nothing else does
        alone.event_pattern = EventPattern(None, {})
        Rule.send_to_targets(alone, event, transform_input=False)


def _envelope(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its time as a text, and an id of its own also where moto has a constant."""
    at = event["time"]
    if not isinstance(at, str):
        moment = datetime.datetime.fromtimestamp(float(at), datetime.timezone.utc)
        at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    own_id = event["id"] if "ingestion-time" in event else str(uuid.uuid4())
    plain = {name: value for name, value in event.items() if name != "ingestion-time"}
    return {**plain, "id": own_id, "time": at}


def _to_function(rule: SeatedRule, target: dict[str, Any], payload: bytes) -> None:
    rule.seat.deliver(target["Arn"], payload, f"rule {rule.name}")


def _to_queue(rule: SeatedRule, target: dict[str, Any], payload: bytes) -> None:
    queue = arn.parse(target["Arn"])
    group_id = (target.get("SqsParameters") or {}).get("MessageGroupId")
    queues = sqs_backends[queue.account_id][queue.region]
    queues.send_message(queue.resource, payload.decode(), group_id=group_id)


def _to_topic(rule: SeatedRule, target: dict[str, Any], payload: bytes) -> None:
    topic = arn.parse(target["Arn"])
    sns_backends[topic.account_id][topic.region].publish(payload.decode(), target["Arn"])


_SENDERS: dict[str, Callable[[SeatedRule, dict[str, Any], bytes], None]] = {
    "lambda": _to_function,
    "sqs": _to_queue,
    "sns": _to_topic,
}
