"""What Lambda sends on by itself arrives where an ARN says.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from push_bench import FUNCTION, PushBench, client

from emulator.cloud import delivery, in_process
from emulator.cloud.aws import AwsError
from emulator.cloud.letter import Letter

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "us-east-1:123456789012"
ATTRIBUTES = {"RequestID": ("String", "r"), "ErrorCode": ("Number", "200")}


@pytest.fixture
def bench() -> Iterator[PushBench]:
    made = PushBench()
    with in_process.answering(made.cloud):
        yield made


def deliver(bench: PushBench, target: str) -> None:
    sent = Letter(target=target, sender=FUNCTION, body='{"n":1}', attributes=ATTRIBUTES)
    delivery.deliver(bench.cloud, sent)


def test_queue_gets_the_text_and_its_attributes(bench: PushBench) -> None:
    """…/invocation-async-retain-records.html"""
    url = client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    deliver(bench, f"arn:aws:sqs:{HERE}:dead")
    received = client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])

    (message,) = received["Messages"]
    assert message["Body"] == '{"n":1}'
    assert message["MessageAttributes"]["ErrorCode"]["StringValue"] == "200"


def test_topic_gets_it_too(bench: PushBench) -> None:
    """…/invocation-async-retain-records.html"""
    topic = client("sns").create_topic(Name="dead")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    deliver(bench, topic)

    (event,) = bench.events
    notification = event["Records"][0]["Sns"]
    assert notification["Message"] == '{"n":1}'
    assert notification["MessageAttributes"]["RequestID"] == {"Type": "String", "Value": "r"}


def test_bus_gets_it_as_the_detail_of_an_event(bench: PushBench) -> None:
    """…/invocation-async-retain-records.html"""
    events = client("events")
    events.put_rule(Name="failed", EventPattern=json.dumps({"source": ["lambda"]}))
    events.put_targets(Rule="failed", Targets=[{"Id": "1", "Arn": FUNCTION}])
    deliver(bench, f"arn:aws:events:{HERE}:event-bus/default")

    (event,) = bench.events
    assert event["detail"] == {"n": 1}
    assert event["detail-type"] == "Lambda Function Invocation Result - Failure"


@pytest.mark.parametrize("target", [f"arn:aws:sqs:{HERE}:gone", f"arn:aws:sns:{HERE}:gone", "?"])
def test_target_that_is_not_there_is_an_error(bench: PushBench, target: str) -> None:
    with pytest.raises(AwsError):
        deliver(bench, target)
