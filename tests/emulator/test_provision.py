"""Resources of a template exist in the cloud afterwards."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import Cloud
from emulator.cloud.provision import ResourceRefusedError, provision
from emulator.journal import Journal
from emulator.template import Names, Resource

NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")
DEAD_ARN = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture
def cloud() -> Cloud:
    clock = VirtualClock()
    return Cloud(clock, Journal(clock))


def resource(kind: str, **properties: Any) -> Resource:
    return Resource(logical_id="Thing", type=kind, properties=properties)


def queue_attributes(cloud: Cloud, name: str) -> dict[str, str]:
    found = cloud.call("sqs", "GetQueueAttributes", QueueUrl=name, AttributeNames=["All"])
    return dict(found["Attributes"])


def work_queue(**more: Any) -> Resource:
    redrive = {"deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 5}
    return resource("AWS::SQS::Queue", QueueName="work", RedrivePolicy=redrive, **more)


DEAD_QUEUE = resource("AWS::SQS::Queue", QueueName="dead")


def test_queue_is_created_after_the_dead_letter_queue_it_names(cloud: Cloud) -> None:
    provision([work_queue(VisibilityTimeout=360), DEAD_QUEUE], NAMES, cloud)

    attributes = queue_attributes(cloud, "work")
    assert attributes["VisibilityTimeout"] == "360"
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == DEAD_ARN


def test_second_time_changes_settings_and_keeps_messages(cloud: Cloud) -> None:
    provision([work_queue(VisibilityTimeout=30), DEAD_QUEUE], NAMES, cloud)
    cloud.call("sqs", "SendMessage", QueueUrl="work", MessageBody="kept")

    provision([work_queue(VisibilityTimeout=60), DEAD_QUEUE], NAMES, cloud)

    attributes = queue_attributes(cloud, "work")
    assert attributes["VisibilityTimeout"] == "60"
    assert attributes["ApproximateNumberOfMessages"] == "1"


def test_fifo_queue_is_created_as_one(cloud: Cloud) -> None:
    fifo = resource(
        "AWS::SQS::Queue", QueueName="a.fifo", FifoQueue=True, ContentBasedDeduplication=True
    )
    provision([fifo], NAMES, cloud)
    provision([fifo], NAMES, cloud)

    attributes = queue_attributes(cloud, "a.fifo")
    assert (attributes["FifoQueue"], attributes["ContentBasedDeduplication"]) == ("true", "true")


def test_table_has_keys_stream_and_time_to_live(cloud: Cloud) -> None:
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

    provision([table], NAMES, cloud)
    provision([table], NAMES, cloud)

    found = cloud.call("dynamodb", "DescribeTable", TableName="rows")["Table"]
    ttl = cloud.call("dynamodb", "DescribeTimeToLive", TableName="rows")["TimeToLiveDescription"]
    assert found["StreamSpecification"]["StreamEnabled"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}


def test_bucket_is_created_once(cloud: Cloud) -> None:
    for _ in range(2):
        provision([resource("AWS::S3::Bucket", BucketName="files")], NAMES, cloud)

    s3 = boto3.session.Session().client("s3", region_name="us-east-1")
    with in_process.answering(cloud):
        assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["files"]


def test_what_aws_would_refuse_is_refused_by_its_name_with_the_reason(cloud: Cloud) -> None:
    bad = resource("AWS::SQS::Queue", QueueName="no spaces allowed")

    with pytest.raises(ResourceRefusedError, match=r"Thing .*InvalidParameterValue"):
        provision([bad], NAMES, cloud)


def test_bucket_with_a_name_that_s3_refuses_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ResourceRefusedError, match="InvalidBucketName"):
        provision([resource("AWS::S3::Bucket", BucketName="ab")], NAMES, cloud)


def test_dead_letter_queue_may_have_one_itself_in_any_order(cloud: Cloud) -> None:
    def redriving(logical_id: str, target: str) -> Resource:
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{target}"}
        properties = {"QueueName": logical_id, "RedrivePolicy": {**policy, "maxReceiveCount": 2}}
        return Resource(logical_id=logical_id, type="AWS::SQS::Queue", properties=properties)

    last = Resource(logical_id="c", type="AWS::SQS::Queue", properties={"QueueName": "c"})
    assert provision([redriving("a", "b"), redriving("b", "c"), last], NAMES, cloud) == []


def test_what_is_not_known_is_reported_and_what_has_no_effect_is_not(cloud: Cloud) -> None:
    notes = provision(
        [resource("AWS::Cognito::UserPool"), resource("AWS::CloudWatch::Alarm"), resource("")],
        NAMES,
        cloud,
    )

    assert notes == ["Thing: AWS::Cognito::UserPool is not created locally"]
