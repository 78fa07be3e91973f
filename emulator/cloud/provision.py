"""Makes a template's resources exist in the cloud, through AWS's own calls.

Creating twice changes nothing, so a reload keeps queues and rows; changed queue attributes are set.
What is not known here is reported by name, never skipped in silence.
"""

from __future__ import annotations

import http
import json
import pickle
from typing import TYPE_CHECKING, Any

import msgspec
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.exceptions import SQSException
from moto.sqs.models import sqs_backends

from emulator.cloud.aws import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.cloud.aws import Cloud
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
#: what a table is given once it exists, by the call that gives it
_TABLE_SETTINGS = {
    "UpdateTimeToLive": "TimeToLiveSpecification",
    "UpdateContinuousBackups": "PointInTimeRecoverySpecification",
}
#: types that only grant, watch or describe: nothing to run locally
_WITHOUT_EFFECT = {
    "", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::Serverless::Function",
    "AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy",
}  # fmt: skip


class ResourceRefusedError(ValueError):
    """AWS would not create a resource of the template; the message says which, and why."""


def provision(resources: Iterable[Resource], names: Names, cloud: Cloud) -> list[str]:
    """Create or update every resource; returns one sentence for each that is not known here.

    Raises ResourceRefusedError for what AWS would refuse.
    """
    notes = []
    resources = list(resources)
    redriving = [resource for resource in resources if "RedrivePolicy" in resource.properties]
    # a queue can name only a dead-letter queue that exists, which may have one itself
    for resource in (*map(_without_redrive, resources), *redriving):
        if resource.type in _CREATE:
            _create(cloud, resource, names)
        elif resource.type not in _WITHOUT_EFFECT:
            notes.append(f"{resource.logical_id}: {resource.type} is not created locally")
    return notes


def _create(cloud: Cloud, resource: Resource, names: Names) -> None:
    try:
        _CREATE[resource.type](cloud, resource, names)
    except (AwsError, SQSException) as error:
        raise ResourceRefusedError(
            f"resource {resource.logical_id} ({resource.type}) is refused: {error}"
        ) from None


def _without_redrive(resource: Resource) -> Resource:
    properties = {k: v for k, v in resource.properties.items() if k != "RedrivePolicy"}
    return msgspec.structs.replace(resource, properties=properties)


def _create_queue(cloud: Cloud, resource: Resource, names: Names) -> None:
    name = resource.name("QueueName", names.physical(resource.logical_id))
    attributes = {
        key: _attribute(value)
        for key, value in resource.properties.items()
        if key not in _NO_QUEUE_ATTRIBUTE
    }
    queues = sqs_backends[names.account_id][cloud.region]
    if name not in queues.queues:
        queues.create_queue(name, **attributes)
        return
    changeable = {k: v for k, v in attributes.items() if k not in _FIXED_QUEUE_ATTRIBUTE}
    if changeable:
        queues.set_queue_attributes(name, changeable)


def _attribute(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (dict, bool)) else str(value)


#: Empty tables by what they were made from: a copy costs a test a fraction of four calls.
_pristine: dict[bytes, bytes] = {}


def _create_table(cloud: Cloud, resource: Resource, names: Names) -> None:
    name = resource.name("TableName", names.physical(resource.logical_id))
    tables = dynamodb_backends[names.account_id][cloud.region].tables
    if name in tables:
        return
    key = msgspec.json.encode((name, cloud.region, resource.properties))
    if key not in _pristine:
        _call_for_table(cloud, name, resource.properties)
        _pristine[key] = pickle.dumps(tables[name])
        return
    tables[name] = pickle.loads(_pristine[key])


def _call_for_table(cloud: Cloud, name: str, properties: dict[str, Any]) -> None:
    arguments = {key: properties[key] for key in _TABLE_ARGUMENTS & properties.keys()}
    if stream := properties.get("StreamSpecification"):
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    cloud.call("dynamodb", "CreateTable", TableName=name, **arguments)
    for operation, setting in _TABLE_SETTINGS.items():
        if setting in properties:
            more = {setting: properties[setting]}
            cloud.call("dynamodb", operation, TableName=name, **more)


def _create_bucket(cloud: Cloud, resource: Resource, names: Names) -> None:
    name = resource.name("BucketName", names.physical(resource.logical_id).lower())
    # creating one's own bucket again is no error in us-east-1, and nothing else is asked here
    answer = cloud.handle(
        service="s3",
        region="us-east-1",
        method="PUT",
        url=f"https://s3.amazonaws.com/{name}",
        headers={},
        body=b"",
    )
    if answer.status != http.HTTPStatus.OK:
        raise AwsError("InvalidBucketName", name)


_CREATE: dict[str, Callable[[Cloud, Resource, Names], None]] = {
    "AWS::SQS::Queue": _create_queue,
    "AWS::DynamoDB::Table": _create_table,
    "AWS::S3::Bucket": _create_bucket,
}
