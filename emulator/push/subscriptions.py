"""Makes a project's subscriptions, and takes back those it declares no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from moto.core.exceptions import ServiceException
from moto.events.models import events_backends
from moto.s3.models import Notification, NotificationConfiguration, s3_backends
from moto.sns.models import sns_backends
from werkzeug.exceptions import HTTPException

from emulator import arn
from emulator.cloud import provision_events
from emulator.cloud.aws import ACCOUNT_ID
from emulator.cloud.provision import ResourceRefusedError
from emulator.push.subscription import BucketNotification, EventRule, TopicSubscription

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.cloud.aws import Cloud
    from emulator.push.subscription import Subscription


class Subscriptions:
    """Has what a project subscribes to in the cloud, and no longer what it did before.

    Called under the cloud's lock.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        #: what was made, with the way to undo it
        self._made: dict[Subscription, Callable[[], object]] = {}

    def apply(self, wanted: Sequence[Subscription], arns: dict[str, str]) -> None:
        """``arns`` are those of the functions, by name. Raises ResourceRefusedError."""
        for gone in self._made.keys() - set(wanted):
            self._made.pop(gone)()
        for subscription in wanted:
            if subscription not in self._made:
                try:
                    undo = self._make(subscription, arns[subscription.function])
                except (HTTPException, ServiceException, ValueError) as error:
                    raise ResourceRefusedError(f"{subscription} is refused: {error}") from None
                self._made[subscription] = undo

    def _make(self, subscription: Subscription, function_arn: str) -> Callable[[], object]:
        if isinstance(subscription, TopicSubscription):
            return self._subscribe(subscription, function_arn)
        if isinstance(subscription, BucketNotification):
            return self._notify(subscription, function_arn)
        return self._put_rule(subscription, function_arn)

    def _subscribe(self, wanted: TopicSubscription, function_arn: str) -> Callable[[], object]:
        topic = arn.parse(wanted.topic_arn)
        sns = sns_backends[topic.account_id][topic.region]
        if wanted.topic_arn not in sns.topics:
            # one of another account or region
            sns.create_topic(topic.resource)
        settings = {"Endpoint": function_arn, **msgspec.json.decode(wanted.settings)}
        made = provision_events.subscribe(wanted.topic_arn, "lambda", settings)
        return lambda: sns.unsubscribe(made)

    def _notify(self, wanted: BucketNotification, function_arn: str) -> Callable[[], object]:
        bucket = s3_backends[ACCOUNT_ID]["aws"].get_bucket(wanted.bucket)
        made = Notification(
            function_arn, list(wanted.events), _filters(wanted), f"{wanted.function}-s3event"
        )
        _functions_of(bucket).append(made)

        def undo() -> None:
            functions = _functions_of(bucket)
            functions[:] = [notification for notification in functions if notification is not made]

        return undo

    def _put_rule(self, wanted: EventRule, function_arn: str) -> Callable[[], object]:
        events = events_backends[ACCOUNT_ID][self._cloud.region]
        events.put_rule(wanted.name, event_bus_arn="default", event_pattern=wanted.pattern)
        events.put_targets(wanted.name, "default", [{"Id": "1", "Arn": function_arn}])

        def undo() -> None:
            events.remove_targets(wanted.name, "default", ["1"])
            events.delete_rule(wanted.name, "default")

        return undo


def _functions_of(bucket: Any) -> list[Any]:
    """The notifications that call functions; the list may be changed."""
    if bucket.notification_configuration is None:
        bucket.notification_configuration = NotificationConfiguration()
    functions: list[Any] = bucket.notification_configuration.cloud_function
    return functions


def _filters(wanted: BucketNotification) -> dict[str, Any]:
    values = {"prefix": wanted.prefix, "suffix": wanted.suffix}
    rules = [{"Name": name, "Value": value} for name, value in values.items() if value]
    return {"S3Key": {"FilterRule": rules}} if rules else {}
