"""The event a function gets for queue messages.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from emulator.mapping.sqs_event import encode_record, event_of
from emulator.sqs.queue import Delivery, MessageAttribute, Queue, QueueAttributes

ARN = "arn:aws:sqs:eu-west-1:123456789012:jobs"
NOW_MS = 1_767_225_600_000


def deliver(body: str = "hello", *, fifo: bool = False, **more: Any) -> Delivery:
    """Send a message and receive it two seconds later."""
    queue = Queue(QueueAttributes(name="jobs", arn=ARN, fifo=fifo))
    queue.send(NOW_MS, body, **more)
    return queue.receive(NOW_MS + 2000, 1)[0]


def record_of(delivery: Delivery, *, has_window: bool = False) -> dict[str, Any]:
    record = encode_record(delivery, queue_arn=ARN, has_window=has_window)
    decoded: dict[str, Any] = msgspec.json.decode(record)
    return decoded


def test_event_is_one_object_of_records() -> None:
    """Records, even for one message (…/lambda/latest/dg/with-sqs.html)."""
    assert event_of([b'{"a":1}', b'{"a":2}']) == b'{"Records":[{"a":1},{"a":2}]}'


def test_record_has_every_member_aws_gives() -> None:
    """The example event (…/lambda/latest/dg/with-sqs.html)."""
    delivery = deliver()

    assert record_of(delivery) == {
        "messageId": delivery.message.message_id,
        "receiptHandle": delivery.receipt_handle,
        "body": "hello",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(NOW_MS),
            "SenderId": delivery.message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(NOW_MS + 2000),
        },
        "messageAttributes": {},
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "eu-west-1",
    }


@pytest.mark.parametrize("body", ['{"a": 1}', "line\r\nline", "naïve \U0001f600", " ", '"'])
def test_body_is_the_sent_text_unchanged(body: str) -> None:
    """Always a string, never decoded (…/lambda/latest/dg/with-sqs.html)."""
    assert record_of(deliver(body))["body"] == body


def test_fifo_record_names_sequence_group_and_deduplication_id() -> None:
    """The FIFO example event (…/lambda/latest/dg/with-sqs.html)."""
    delivery = deliver(fifo=True, group_id="g", deduplication_id="d")
    attributes = record_of(delivery)["attributes"]

    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("g", "d")
    assert attributes["SequenceNumber"] == delivery.message.sequence_number
    assert all(isinstance(value, str) for value in attributes.values())


def test_message_group_id_shows_on_a_standard_queue_too() -> None:
    """Fair queues (…/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html)."""
    attributes = record_of(deliver(group_id="tenant"))["attributes"]

    assert attributes["MessageGroupId"] == "tenant"
    assert "SequenceNumber" not in attributes


def test_dead_letter_record_names_its_source() -> None:
    """DeadLetterQueueSourceArn (…/APIReference/API_ReceiveMessage.html)."""
    dead = Queue(QueueAttributes(name="dead", arn=f"{ARN}-dead"))
    dead.accept_dead_letter(NOW_MS, deliver().message, ARN)
    attributes = record_of(dead.receive(NOW_MS, 1)[0])["attributes"]

    assert attributes["DeadLetterQueueSourceArn"] == ARN
    assert attributes["ApproximateReceiveCount"] == "2"


def test_trace_header_shows_among_the_attributes() -> None:
    """AWSTraceHeader (…/APIReference/API_ReceiveMessage.html)."""
    delivery = deliver(system_attributes={"AWSTraceHeader": "Root=1-5e-1"})

    assert record_of(delivery)["attributes"]["AWSTraceHeader"] == "Root=1-5e-1"


def test_message_attributes_carry_value_type_and_two_empty_lists() -> None:
    """Binary values are base64 (…/lambda/latest/dg/with-sqs.html)."""
    delivery = deliver(
        attributes={
            "kind": MessageAttribute("String", string_value="x"),
            "blob": MessageAttribute("Binary", binary_value=b"\x00\xff"),
        }
    )
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}

    assert record_of(delivery)["messageAttributes"] == {
        "kind": {"stringValue": "x", "dataType": "String", **lists},
        "blob": {
            "binaryValue": base64.b64encode(b"\x00\xff").decode(), "dataType": "Binary", **lists,
        },
    }  # fmt: skip


@pytest.mark.parametrize("has_window", [False, True])
def test_digest_of_message_attributes_is_shown(*, has_window: bool) -> None:
    """The digest a client checks (…/SQSDeveloperGuide/sqs-message-metadata.html)."""
    delivery = deliver(
        attributes={
            "Title": MessageAttribute("String", string_value="The Whistler"),
            "Author": MessageAttribute("String", string_value="John Grisham"),
            "WeeksOn": MessageAttribute("Number", string_value="6"),
        }
    )
    record = record_of(delivery, has_window=has_window)

    assert record["md5OfMessageAttributes"] == "d25a6aea97eb8f585bfa92d314504a92"


def test_digest_of_no_message_attributes_is_absent_without_a_window() -> None:
    """Seen on AWS: the key is not there (…/lambda/latest/dg/with-sqs.html)."""
    assert "md5OfMessageAttributes" not in record_of(deliver())


def test_digest_of_no_message_attributes_is_null_with_a_window() -> None:
    """Seen on AWS: the key is there, and null (…/lambda/latest/dg/with-sqs.html)."""
    record = record_of(deliver(), has_window=True)

    assert record["md5OfMessageAttributes"] is None
    assert "md5OfMessageAttributes" in record
