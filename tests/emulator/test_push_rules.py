"""Rules of event buses call functions.

In the sources ``…`` stands for https://docs.aws.amazon.com/eventbridge/latest/userguide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from chalice.app import CloudWatchEvent
from push_bench import FUNCTION, PushBench, client

from emulator.cloud import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench() -> Iterator[PushBench]:
    made = PushBench()
    with in_process.answering(made.cloud):
        yield made


def rule(pattern: dict[str, Any], arn: str = FUNCTION, **target: Any) -> None:
    events = client("events")
    events.put_rule(Name="orders", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": arn, **target}])


def put(detail: dict[str, Any], source: str = "shop") -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "order", "Detail": json.dumps(detail)}
    return dict(client("events").put_events(Entries=[entry])["Entries"][0])


def test_event_is_the_envelope_that_aws_sends(bench: PushBench) -> None:
    """With its time as a text (…/eb-events-structure.html)."""
    rule({"source": ["shop"]})
    event_id = put({"id": 1})["EventId"]
    ((arn, event, source),) = bench.pushed

    assert (arn, source) == (FUNCTION, "rule orders")
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": "order",
        "source": "shop",
        "account": "123456789012",
        "time": event["time"],
        "region": "us-east-1",
        "resources": [],
        "detail": {"id": 1},
    }
    assert event["time"].endswith("Z")
    assert CloudWatchEvent(event, None).detail == {"id": 1}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"detail": {"n": [{"numeric": [">", 5]}]}}, True),
        ({"detail": {"n": [{"numeric": [">", 50]}]}}, False),
        ({"detail": {"name": [{"anything-but": {"suffix": ".tmp"}}]}}, True),
        ({"detail": {"tags": ["b"]}}, True),
        ({"$or": [{"source": ["other"]}, {"detail-type": ["order"]}]}, True),
        ({"source": ["other"]}, False),
    ],
)
def test_pattern_decides_who_is_called(
    bench: PushBench, pattern: dict[str, Any], *, matches: bool
) -> None:
    """…/eb-create-pattern-operators.html"""
    rule(pattern)
    put({"n": 10, "name": "a.csv", "tags": ["a", "b"]})

    assert bool(bench.pushed) == matches


def test_disabled_rule_calls_nobody(bench: PushBench) -> None:
    """moto lets it match (…/eb-delete-rule.html)."""
    rule({"source": ["shop"]})
    client("events").disable_rule(Name="orders")
    put({})

    assert bench.pushed == []


def test_schedule_matches_no_event(bench: PushBench) -> None:
    """moto lets it match every one (…/eb-create-rule-schedule.html)."""
    events = client("events")
    events.put_rule(Name="tick", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": FUNCTION}])
    put({})

    assert bench.pushed == []


@pytest.mark.parametrize(
    ("target", "payload"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.items[1]"}, "b"),
        (
            {"InputTransformer": {
                "InputPathsMap": {"who": "$.source", "items": "$.detail.items"},
                "InputTemplate": '{"text": "from <who>", "who": <who>, "items": <items>}',
            }},
            {"text": "from shop", "who": "shop", "items": ["a", "b"]},
        ),
    ],
)  # fmt: skip
def test_target_gets_what_its_input_says(
    bench: PushBench, target: dict[str, Any], payload: Any
) -> None:
    """…/eb-transform-target-input.html"""
    rule({"source": ["shop"]}, **target)
    put({"items": ["a", "b"]})

    assert bench.events == [payload]


def test_queue_and_topic_get_the_event_too(bench: PushBench) -> None:
    """Targets beside functions (…/eb-targets.html)."""
    queue = client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    rule({"source": ["shop"]}, arn="arn:aws:sqs:us-east-1:123456789012:orders")
    topic = client("sns").create_topic(Name="orders")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    client("events").put_targets(Rule="orders", Targets=[{"Id": "2", "Arn": topic}])
    put({"id": 1})

    (message,) = client("sqs").receive_message(QueueUrl=queue)["Messages"]
    published = bench.events[0]["Records"][0]["Sns"]["Message"]
    assert json.loads(message["Body"]) == json.loads(published)
    assert json.loads(published)["detail"] == {"id": 1}


def test_target_that_does_not_exist_here_fails_no_request(bench: PushBench) -> None:
    """Delivery is no business of the sender (…/eb-rule-retry-policy.html)."""
    rule({"source": ["shop"]}, arn="arn:aws:states:us-east-1:123456789012:stateMachine:m")

    assert "EventId" in put({})
    assert bench.warnings == [
        "orders nothing is sent to arn:aws:states:us-east-1:123456789012:stateMachine:m locally"
    ]


def test_bucket_may_send_its_events_to_the_bus(bench: PushBench) -> None:
    """EventBridgeConfiguration (…/eb-s3.html)."""
    rule({"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "in/"}]}}})
    s3 = client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_bucket_notification_configuration(
        Bucket="files", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    for key in ("in/a", "out/a"):
        s3.put_object(Bucket="files", Key=key, Body=b"")

    assert [event["detail"]["object"]["key"] for event in bench.events] == ["in/a"]
    assert bench.events[0]["detail-type"] == "Object Created"


def test_pattern_that_is_none_is_refused(bench: PushBench) -> None:
    """…/eb-create-pattern-operators.html"""
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        rule({"source": [{"unknown": 1}]})
