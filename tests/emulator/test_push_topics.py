"""Topics call functions.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from chalice.app import SNSEvent
from push_bench import FUNCTION, PushBench, client

from emulator.cloud import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench() -> Iterator[PushBench]:
    made = PushBench()
    with in_process.answering(made.cloud):
        yield made


def subscribe(**attributes: str) -> str:
    """A topic with the function subscribed; returns its ARN."""
    topic = client("sns").create_topic(Name="news")["TopicArn"]
    client("sns").subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION, Attributes=attributes
    )
    return str(topic)


def publish(topic: str, message: str = "hello", **more: Any) -> str:
    return str(client("sns").publish(TopicArn=topic, Message=message, **more)["MessageId"])


def test_event_has_the_members_that_sns_sends(bench: PushBench) -> None:
    """The example event (…/lambda/latest/dg/with-sns.html)."""
    topic = subscribe()
    attributes = {
        "kind": {"DataType": "String", "StringValue": "new"},
        "n": {"DataType": "Number", "StringValue": "5"},
    }
    message_id = publish(topic, Subject="greeting", MessageAttributes=attributes)
    ((arn, event, source),) = bench.pushed
    (record,) = event["Records"]
    subscription = record["EventSubscriptionArn"]

    assert (arn, source) == (FUNCTION, "topic news")
    assert subscription.startswith(f"{topic}:")
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": topic,
            "Subject": "greeting",
            "Message": "hello",
            "Timestamp": "2026-01-01T00:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": record["Sns"]["SigningCertUrl"],
            "UnsubscribeUrl": record["Sns"]["UnsubscribeUrl"],
            "MessageAttributes": {
                "kind": {"Type": "String", "Value": "new"},
                "n": {"Type": "Number", "Value": "5"},
            },
        },
    }
    parsed = SNSEvent(event, None)
    assert (parsed.subject, parsed.message) == ("greeting", "hello")


def test_message_without_a_subject_has_a_null_one(bench: PushBench) -> None:
    """As SNS sends it, and Chalice reads it (…/lambda/latest/dg/with-sns.html)."""
    publish(subscribe())

    assert SNSEvent(bench.events[0], None).subject is None


def test_filter_policy_lets_through_what_matches(bench: PushBench) -> None:
    """On attributes (…/sns/latest/dg/sns-message-filtering.html)."""
    topic = subscribe(FilterPolicy=json.dumps({"kind": ["new"]}))
    for kind in ("new", "old"):
        attribute = {"DataType": "String", "StringValue": kind}
        publish(topic, kind, MessageAttributes={"kind": attribute})

    assert [event["Records"][0]["Sns"]["Message"] for event in bench.events] == ["new"]


@pytest.mark.parametrize(
    "order", [("FilterPolicyScope", "FilterPolicy"), ("FilterPolicy", "FilterPolicyScope")]
)
def test_policy_and_scope_may_be_set_in_any_order(bench: PushBench, order: tuple[str, str]) -> None:
    """SetSubscriptionAttributes (…/sns/latest/api/API_SetSubscriptionAttributes.html)."""
    topic = subscribe()
    (subscription,) = client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    values = {"FilterPolicyScope": "MessageBody", "FilterPolicy": '{"kind": ["new"]}'}
    for name in order:
        client("sns").set_subscription_attributes(
            SubscriptionArn=subscription["SubscriptionArn"],
            AttributeName=name, AttributeValue=values[name],
        )  # fmt: skip
    publish(topic, '{"kind": "new"}')
    publish(topic, '{"kind": "old"}')

    assert [event["Records"][0]["Sns"]["Message"] for event in bench.events] == ['{"kind": "new"}']


def test_filter_policy_may_look_into_the_message(bench: PushBench) -> None:
    """FilterPolicyScope (…/sns/latest/dg/sns-message-filtering-scope.html)."""
    topic = subscribe(
        FilterPolicyScope="MessageBody", FilterPolicy=json.dumps({"n": [{"numeric": [">", 1]}]})
    )
    publish(topic, '{"n": 1}')
    publish(topic, '{"n": 2}')

    assert [event["Records"][0]["Sns"]["Message"] for event in bench.events] == ['{"n": 2}']


@pytest.mark.parametrize(
    ("policy", "matches"),
    [
        ({"kind": [{"equals-ignore-case": "NEW"}]}, True),
        ({"kind": [{"anything-but": {"suffix": "w"}}]}, False),
        ({"n": [5]}, True),
        ({"n": [{"numeric": [">=", 6]}]}, False),
        ({"tags": ["b"]}, True),
        ({"other": [{"exists": False}]}, True),
        ({"$or": [{"kind": ["old"]}, {"n": [5.0]}]}, True),
    ],
)
def test_operators_of_a_filter_policy(
    bench: PushBench, policy: dict[str, Any], *, matches: bool
) -> None:
    """…/sns/latest/dg/string-value-matching.html"""
    topic = subscribe(FilterPolicy=json.dumps(policy))
    attributes = {
        "kind": {"DataType": "String", "StringValue": "new"},
        "n": {"DataType": "Number", "StringValue": "5.0"},
        "tags": {"DataType": "String.Array", "StringValue": '["a", "b"]'},
    }
    publish(topic, MessageAttributes=attributes)

    assert bool(bench.pushed) == matches


def test_structured_message_has_its_own_text_for_functions(bench: PushBench) -> None:
    """MessageStructure (…/sns/latest/api/API_Publish.html)."""
    text = json.dumps({"default": "all", "lambda": "yours"})
    publish(subscribe(), text, MessageStructure="json")

    assert bench.events[0]["Records"][0]["Sns"]["Message"] == "yours"
