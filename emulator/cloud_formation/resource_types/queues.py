"""Queues and their policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import (
    ResourceType,
    refuse_existing,
)
from emulator.template import suffix

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

#: What an attribute is once the template says nothing of it any more.
_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DelaySeconds": "0",
    "KmsMasterKeyId": "",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedriveAllowPolicy": "",
    "RedrivePolicy": "",
    "VisibilityTimeout": "30",
}
_ATTRIBUTES = {
    *_DEFAULTS, "DeduplicationScope", "FifoThroughputLimit", "KmsDataKeyReusePeriodSeconds",
    "MaximumMessageSize", "SqsManagedSseEnabled",
}  # fmt: skip


class Queue(ResourceType):
    type = "AWS::SQS::Queue"
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})
    named_by = "QueueName"
    name_chars_max = 80 - len(".fifo")
    known = frozenset({"QueueName", "FifoQueue", "Tags", *_ATTRIBUTES})
    fixed = frozenset({"QueueName", "FifoQueue"})

    def generated_name(self, name: str, properties: dict[str, Any]) -> str:
        return name + suffix(properties)

    def create(self, aws: Calls, wanted: Wanted) -> str:
        # SQS itself gives the queue to whoever creates it a second time
        refuse_existing(wanted.name, lambda: aws("sqs", "GetQueueUrl", QueueName=wanted.name))
        attributes = wanted.only(*_ATTRIBUTES)
        if wanted.properties.get("FifoQueue") in (True, "true"):
            attributes["FifoQueue"] = "true"
        answer = aws(
            "sqs", "CreateQueue", QueueName=wanted.name, Attributes=attributes, tags=wanted.tags
        )
        return str(answer["QueueUrl"])

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        url = resource.physical_resource_id
        left = {k: v for k, v in _DEFAULTS.items() if k in resource.properties}
        attributes = {**left, **wanted.only(*_ATTRIBUTES)}
        if attributes:
            aws("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=attributes)
        if gone := resource.wanted.tags.keys() - wanted.tags.keys():
            aws("sqs", "UntagQueue", QueueUrl=url, TagKeys=sorted(gone))
        if wanted.tags:
            aws("sqs", "TagQueue", QueueUrl=url, Tags=wanted.tags)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("sqs", "DeleteQueue", QueueUrl=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        url = resource.physical_resource_id
        if name == "Arn":
            answer = aws("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
            return answer["Attributes"]["QueueArn"]
        known = {"QueueName": resource.wanted.name, "QueueUrl": url}
        return known[name]


class QueuePolicy(ResourceType):
    type = "AWS::SQS::QueuePolicy"
    known = frozenset({"Queues", "PolicyDocument"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        _set_policy(aws, wanted, wanted.require("PolicyDocument"))
        return wanted.name

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self.delete(aws, resource)
        self.create(aws, wanted)

    def delete(self, aws: Calls, resource: Resource) -> None:
        _set_policy(aws, resource.wanted, "")


def _set_policy(aws: Calls, wanted: Wanted, policy: Any) -> None:
    for url in wanted.require("Queues"):
        aws("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})


TYPES = (Queue(), QueuePolicy())
