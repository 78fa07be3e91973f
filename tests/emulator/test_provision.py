"""Resources of a template exist in the cloud afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import Cloud
from emulator.cloud.provision import Clients, provision
from emulator.journal import Journal
from emulator.template import Names, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")
DEAD_ARN = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture(scope="module")
def module_clients() -> Clients:
    return Clients(boto3.session.Session(), "us-east-1")


@pytest.fixture
def clients(module_clients: Clients) -> Iterator[Clients]:
    clock = VirtualClock()
    with in_process.answering(Cloud(clock, Journal(clock))):
        yield module_clients


def resource(kind: str, **properties: Any) -> Resource:
    return Resource(logical_id="Thing", type=kind, properties=properties)


def queue_attributes(clients: Clients, name: str) -> dict[str, str]:
    url = clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return dict(found["Attributes"])


def work_queue(**more: Any) -> Resource:
    redrive = {"deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 5}
    return resource("AWS::SQS::Queue", QueueName="work", RedrivePolicy=redrive, **more)


DEAD_QUEUE = resource("AWS::SQS::Queue", QueueName="dead")


def test_queue_is_created_after_the_dead_letter_queue_it_names(clients: Clients) -> None:
    provision([work_queue(VisibilityTimeout=360), DEAD_QUEUE], NAMES, clients)

    attributes = queue_attributes(clients, "work")
    assert attributes["VisibilityTimeout"] == "360"
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == DEAD_ARN


def test_second_time_changes_settings_and_keeps_messages(clients: Clients) -> None:
    provision([work_queue(VisibilityTimeout=30), DEAD_QUEUE], NAMES, clients)
    url = clients.sqs.get_queue_url(QueueName="work")["QueueUrl"]
    clients.sqs.send_message(QueueUrl=url, MessageBody="kept")

    provision([work_queue(VisibilityTimeout=60), DEAD_QUEUE], NAMES, clients)

    attributes = queue_attributes(clients, "work")
    assert attributes["VisibilityTimeout"] == "60"
    assert attributes["ApproximateNumberOfMessages"] == "1"


def test_fifo_queue_is_created_as_one(clients: Clients) -> None:
    fifo = resource(
        "AWS::SQS::Queue", QueueName="a.fifo", FifoQueue=True, ContentBasedDeduplication=True
    )
    provision([fifo], NAMES, clients)
    provision([fifo], NAMES, clients)

    attributes = queue_attributes(clients, "a.fifo")
    assert (attributes["FifoQueue"], attributes["ContentBasedDeduplication"]) == ("true", "true")


def test_table_has_keys_stream_and_time_to_live(clients: Clients) -> None:
    table = resource(
        "AWS::DynamoDB::Table",
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        TimeToLiveSpecification={"AttributeName": "x", "Enabled": True},
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )

    provision([table], NAMES, clients)
    provision([table], NAMES, clients)

    found = clients.dynamodb.describe_table(TableName="rows")["Table"]
    ttl = clients.dynamodb.describe_time_to_live(TableName="rows")["TimeToLiveDescription"]
    assert found["StreamSpecification"]["StreamEnabled"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}


def test_bucket_is_created_once(clients: Clients) -> None:
    for _ in range(2):
        provision([resource("AWS::S3::Bucket", BucketName="files")], NAMES, clients)

    assert [b["Name"] for b in clients.s3.list_buckets()["Buckets"]] == ["files"]


def test_what_is_not_known_is_reported_and_what_has_no_effect_is_not(clients: Clients) -> None:
    notes = provision(
        [resource("AWS::Kinesis::Stream"), resource("AWS::CloudWatch::Alarm"), resource("")],
        NAMES,
        clients,
    )

    assert notes == ["Thing: AWS::Kinesis::Stream is not created locally"]
