"""What a queue of one type takes and the other does not, and how much may be in flight.

In the sources ``…`` stands for https://docs.aws.amazon.com/AWSSimpleQueueService/latest.
"""

from __future__ import annotations

from typing import Any

import pytest

from emulator.sqs.attributes import (
    InvalidAttributeNameError,
    InvalidAttributeValueError,
    QueueAttributes,
    check_attributes,
    check_throughput_limit,
)
from emulator.sqs.errors import InvalidParameterValueError, OverLimitError
from emulator.sqs.message import MessageAttribute
from emulator.sqs.queue import Queue
from emulator.sqs.redrive_allow_policy import check_allow_policy

ARN = "arn:aws:sqs:us-east-1:123456789012:work"


def new_queue(**attributes: Any) -> Queue:
    return Queue(QueueAttributes(name="work", arn=ARN, **attributes))


def test_nothing_is_handed_out_while_too_many_messages_are_in_flight() -> None:
    """120,000 (…/SQSDeveloperGuide/sqs-quotas.html)."""
    assert QueueAttributes(name="work", arn=ARN).in_flight_max == 120_000
    queue = new_queue(in_flight_max=3)
    for body in "abcde":
        queue.send(0, body)
    handles = [delivery.receipt_handle for delivery in queue.receive(0, 10)]
    assert (len(handles), queue.receive(0, 10)) == (3, [])
    with pytest.raises(OverLimitError):
        queue.check_in_flight(0)

    queue.delete(0, handles[0])
    assert len(queue.receive(0, 10)) == 1


def test_full_queue_is_next_receivable_when_a_visibility_timeout_ends() -> None:
    """A poller that waits for it does not spin (…/SQSDeveloperGuide/sqs-quotas.html)."""
    queue = new_queue(in_flight_max=1)
    queue.send(0, "a")
    queue.send(0, "b")
    queue.receive(0, 1, visibility_timeout_seconds=7)
    assert queue.next_visible_at_ms(0) == 7000


def test_message_group_makes_a_standard_queue_fair_and_orders_nothing() -> None:
    """Fair queues (…/SQSDeveloperGuide/sqs-fair-queues.html)."""
    queue = new_queue()
    queue.send(0, "a", group_id="tenant")
    queue.send(0, "b", group_id="tenant")
    assert [len(queue.receive(0, 1)) for _ in range(2)] == [1, 1]


def test_standard_queue_takes_no_deduplication_id() -> None:
    """It is for FIFO queues (…/APIReference/API_SendMessage.html)."""
    with pytest.raises(InvalidParameterValueError, match="not valid for this queue type"):
        new_queue().send(0, "a", deduplication_id="d")


@pytest.mark.parametrize("value", ["", "x" * 129, "white space", "ümlaut"])
@pytest.mark.parametrize("name", ["group_id", "deduplication_id"])
def test_group_and_deduplication_ids_are_short_and_plain(name: str, value: str) -> None:
    """1 to 128 characters of ASCII (…/APIReference/API_SendMessage.html)."""
    ids = {"group_id": "g", "deduplication_id": "d", name: value}
    with pytest.raises(InvalidParameterValueError, match="1 to 128 in length"):
        new_queue(fifo=True).send(0, "a", **ids)


def test_message_has_ten_attributes_at_most() -> None:
    """Ten (…/SQSDeveloperGuide/sqs-message-metadata.html)."""
    attributes = {str(n): MessageAttribute("String", "x") for n in range(11)}
    with pytest.raises(InvalidParameterValueError, match=r"\[11\] exceeds the allowed maximum"):
        new_queue().send(0, "a", attributes=attributes)


@pytest.mark.parametrize("text", ["x", "", "1e200", "NaN"])
def test_number_attribute_has_to_be_a_number(text: str) -> None:
    """38 digits, 10^-128 to 10^126 (…/SQSDeveloperGuide/sqs-message-metadata.html)."""
    attribute = {"n": MessageAttribute("Number", text)}
    with pytest.raises(InvalidParameterValueError):
        new_queue().send(0, "a", attributes=attribute)
    new_queue().send(0, "a", attributes={"n": MessageAttribute("Number.int", "-12.5e3")})


@pytest.mark.parametrize(
    "name", ["ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit"]
)
def test_fifo_attribute_is_unknown_to_a_standard_queue(name: str) -> None:
    """Only for FIFO queues (…/APIReference/API_SetQueueAttributes.html)."""
    value = {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}.get(name, "true")
    check_attributes({name: value}, fifo=True)
    with pytest.raises(InvalidAttributeNameError, match=f"Unknown Attribute {name}"):
        check_attributes({name: value}, fifo=False)


def test_attribute_that_sqs_does_not_have_is_refused() -> None:
    """InvalidAttributeName (…/APIReference/API_SetQueueAttributes.html)."""
    with pytest.raises(InvalidAttributeNameError, match="Unknown Attribute Colour"):
        check_attributes({"Colour": "red"}, fifo=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [("FifoQueue", "yes"), ("DeduplicationScope", "group"), ("FifoThroughputLimit", "none"),
     ("SqsManagedSseEnabled", "1")],
)  # fmt: skip
def test_word_that_an_attribute_does_not_have_is_refused(name: str, value: str) -> None:
    """The values of each attribute (…/APIReference/API_SetQueueAttributes.html)."""
    with pytest.raises(InvalidAttributeValueError, match=name):
        check_attributes({name: value}, fifo=True)


def test_high_throughput_needs_deduplication_by_group() -> None:
    """The two go together (…/SQSDeveloperGuide/high-throughput-fifo.html)."""
    high = {"FifoThroughputLimit": "perMessageGroupId"}
    check_throughput_limit({**high, "DeduplicationScope": "messageGroup"})
    with pytest.raises(InvalidParameterValueError, match="allowed only when"):
        check_throughput_limit({**high, "DeduplicationScope": "queue"})


@pytest.mark.parametrize(
    "policy",
    ["{", "[]", "{}", '{"redrivePermission": "some"}', '{"redrivePermission": "byQueue"}',
     '{"redrivePermission": "denyAll", "sourceQueueArns": ["x"]}'],
)  # fmt: skip
def test_redrive_allow_policy_outside_of_the_rules_is_refused(policy: str) -> None:
    """allowAll, denyAll, byQueue (…/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html)."""
    check_allow_policy('{"redrivePermission": "byQueue", "sourceQueueArns": ["x"]}')
    with pytest.raises(InvalidParameterValueError, match="RedriveAllowPolicy"):
        check_allow_policy(policy)
