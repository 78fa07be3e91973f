"""The events of a project that topics, buckets and the event bus push to its functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from chalice.app import CloudWatchEventConfig, S3EventConfig, SNSEventConfig

from emulator.declared import merged_events
from emulator.push.subscription import BucketNotification, EventRule, TopicSubscription

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalice import Chalice

    from emulator.push.subscription import Subscription
    from emulator.template import Names, Resource

#: What Chalice ends the name of a topic's event with, and that of a rule.
_TOPIC_EVENT, _RULE = "SnsSubscription", "-event"


def read(app: Chalice, resources: Sequence[Resource], names: Names) -> list[Subscription]:
    """What ``app``'s decorators subscribe to."""
    return list(_read(app, resources, names))


def _read(app: Chalice, resources: Sequence[Resource], names: Names) -> Iterator[Subscription]:
    for source in app.event_sources:
        if isinstance(source, SNSEventConfig):
            yield _topic(source, resources, names)
        elif isinstance(source, S3EventConfig):
            yield BucketNotification(
                function=source.name,
                bucket=source.bucket,
                events=tuple(source.events),
                prefix=source.prefix,
                suffix=source.suffix,
            )
        elif isinstance(source, CloudWatchEventConfig):
            yield EventRule(
                function=source.name,
                name=names.physical(source.name + _RULE),
                pattern=msgspec.json.encode(source.event_pattern).decode(),
            )


def _topic(
    source: SNSEventConfig, resources: Sequence[Resource], names: Names
) -> TopicSubscription:
    arn = source.topic
    if not arn.startswith("arn:"):
        arn = f"arn:aws:sns:{names.region}:{names.account_id}:{source.topic}"
    merged = merged_events.event_properties(source.name, _TOPIC_EVENT, resources)
    wanted = {
        name: merged[name] for name in ("FilterPolicy", "FilterPolicyScope") if name in merged
    }
    return TopicSubscription(
        function=source.name, topic_arn=arn, settings=msgspec.json.encode(wanted).decode()
    )
