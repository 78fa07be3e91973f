"""Visibility timeout, delay, retention and receipt handles of a standard queue."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.sqs.errors import InvalidParameterValueError, ReceiptHandleIsInvalidError
from emulator.sqs.queue import Counts, Delivery, Queue, QueueAttributes

ARN = "arn:aws:sqs:us-east-1:123456789012:work"


def new_queue(**settings: Any) -> Queue:
    return Queue(QueueAttributes(name="work", arn=settings.pop("arn", ARN), **settings))


def bodies(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.body for delivery in deliveries]


def test_message_returns_exactly_when_its_visibility_timeout_is_over() -> None:
    """SQSDeveloperGuide/sqs-visibility-timeout.html: hidden from others until the timeout ends."""
    queue = new_queue(visibility_timeout_seconds=30)
    queue.send(0, "a")
    assert bodies(queue.receive(0, 1)) == ["a"]
    assert queue.receive(29_999, 1) == []
    assert bodies(queue.receive(30_000, 1)) == ["a"]


def test_visibility_timeout_of_the_receive_wins_over_the_queues() -> None:
    """APIReference/API_ReceiveMessage.html: VisibilityTimeout overrides the queue's."""
    queue = new_queue(visibility_timeout_seconds=30)
    queue.send(0, "a")
    queue.receive(0, 1, visibility_timeout_seconds=5)
    assert queue.next_visible_at_ms(0) == 5_000


def test_delayed_message_is_not_received_before_its_delay_is_over() -> None:
    """SQSDeveloperGuide/sqs-delay-queues.html: a message timer hides a message when it is sent."""
    queue = new_queue(delay_seconds=10)
    queue.send(0, "queue's delay")
    queue.send(0, "its own", delay_seconds=5)
    assert queue.receive(4_999, 10) == []
    assert bodies(queue.receive(5_000, 10)) == ["its own"]
    assert bodies(queue.receive(10_000, 10)) == ["queue's delay"]


def test_message_delay_of_zero_wins_over_a_delayed_standard_queue() -> None:
    """SQSDeveloperGuide/sqs-message-timers.html: a message's own timer wins."""
    queue = new_queue(delay_seconds=10)
    queue.send(0, "now", delay_seconds=0)
    assert bodies(queue.receive(0, 1)) == ["now"]


def test_each_receive_gives_a_new_receipt_handle_and_raises_the_count() -> None:
    """SQSDeveloperGuide/sqs-queue-message-identifiers.html: a handle belongs to one receive."""
    queue = new_queue()
    sent = queue.send(0, "a")
    first, second = queue.receive(0, 1)[0], queue.receive(30_000, 1)[0]
    assert first.receipt_handle != second.receipt_handle
    assert [d.message.message_id for d in (first, second)] == [sent.message_id] * 2
    assert [d.message.receive_count for d in (first, second)] == [1, 2]


def test_first_receive_and_sent_times_stay_the_same_on_a_retry() -> None:
    """APIReference/API_ReceiveMessage.html: ApproximateFirstReceiveTimestamp, SentTimestamp."""
    queue = new_queue()
    queue.send(0, "a")
    queue.receive(1_000, 1)
    again = queue.receive(31_000, 1)[0].message
    assert (again.sent_at_ms, again.first_received_at_ms) == (0, 1_000)


def test_delete_after_the_visibility_timeout_works_on_a_standard_queue() -> None:
    """APIReference/API_DeleteMessage.html: even a message whose timeout is over is deleted."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.delete(60_000, handle)
    assert queue.receive(60_000, 1) == []


def test_older_receipt_handle_succeeds_without_deleting() -> None:
    """APIReference/API_DeleteMessage.html: with an older handle it might not be deleted."""
    queue = new_queue()
    queue.send(0, "a")
    older = queue.receive(0, 1)[0].receipt_handle
    queue.receive(30_000, 1)
    queue.delete(30_001, older)
    assert queue.counts(30_001).in_flight == 1


def test_deleting_a_message_that_is_gone_succeeds() -> None:
    """APIReference/API_DeleteMessage.html: deleting twice is no error."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.delete(0, handle)
    queue.delete(0, handle)


@pytest.mark.parametrize("junk", ["", "junk", "not base64 ü", "AAAA" * 10])
def test_receipt_handle_that_was_never_given_out_is_refused(junk: str) -> None:
    """APIReference/API_DeleteMessage.html: ReceiptHandleIsInvalid."""
    with pytest.raises(ReceiptHandleIsInvalidError):
        new_queue().delete(0, junk)


