"""Makes a template's resources exist in the cloud, through AWS's own calls.

Creating twice changes nothing, so a reload keeps queues and rows; changed queue attributes are set.
What is not known here is reported by name, never skipped in silence.
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from moto.core.exceptions import ServiceException
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends
from werkzeug.exceptions import HTTPException

from emulator.cloud import provision_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.cloud.aws import Cloud
    from emulator.template import Names, Resource

#: Makes one resource exist; may be called again with the same.
Create: TypeAlias = "Callable[[Cloud, Resource, Names], None]"

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
    "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Permission", "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy", "AWS::Serverless::Function", "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}  # fmt: skip


class ResourceRefusedError(ValueError):
    """AWS would not create a resource of the template; the message says which, and why."""


def provision(resources: Iterable[Resource], names: Names, cloud: Cloud) -> list[str]:
    """Create or update every resource; returns one sentence for each that is not known here.

    Raises ResourceRefusedError for what AWS would refuse.
    """
    resources = list(resources)
    redriving = [resource for resource in resources if "RedrivePolicy" in resource.properties]
    # a queue can name only a dead-letter queue that exists, which may have one itself
    for resource in (*map(_without_redrive, resources), *redriving):
        if create := _CREATE.get(resource.type):
            _create(create, resource, names, cloud=cloud)
    for resource in resources:
        if link := _LINK.get(resource.type):
            _create(link, resource, names, cloud=cloud)
    known = _CREATE.keys() | _LINK.keys() | _WITHOUT_EFFECT
    return [
        f"{resource.logical_id}: {resource.type} is not created locally"
        for resource in resources
        if resource.type not in known
    ]


def _create(create: Create, resource: Resource, names: Names, *, cloud: Cloud) -> None:
    try:
        create(cloud, resource, names)
    except KeyError as error:
        problem = f"it has no {error.args[0]}"
    except (AttributeError, TypeError, ValueError, HTTPException, ServiceException) as error:
        problem = str(error)
    else:
        return
    raise ResourceRefusedError(
        f"resource {resource.logical_id} ({resource.type}) is refused: {problem}"
    )


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
        _update_stream(tables[name], resource.properties.get("StreamSpecification"))
        return
    key = msgspec.json.encode((name, cloud.region, resource.properties))
    if key not in _pristine:
        _call_for_table(cloud, name, resource.properties)
        _pristine[key] = pickle.dumps(tables[name])
        return
    tables[name] = pickle.loads(_pristine[key])
    if tables[name].stream_shard is not None:
        # a stream of its own, that begins now
        tables[name].set_stream_specification(tables[name].stream_specification)


def _update_stream(table: Any, wanted: dict[str, Any] | None) -> None:
    """Another view is another stream; the same one goes on."""
    before = table.stream_specification.get("StreamViewType")
    if wanted and wanted.get("StreamViewType") != before:
        table.set_stream_specification(dict(wanted))


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
    name = _bucket_name(resource, names)
    buckets = s3_backends[names.account_id]["aws"]
    if name not in buckets.buckets:
        buckets.create_bucket(name, cloud.region)


def _link_bucket(cloud: Cloud, resource: Resource, names: Names) -> None:
    configuration = resource.properties.get("NotificationConfiguration")
    if configuration:
        provision_events.notify(_bucket_name(resource, names), configuration, names)


def _bucket_name(resource: Resource, names: Names) -> str:
    return resource.name("BucketName", names.physical(resource.logical_id).lower())


_CREATE: dict[str, Create] = {
    "AWS::SQS::Queue": _create_queue,
    "AWS::DynamoDB::Table": _create_table,
    "AWS::S3::Bucket": _create_bucket,
    "AWS::SNS::Topic": provision_events.create_topic,
    "AWS::Kinesis::Stream": provision_events.create_stream,
}
#: what joins others, once all of them are there
_LINK: dict[str, Create] = {
    "AWS::S3::Bucket": _link_bucket,
    "AWS::SNS::Subscription": provision_events.create_subscription,
    "AWS::Events::Rule": provision_events.create_rule,
}
