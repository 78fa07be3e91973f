"""What a queue takes and what it refuses. APIReference/API_SendMessage.html."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.limits import MESSAGE_BYTES_MAX
from emulator.sqs.attributes import InvalidAttributeValueError, check_attributes
from emulator.sqs.batch_requests import BatchRefusedError, check_batch_size, check_entry_ids
from emulator.sqs.errors import (
    InvalidMessageContentsError,
    InvalidParameterValueError,
    MissingParameterError,
)
from emulator.sqs.message import MessageAttribute
from emulator.sqs.queue import Queue, QueueAttributes
from emulator.sqs.receiving import check_receive, chosen_attributes
from emulator.sqs.sending import Draft


def new_queue(**settings: Any) -> Queue:
    return Queue(QueueAttributes(name="work", arn="arn:aws:sqs:us-east-1:1:work", **settings))


def test_message_of_one_mebibyte_is_taken_and_one_byte_more_refused() -> None:
    """SQSDeveloperGuide/quotas-messages.html: the maximum is 1,048,576 bytes."""
    queue = new_queue()
    queue.send(0, "x" * MESSAGE_BYTES_MAX)
    with pytest.raises(InvalidParameterValueError) as refused:
        queue.send(0, "x" * (MESSAGE_BYTES_MAX + 1))
    assert str(refused.value) == (
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
    )


@pytest.mark.parametrize("name", ["a", "a.b-c_1", "awsome", "x" * 256])
def test_attribute_may_have_any_other_name(name: str) -> None:
    """SQSDeveloperGuide/sqs-message-metadata.html: letters, digits, _ - and single periods."""
    new_queue().send(0, "x", attributes={name: MessageAttribute("String", "x")})


def test_size_counts_bytes_and_the_attributes() -> None:
    """SQSDeveloperGuide/sqs-message-metadata.html: name, type and value count towards the size."""
    queue = new_queue(maximum_message_bytes=1024)
    attribute = {"name": MessageAttribute("String", "ü" * 5)}
    fits = 1024 - len("nameString") - 10
    queue.send(0, "x" * fits, attributes=attribute)
    with pytest.raises(InvalidParameterValueError):
        queue.send(0, "x" * (fits + 1), attributes=attribute)
    with pytest.raises(InvalidParameterValueError):
        queue.send(0, "ü" * 513)


def test_empty_body_is_a_missing_parameter() -> None:
    """Recorded on AWS."""
    with pytest.raises(MissingParameterError) as refused:
        new_queue().send(0, "")
    assert str(refused.value) == "The request must contain the parameter MessageBody."


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\ufffe", "\uffff"])
def test_character_outside_of_xml_is_refused(character: str) -> None:
    """APIReference/API_SendMessage.html: InvalidMessageContents lists the valid characters."""
    with pytest.raises(InvalidMessageContentsError):
        new_queue().send(0, f"a{character}b")


def test_body_with_line_breaks_comes_back_unchanged() -> None:
    """Recorded on AWS: CR and LF survive, and the digest agrees."""
    queue = new_queue()
    sent = queue.send(0, "a\r\nb\tü\U0001f600")
    received = queue.receive(0, 1)[0].message
    assert received.body == "a\r\nb\tü\U0001f600"
    assert received.md5_of_body == sent.md5_of_body


def test_digest_of_attributes_is_the_one_aws_computes() -> None:
    """SQSDeveloperGuide/sqs-message-metadata.html; the digest was recorded on AWS."""
    message = new_queue().send(
        0,
        "x",
        attributes={
            "Title": MessageAttribute("String", "The Whistler"),
            "Author": MessageAttribute("String", "John Grisham"),
            "WeeksOn": MessageAttribute("Number", "6"),
        },
    )
    assert message.md5_of_attributes == "d25a6aea97eb8f585bfa92d314504a92"


def test_message_without_attributes_has_no_digest_of_them() -> None:
    """APIReference/API_SendMessage.html: MD5OfMessageAttributes is there only with attributes."""
    assert new_queue().send(0, "x").md5_of_attributes is None


@pytest.mark.parametrize("delay_seconds", [-1, 901])
def test_delay_outside_of_fifteen_minutes_is_refused(delay_seconds: int) -> None:
    """SQSDeveloperGuide/sqs-message-timers.html: 0 to 900 seconds."""
    with pytest.raises(InvalidParameterValueError, match=r"must be >= 0 and <= 900\."):
        new_queue().send(0, "x", delay_seconds=delay_seconds)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("white space", MessageAttribute("String", "x")),
        (".start", MessageAttribute("String", "x")),
        ("end.", MessageAttribute("String", "x")),
        ("two..periods", MessageAttribute("String", "x")),
        ("aws.reserved", MessageAttribute("String", "x")),
        ("Amazon.reserved", MessageAttribute("String", "x")),
        ("x" * 257, MessageAttribute("String", "x")),
        ("name", MessageAttribute("Text", "x")),
        ("name", MessageAttribute("String", "")),
        ("name", MessageAttribute("Binary")),
    ],
)
def test_malformed_message_attribute_is_refused(name: str, attribute: MessageAttribute) -> None:
    """SQSDeveloperGuide/sqs-message-metadata.html: names, types, and no empty values."""
    with pytest.raises(InvalidParameterValueError, match="message attribute"):
        new_queue().send(0, "x", attributes={name: attribute})


def test_more_than_ten_entries_are_too_many() -> None:
    """SQSDeveloperGuide/quotas-messages.html; the text was recorded on AWS."""
    with pytest.raises(BatchRefusedError) as refused:
        check_entry_ids([str(n) for n in range(20)], action="SendMessage")
    assert refused.value.code == "TooManyEntriesInBatchRequest"
    assert str(refused.value) == ("Maximum number of entries per request are 10. You have sent 20.")


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
        (["x" * 81], "InvalidBatchEntryId"),
    ],
)
def test_batch_entry_ids_are_few_distinct_and_plain(ids: list[str], code: str) -> None:
    """APIReference/API_SendMessageBatch.html, section Errors."""
    with pytest.raises(BatchRefusedError) as refused:
        check_entry_ids(ids, action="SendMessage")
    assert refused.value.code == code


def test_first_id_that_comes_again_is_named() -> None:
    """Recorded on AWS: not the first id that is there twice."""
    with pytest.raises(BatchRefusedError, match="Id b repeated"):
        check_entry_ids(["a", "b", "b", "a"], action="SendMessage")


def test_batch_is_limited_to_the_bytes_of_one_message() -> None:
    """SQSDeveloperGuide/quotas-messages.html; the text was recorded on AWS."""
    half = Draft(body="x" * (MESSAGE_BYTES_MAX // 2))
    check_batch_size([half, half])
    with pytest.raises(BatchRefusedError) as refused:
        check_batch_size([half, half, Draft(body="x")])
    assert str(refused.value) == (
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
    )


@pytest.mark.parametrize("arguments", [(0, 0, None), (11, 0, None), (1, -1, 0), (1, 21, 0),
                                       (1, 0, -1), (1, 0, 43_201)])  # fmt: skip
def test_receive_outside_of_the_limits_is_refused(arguments: tuple[int, int, int | None]) -> None:
    """APIReference/API_ReceiveMessage.html: 1-10 messages, 0-20 s of waiting, 0-43,200 s hidden."""
    check_receive(10, 20, 43_200)
    with pytest.raises(InvalidParameterValueError, match="if provided"):
        check_receive(*arguments)


def test_receive_shows_only_the_attributes_asked_for() -> None:
    """APIReference/API_ReceiveMessage.html: names, ``prefix.*``, ``All``."""
    value = MessageAttribute("String", "x")
    message = new_queue().send(0, "x", attributes={"a": value, "job.id": value, "job.type": value})
    assert set(chosen_attributes(message, ["a"])) == {"a"}
    assert set(chosen_attributes(message, ["job.*"])) == {"job.id", "job.type"}
    assert set(chosen_attributes(message, ["All"])) == {"a", "job.id", "job.type"}
    assert chosen_attributes(message, []) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("VisibilityTimeout", "43201"), ("DelaySeconds", "901"), ("MessageRetentionPeriod", "59"),
     ("MaximumMessageSize", "1023"), ("ReceiveMessageWaitTimeSeconds", "21"),
     ("VisibilityTimeout", "soon")],
)  # fmt: skip
def test_queue_attribute_outside_of_its_range_is_refused(name: str, value: str) -> None:
    """APIReference/API_SetQueueAttributes.html: the range of each attribute."""
    with pytest.raises(InvalidAttributeValueError, match=name):
        check_attributes({name: value}, fifo=False)


@pytest.mark.parametrize(
    "policy", ["{", "[]", '{"maxReceiveCount": 0}', '{"maxReceiveCount": 1001}']
)
def test_redrive_policy_outside_of_the_rules_is_refused(policy: str) -> None:
    """SQSDeveloperGuide/sqs-configure-dead-letter-queue.html: maximum receives 1 to 1,000."""
    with pytest.raises(InvalidParameterValueError, match="RedrivePolicy"):
        check_attributes({"RedrivePolicy": policy}, fifo=False)
