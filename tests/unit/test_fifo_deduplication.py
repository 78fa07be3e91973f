"""Deduplication. SQSDeveloperGuide/using-messagededuplicationid-property.html."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.sqs.errors import InvalidParameterValueError
from emulator.sqs.queue import Queue, QueueAttributes


def new_queue(**settings: Any) -> Queue:
    arn = "arn:aws:sqs:us-east-1:123456789012:work.fifo"
    return Queue(QueueAttributes(name="work.fifo", arn=arn, fifo=True, **settings))


def test_duplicate_answers_the_first_message_and_stores_nothing() -> None:
    """The send succeeds with the first one's id and sequence number."""
    queue = new_queue()
    first = queue.send(0, "a", group_id="g", deduplication_id="d")
    second = queue.send(1, "b", group_id="g", deduplication_id="d")
    assert (second.message_id, second.sequence_number) == (first.message_id, first.sequence_number)
    assert queue.counts(1).visible == 1


def test_deduplication_id_is_forgotten_after_five_minutes() -> None:
    """The interval is five minutes from the first send; duplicates do not extend it."""
    queue = new_queue()
    for at_ms in (0, 299_999, 300_000):
        queue.send(at_ms, "a", group_id="g", deduplication_id="d")
    assert queue.counts(300_000).visible == 2


def test_deduplication_id_is_remembered_after_the_message_was_deleted() -> None:
    """SQS continues to keep track of the id even after the message is received and deleted."""
    queue = new_queue()
    queue.send(0, "a", group_id="g", deduplication_id="d")
    queue.delete(0, queue.receive(0, 1)[0].receipt_handle)
    queue.send(1, "a", group_id="g", deduplication_id="d")
    assert queue.counts(1).visible == 0


def test_deduplication_reaches_across_groups() -> None:
    """DeduplicationScope queue, the default."""
    queue = new_queue()
    for group_id in ("g1", "g2"):
        queue.send(0, "a", group_id=group_id, deduplication_id="d")
    assert queue.counts(0).visible == 1


def test_deduplication_scope_of_a_message_group_narrows_it() -> None:
    """DeduplicationScope messageGroup."""
    queue = new_queue(deduplication_scope="messageGroup")
    for group_id in ("g1", "g2", "g1"):
        queue.send(0, "a", group_id=group_id, deduplication_id="d")
    assert queue.counts(0).visible == 2


def test_content_based_deduplication_compares_bodies() -> None:
    """ContentBasedDeduplication: SHA-256 of the body, not of the attributes."""
    queue = new_queue(content_based_deduplication=True)
    for body in ("a", "b", "a"):
        queue.send(0, body, group_id="g")
    assert [d.message.body for d in queue.receive(0, 10)] == ["a", "b"]


def test_explicit_id_wins_over_the_content() -> None:
    """MessageDeduplicationId overrides the generated one."""
    queue = new_queue(content_based_deduplication=True)
    for deduplication_id in ("d1", "d2"):
        queue.send(0, "a", group_id="g", deduplication_id=deduplication_id)
    assert queue.counts(0).visible == 2


def test_message_without_any_deduplication_id_is_refused() -> None:
    """APIReference/API_SendMessage.html: one of the two is needed."""
    with pytest.raises(InvalidParameterValueError, match="ContentBasedDeduplication enabled or"):
        new_queue().send(0, "a", group_id="g")


def test_purge_forgets_deduplication_ids() -> None:
    """Recorded on AWS."""
    queue = new_queue()
    queue.send(0, "a", group_id="g", deduplication_id="d")
    queue.purge()
    queue.send(1, "a", group_id="g", deduplication_id="d")
    assert queue.counts(1).visible == 1
