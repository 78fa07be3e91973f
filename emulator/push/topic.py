"""The seat of SNS's subscriptions in moto: functions get the event that SNS sends.

Topics and all other protocols stay moto's. moto's event for a function lacks the message's id,
attributes and topic; its filter policies know few operators.
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import moto.sns.models
import msgspec
from moto.sns.models import Subscription

from emulator.push.filter_policy import FilterPolicy

if TYPE_CHECKING:
    from emulator.push.seat import PushSeat


def seat(push_seat: PushSeat) -> None:
    """Let every subscription that is made from now on be one of these."""
    SeatedSubscription.seat = push_seat
    moto.sns.models.Subscription = SeatedSubscription
    moto.sns.models.FilterPolicyMatcher = FilterPolicy


class SeatedSubscription(Subscription):  # type: ignore[misc]
    """A subscription, whose function is invoked asynchronously if its protocol is ``lambda``."""

    seat: ClassVar[PushSeat]

    @property
    def _filter_policy_matcher(self) -> FilterPolicy | None:
        """The policy in its scope, whichever of the two was set last."""
        policy = self._filter_policy
        return FilterPolicy(policy, self.attributes.get("FilterPolicyScope")) if policy else None

    @_filter_policy_matcher.setter
    def _filter_policy_matcher(self, matcher: FilterPolicy | None) -> None:
        """moto makes one when the policy is set, which refuses what is none."""

    def publish(self, message: str, message_id: str, **more: Any) -> None:
        """Pass a message on, if the filter policy lets it through."""
        if self.protocol != "lambda":
            super().publish(message, message_id, **more)
            return
        attributes = more.get("message_attributes") or {}
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(attributes, message):
            return
        if more.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        notification = self._notification(message, message_id, subject=more.get("subject"))
        notification["MessageAttributes"] = {
            name: {"Type": value["Type"], "Value": str(value["Value"])}
            for name, value in attributes.items()
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": self.arn,
            "Sns": notification,
        }
        event = msgspec.json.encode({"Records": [record]})
        self.seat.deliver(self.endpoint, event, f"topic {self.topic.name}")

    def _notification(
        self, message: str, message_id: str, *, subject: str | None
    ) -> dict[str, Any]:
        """The signature is none: nobody could check it without SNS's certificate."""
        host = f"https://sns.{self.topic.sns_backend.region_name}.amazonaws.com"
        return {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": self.topic.arn,
            "Subject": subject,
            "Message": message,
            "Timestamp": self.seat.timestamp(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": f"{host}/SimpleNotificationService.pem",
            "UnsubscribeUrl": f"{host}/?Action=Unsubscribe&SubscriptionArn={self.arn}",
        }
