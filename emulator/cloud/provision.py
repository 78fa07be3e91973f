"""Makes a template's resources exist in the cloud, through AWS's own calls.

Creating twice changes nothing, so a reload keeps queues and rows; changed queue attributes are set.
What is not known here is reported by name, never skipped in silence.
"""

from __future__ import annotations

import contextlib
import functools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.template import Names, Resource

#: what a queue of a template may say that is no attribute of SetQueueAttributes
_NO_QUEUE_ATTRIBUTE = {"QueueName", "Tags"}
#: what cannot be changed once the queue exists
_FIXED_QUEUE_ATTRIBUTE = {"FifoQueue"}
#: properties of a table that CreateTable takes as they are
_TABLE_ARGUMENTS = {
    "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema",
    "LocalSecondaryIndexes", "ProvisionedThroughput", "Tags",
}  # fmt: skip
#: types that only grant, watch or describe: nothing to run locally
_WITHOUT_EFFECT = {
    "", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::Serverless::Function",
    "AWS::SQS::QueuePolicy",
}  # fmt: skip


class Clients:
    """The low-level clients that provisioning uses, each made when it is first needed."""

    def __init__(self, session: Any, region: str) -> None:
        self._session = session
        self._region = region

    @functools.cached_property
    def sqs(self) -> Any:
        return self._session.client("sqs", region_name=self._region)

    @functools.cached_property
    def dynamodb(self) -> Any:
        return self._session.client("dynamodb", region_name=self._region)

    @functools.cached_property
    def s3(self) -> Any:
        return self._session.client("s3", region_name=self._region)


def provision(resources: Iterable[Resource], names: Names, clients: Clients) -> list[str]:
    """Create or update every resource; returns one sentence for each that could not be."""
    notes = []
    for resource in sorted(resources, key=_has_dead_letter_queue):
        create = _CREATE.get(resource.type)
        if create is not None:
            create(clients, resource, names)
        elif resource.type not in _WITHOUT_EFFECT:
            notes.append(f"{resource.logical_id}: {resource.type} is not created locally")
    return notes


def _has_dead_letter_queue(resource: Resource) -> bool:
    # a queue can name only a dead-letter queue that exists
    return "RedrivePolicy" in resource.properties


def _create_queue(clients: Clients, resource: Resource, names: Names) -> None:
    name = resource.name("QueueName", names.physical(resource.logical_id))
    attributes = {
        key: _attribute(value)
        for key, value in resource.properties.items()
        if key not in _NO_QUEUE_ATTRIBUTE
    }
    try:
        url = clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except clients.sqs.exceptions.QueueDoesNotExist:
        clients.sqs.create_queue(QueueName=name, Attributes=attributes)
        return
    changeable = {k: v for k, v in attributes.items() if k not in _FIXED_QUEUE_ATTRIBUTE}
    if changeable:
        clients.sqs.set_queue_attributes(QueueUrl=url, Attributes=changeable)


def _attribute(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (dict, bool)) else str(value)


def _create_table(clients: Clients, resource: Resource, names: Names) -> None:
    properties = resource.properties
    name = resource.name("TableName", names.physical(resource.logical_id))
    arguments = {key: properties[key] for key in _TABLE_ARGUMENTS & properties.keys()}
    if stream := properties.get("StreamSpecification"):
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    try:
        clients.dynamodb.create_table(TableName=name, **arguments)
    except clients.dynamodb.exceptions.ResourceInUseException:
        return
    if ttl := properties.get("TimeToLiveSpecification"):
        clients.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    if backups := properties.get("PointInTimeRecoverySpecification"):
        clients.dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=backups
        )


def _create_bucket(clients: Clients, resource: Resource, names: Names) -> None:
    name = resource.name("BucketName", names.physical(resource.logical_id).lower())
    with contextlib.suppress(clients.s3.exceptions.BucketAlreadyOwnedByYou):
        clients.s3.create_bucket(Bucket=name)


_CREATE: dict[str, Callable[[Clients, Resource, Names], None]] = {
    "AWS::SQS::Queue": _create_queue,
    "AWS::DynamoDB::Table": _create_table,
    "AWS::S3::Bucket": _create_bucket,
}
