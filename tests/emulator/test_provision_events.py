"""What events come from, as a template describes it, exists in the cloud afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from push_bench import FUNCTION, PushBench, client

from emulator.cloud import in_process
from emulator.cloud.provision import ResourceRefusedError, provision
from emulator.push.subscription import BucketNotification, EventRule, TopicSubscription
from emulator.push.subscriptions import Subscriptions
from emulator.template import Names, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.push.subscription import Subscription

NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:news"
TOPIC = Resource(logical_id="News", type="AWS::SNS::Topic", properties={"TopicName": "news"})
BUCKET = Resource(logical_id="Files", type="AWS::S3::Bucket", properties={"BucketName": "files"})


@pytest.fixture
def bench() -> Iterator[PushBench]:
    made = PushBench()
    with in_process.answering(made.cloud):
        yield made


def make(bench: PushBench, *resources: Resource) -> list[str]:
    """Twice, as a reload does."""
    provision(resources, NAMES, bench.cloud)
    return provision(resources, NAMES, bench.cloud)


def resource(kind: str, **properties: Any) -> Resource:
    return Resource(logical_id="Thing", type=kind, properties=properties)


def test_subscription_joins_a_topic_and_a_queue_in_any_order(bench: PushBench) -> None:
    policy = {"kind": ["new"]}
    subscription = resource(
        "AWS::SNS::Subscription", TopicArn=TOPIC_ARN, Protocol="sqs", FilterPolicy=policy,
        Endpoint="arn:aws:sqs:us-east-1:123456789012:hear", RawMessageDelivery=True,
    )  # fmt: skip
    queue = resource("AWS::SQS::Queue", QueueName="hear")
    make(bench, subscription, queue, TOPIC)
    for kind in ("old", "new"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        client("sns").publish(TopicArn=TOPIC_ARN, Message=kind, MessageAttributes=attributes)

    received = client("sqs").receive_message(QueueUrl="hear", MaxNumberOfMessages=10)
    assert [message["Body"] for message in received["Messages"]] == ["new"]


def test_stream_has_its_shards_and_keeps_its_records(bench: PushBench) -> None:
    stream = resource("AWS::Kinesis::Stream", Name="clicks", ShardCount=2, RetentionPeriodHours=48)
    make(bench, stream)
    described = client("kinesis").describe_stream(StreamName="clicks")["StreamDescription"]

    assert (len(described["Shards"]), described["RetentionPeriodHours"]) == (2, 48)


def test_rule_sends_what_its_pattern_matches(bench: PushBench) -> None:
    rule = resource(
        "AWS::Events::Rule", Name="r", EventPattern={"source": ["shop"]},
        Targets=[{"Id": "1", "Arn": FUNCTION}],
    )  # fmt: skip
    assert make(bench, rule) == []
    entry = {"Source": "shop", "DetailType": "x", "Detail": "{}"}
    client("events").put_events(Entries=[entry])

    assert len(bench.pushed) == 1


def test_bucket_notifies_queues_and_functions(bench: PushBench) -> None:
    rules = [{"Name": "Prefix", "Value": "in/"}]
    queue_arn = "arn:aws:sqs:us-east-1:123456789012:hear"
    created = {"Event": "s3:ObjectCreated:*", "Filter": {"S3Key": {"Rules": rules}}}
    configuration = {
        "QueueConfigurations": [{**created, "Queue": queue_arn}],
        "LambdaConfigurations": [{**created, "Function": FUNCTION}],
    }
    bucket = resource(
        "AWS::S3::Bucket", BucketName="files", NotificationConfiguration=configuration
    )
    make(bench, bucket, resource("AWS::SQS::Queue", QueueName="hear"))
    for key in ("in/a", "out/a"):
        client("s3").put_object(Bucket="files", Key=key, Body=b"")

    received = client("sqs").receive_message(QueueUrl="hear", MaxNumberOfMessages=10)
    assert (len(bench.pushed), len(received["Messages"])) == (1, 1)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (resource("AWS::SNS::Topic", TopicName="no spaces"), "Topic names must be"),
        (resource("AWS::SNS::Subscription", Protocol="sqs"), "it has no TopicArn"),
        (resource("AWS::SNS::Subscription", Protocol="sqs", TopicArn="news", Endpoint="x"), "news"),
        (resource("AWS::Kinesis::Stream", Name="s", ShardCount="many"), "many"),
        (resource("AWS::Events::Rule", EventPattern={"source": "shop"}), "Event pattern"),
    ],
)
def test_what_aws_would_refuse_is_refused_with_the_reason(
    bench: PushBench, bad: Resource, reason: str
) -> None:
    with pytest.raises(ResourceRefusedError, match=f"Thing .*{reason}"):
        make(bench, bad)


TO_TOPIC = TopicSubscription(function="work", topic_arn=TOPIC_ARN)
TO_BUCKET = BucketNotification(function="work", bucket="files", events=("s3:ObjectCreated:*",))
TO_BUS = EventRule(function="work", name="r", pattern='{"source": ["shop"]}')


@pytest.mark.parametrize("wanted", [TO_TOPIC, TO_BUCKET, TO_BUS], ids=str)
def test_what_is_declared_no_longer_is_no_longer_subscribed_to(
    bench: PushBench, wanted: Subscription
) -> None:
    make(bench, TOPIC, BUCKET)
    subscriptions = Subscriptions(bench.cloud)

    def happen() -> int:
        bench.pushed.clear()
        client("sns").publish(TopicArn=TOPIC_ARN, Message="hello")
        client("s3").put_object(Bucket="files", Key="a", Body=b"")
        entry = {"Source": "shop", "DetailType": "x", "Detail": "{}"}
        client("events").put_events(Entries=[entry])
        return len(bench.pushed)

    for declared, expected in (([wanted], 1), ([wanted], 1), ([], 0)):
        subscriptions.apply(declared, {"work": FUNCTION})
        assert happen() == expected


def test_bucket_keeps_what_decorators_added_over_a_reload(bench: PushBench) -> None:
    configuration = {
        "LambdaConfigurations": [{"Event": "s3:ObjectRemoved:*", "Function": FUNCTION}]
    }
    bucket = resource(
        "AWS::S3::Bucket", BucketName="files", NotificationConfiguration=configuration
    )
    make(bench, bucket)
    Subscriptions(bench.cloud).apply([TO_BUCKET], {"work": FUNCTION})
    make(bench, bucket)
    client("s3").put_object(Bucket="files", Key="a", Body=b"")
    client("s3").delete_object(Bucket="files", Key="a")

    assert len(bench.pushed) == 2


def test_filter_policy_that_is_none_is_refused(bench: PushBench) -> None:
    make(bench, TOPIC)
    bad = TopicSubscription(
        function="work", topic_arn=TOPIC_ARN, settings='{"FilterPolicy": {"kind": [{"odd": 1}]}}'
    )
    with pytest.raises(ResourceRefusedError, match="work <- topic news is refused"):
        Subscriptions(bench.cloud).apply([bad], {"work": FUNCTION})
