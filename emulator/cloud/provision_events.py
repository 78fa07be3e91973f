"""Makes what events come from exist: topics, subscriptions, streams, rules, notifications.

Each function is called with a template's resource and may be called again with the same.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends
from moto.kinesis.models import kinesis_backends
from moto.s3.models import NotificationConfiguration, s3_backends
from moto.sns.models import sns_backends

from emulator import arn

if TYPE_CHECKING:
    from emulator.cloud.aws import Cloud
    from emulator.template import Names, Resource

#: what a subscription is given once it exists; the scope decides how a policy is read
_SUBSCRIPTION_SETTINGS = ("FilterPolicyScope", "FilterPolicy", "RawMessageDelivery")
_TOPIC_ATTRIBUTES = ("ContentBasedDeduplication", "DisplayName", "FifoTopic")
#: members of a template's notification that S3's API names otherwise
_NOTIFICATIONS = (
    ("cloud_function", "LambdaConfigurations", "CloudFunction", "Function"),
    ("queue", "QueueConfigurations", "Queue", "Queue"),
    ("topic", "TopicConfigurations", "Topic", "Topic"),
)


def create_topic(cloud: Cloud, resource: Resource, names: Names) -> None:
    properties = resource.properties
    attributes = {name: properties[name] for name in _TOPIC_ATTRIBUTES if name in properties}
    sns = sns_backends[names.account_id][cloud.region]
    name = resource.name("TopicName", names.physical(resource.logical_id))
    topic = sns.create_topic(name, attributes)
    for subscription in properties.get("Subscription", []):
        sns.subscribe(topic.arn, subscription["Endpoint"], subscription["Protocol"])


def create_subscription(_cloud: Cloud, resource: Resource, _names: Names) -> None:
    properties = resource.properties
    subscribe(properties["TopicArn"], properties["Protocol"], properties)


def subscribe(topic_arn: str, protocol: str, properties: dict[str, Any]) -> str:
    """Subscribe ``Endpoint`` and give it its settings; returns the subscription's ARN."""
    topic = arn.parse(topic_arn)
    sns = sns_backends[topic.account_id][topic.region]
    subscription = sns.subscribe(topic_arn, properties["Endpoint"], protocol)
    for name in _SUBSCRIPTION_SETTINGS:
        value = properties.get(name)
        if value is not None:
            text = json.dumps(value) if isinstance(value, dict) else value
            sns.set_subscription_attributes(subscription.arn, name, text)
    return str(subscription.arn)


def create_stream(cloud: Cloud, resource: Resource, names: Names) -> None:
    properties = resource.properties
    name = resource.name("Name", names.physical(resource.logical_id))
    kinesis = kinesis_backends[names.account_id][cloud.region]
    if name not in kinesis.streams:
        kinesis.create_stream(
            name,
            int(properties.get("ShardCount", 1)),
            properties.get("StreamModeDetails"),
            properties.get("RetentionPeriodHours"),
        )


def create_rule(cloud: Cloud, resource: Resource, names: Names) -> None:
    properties = resource.properties
    name = resource.name("Name", names.physical(resource.logical_id))
    bus = properties.get("EventBusName", "default")
    pattern = properties.get("EventPattern")
    events = events_backends[names.account_id][cloud.region]
    events.put_rule(
        name,
        description=properties.get("Description"),
        event_bus_arn=bus,
        event_pattern=json.dumps(pattern) if isinstance(pattern, dict) else pattern,
        scheduled_expression=properties.get("ScheduleExpression"),
        state=properties.get("State"),
    )
    events.put_targets(name, bus, properties.get("Targets", []))


def notify(bucket_name: str, configuration: dict[str, Any], names: Names) -> None:
    """Give a bucket the NotificationConfiguration of its template.

    Notifications to functions that others have added stay.
    """
    bucket = s3_backends[names.account_id]["aws"].get_bucket(bucket_name)
    before = bucket.notification_configuration
    after = NotificationConfiguration(
        **{
            kind: [_notification(n, target, member) for n in configuration.get(property_name, [])]
            for kind, property_name, target, member in _NOTIFICATIONS
        },
        event_bridge={} if configuration.get("EventBridgeConfiguration") else None,
    )
    own_ids = {notification.id for notification in after.cloud_function}
    after.cloud_function += [
        n for n in (before.cloud_function if before else []) if n.id not in own_ids
    ]
    bucket.notification_configuration = after


def _notification(properties: dict[str, Any], target: str, member: str) -> dict[str, Any]:
    """As moto reads it of a request; the id says what it is made of, so that it stays the same."""
    rules = properties.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    content = json.dumps(properties, sort_keys=True)
    made: dict[str, Any] = {
        target: properties[member],
        "Event": [properties["Event"]],
        "Id": f"template-{zlib.crc32(content.encode()):08x}",
    }
    if rules:
        filters = [{"Name": r["Name"].lower(), "Value": r["Value"]} for r in rules]
        made["Filter"] = {"S3Key": {"FilterRule": filters}}
    return made
