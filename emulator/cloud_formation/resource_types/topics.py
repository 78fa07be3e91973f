"""Topics, their subscriptions and policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import (
    AlreadyExistsError,
    ResourceType,
)
from emulator.template import suffix

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

_TOPIC_ATTRIBUTES = (
    "ContentBasedDeduplication", "DisplayName", "FifoTopic", "KmsMasterKeyId", "SignatureVersion",
    "TracingConfig",
)  # fmt: skip
_SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy", "FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy",
    "SubscriptionRoleArn",
)  # fmt: skip


class Topic(ResourceType):
    type = "AWS::SNS::Topic"
    attributes = frozenset({"TopicArn", "TopicName"})
    named_by = "TopicName"
    known = frozenset({"TopicName", "Subscription", "Tags", *_TOPIC_ATTRIBUTES})
    fixed = frozenset({"TopicName", "FifoTopic"})

    def generated_name(self, name: str, properties: dict[str, Any]) -> str:
        return name + suffix(properties)

    def create(self, aws: Calls, wanted: Wanted) -> str:
        topics = aws("sns", "ListTopics")["Topics"]
        if wanted.name in {topic["TopicArn"].rpartition(":")[2] for topic in topics}:
            raise AlreadyExistsError(wanted.name)
        answer = aws(
            "sns", "CreateTopic", Name=wanted.name, Tags=wanted.tag_list(),
            Attributes=wanted.only(*_TOPIC_ATTRIBUTES),
        )  # fmt: skip
        return str(answer["TopicArn"])

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        for subscription in wanted.properties.get("Subscription", []):
            aws("sns", "Subscribe", TopicArn=physical_id, **subscription)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        arn = resource.physical_resource_id
        for name in _TOPIC_ATTRIBUTES:
            before, after = resource.properties.get(name), wanted.properties.get(name)
            if before != after:
                aws(
                    "sns", "SetTopicAttributes", TopicArn=arn, AttributeName=name,
                    AttributeValue="" if after is None else after,
                )  # fmt: skip
        known = resource.properties.get("Subscription", [])
        for subscription in wanted.properties.get("Subscription", []):
            if subscription not in known:
                aws("sns", "Subscribe", TopicArn=arn, **subscription)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("sns", "DeleteTopic", TopicArn=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        arn = resource.physical_resource_id
        known = {"TopicArn": arn, "TopicName": arn.rpartition(":")[2]}
        return known[name]


class Subscription(ResourceType):
    type = "AWS::SNS::Subscription"
    known = frozenset({"TopicArn", "Protocol", "Endpoint", "Region", *_SUBSCRIPTION_ATTRIBUTES})
    fixed = frozenset({"TopicArn", "Protocol", "Endpoint", "Region"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        answer = aws(
            "sns", "Subscribe", ReturnSubscriptionArn=True,
            **wanted.only("TopicArn", "Protocol", "Endpoint"),
        )  # fmt: skip
        return str(answer["SubscriptionArn"])

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        self._set(aws, physical_id, before={}, wanted=wanted)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self._set(aws, resource.physical_resource_id, before=resource.properties, wanted=wanted)

    def _set(self, aws: Calls, arn: str, *, before: dict[str, Any], wanted: Wanted) -> None:
        # the scope comes before the policy, which is read by it
        for name in _SUBSCRIPTION_ATTRIBUTES:
            value = wanted.properties.get(name)
            if value != before.get(name):
                aws(
                    "sns", "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name,
                    AttributeValue="{}" if value is None else value,
                )  # fmt: skip

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("sns", "Unsubscribe", SubscriptionArn=resource.physical_resource_id)


class TopicPolicy(ResourceType):
    type = "AWS::SNS::TopicPolicy"
    known = frozenset({"Topics", "PolicyDocument"})
    fixed = frozenset({"Topics"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        for arn in wanted.require("Topics"):
            aws(
                "sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy",
                AttributeValue=wanted.require("PolicyDocument"),
            )  # fmt: skip
        return wanted.name

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self.create(aws, wanted)


TYPES = (Topic(), Subscription(), TopicPolicy())