def test_receipt_handle_of_another_queue_is_refused() -> None:
    """APIReference/API_DeleteMessage.html: a handle is the queue's that gave it out."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    with pytest.raises(ReceiptHandleIsInvalidError):
        new_queue(arn=ARN + "-other").delete(0, handle)


def test_visibility_changed_to_zero_returns_the_message_at_once() -> None:
    """APIReference/API_ChangeMessageVisibility.html: 0 makes it available immediately."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.change_visibility(10, handle, 0)
    assert bodies(queue.receive(10, 1)) == ["a"]


def test_older_receipt_handle_still_changes_visibility() -> None:
    """Recorded on AWS: the handle of an earlier receive returns a message a later one holds."""
    queue = new_queue()
    queue.send(0, "a")
    older = queue.receive(0, 1, visibility_timeout_seconds=0)[0].receipt_handle
    queue.receive(0, 1, visibility_timeout_seconds=3)
    queue.change_visibility(0, older, 0)
    assert bodies(queue.receive(0, 1)) == ["a"]


def test_visibility_can_be_changed_after_the_timeout_on_a_standard_queue() -> None:
    """Recorded on AWS: the call succeeds; the message is hidden once more."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.change_visibility(31_000, handle, 10)
    assert queue.receive(40_999, 1) == []
    assert bodies(queue.receive(41_000, 1)) == ["a"]


def test_visibility_of_a_deleted_message_cannot_be_changed() -> None:
    """APIReference/API_ChangeMessageVisibility.html: the message must be there."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.delete(0, handle)
    with pytest.raises(InvalidParameterValueError, match="Message does not exist"):
        queue.change_visibility(0, handle, 5)


def test_visibility_timeout_ends_at_most_twelve_hours_after_the_receive() -> None:
    """SQSDeveloperGuide/sqs-visibility-timeout.html: 12 hours from the first receipt on."""
    queue = new_queue()
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.change_visibility(10_000, handle, 43_190)
    with pytest.raises(InvalidParameterValueError, match="beyond the limit"):
        queue.change_visibility(10_000, handle, 43_191)


def test_expired_message_vanishes_from_the_queue_and_its_counts() -> None:
    """APIReference/API_SetQueueAttributes.html: MessageRetentionPeriod."""
    queue = new_queue(retention_seconds=60)
    queue.send(0, "visible")
    queue.send(0, "delayed", delay_seconds=900)
    queue.receive(0, 1)
    assert queue.counts(59_999) == Counts(visible=1, in_flight=0, delayed=1)
    assert queue.counts(60_000) == Counts(visible=0, in_flight=0, delayed=0)


def test_counts_tell_visible_in_flight_and_delayed_apart() -> None:
    """APIReference/API_GetQueueAttributes.html: ApproximateNumberOfMessages and its two sisters."""
    queue = new_queue()
    for body in "abc":
        queue.send(0, body)
    queue.send(0, "later", delay_seconds=5)
    queue.receive(0, 1)
    assert queue.counts(0) == Counts(visible=2, in_flight=1, delayed=1)


def test_purge_removes_in_flight_and_delayed_messages_too() -> None:
    """APIReference/API_PurgeQueue.html: all messages."""
    queue = new_queue()
    queue.send(0, "in flight")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.send(0, "delayed", delay_seconds=5)
    queue.purge()
    queue.delete(0, handle)
    assert queue.receive(60_000, 10) == []
    assert queue.counts(60_000) == Counts(visible=0, in_flight=0, delayed=0)


def test_next_visible_is_the_earliest_moment_something_may_be_received() -> None:
    """A poller waits exactly until then."""
    queue = new_queue()
    assert queue.next_visible_at_ms(0) is None
    queue.send(0, "later", delay_seconds=7)
    queue.send(0, "soon", delay_seconds=2)
    assert queue.next_visible_at_ms(0) == 2_000
    assert queue.next_visible_at_ms(2_500) == 2_500


def test_listener_hears_of_everything_that_may_be_received() -> None:
    """Whoever waits for a message is woken by a send and by a changed visibility."""
    heard: list[str] = []
    queue = Queue(QueueAttributes(name="work", arn=ARN), on_receivable=lambda: heard.append("!"))
    queue.send(0, "a")
    handle = queue.receive(0, 1)[0].receipt_handle
    assert len(heard) == 1
    queue.change_visibility(0, handle, 0)
    assert len(heard) == 2
