"""Order and locking of message groups.

SQSDeveloperGuide/FIFO-queues-understanding-logic.html; the receives below were recorded on AWS.
"""

from __future__ import annotations

import pytest

from emulator.sqs.errors import InvalidParameterValueError, MissingParameterError
from emulator.sqs.fifo import GroupOrder
from emulator.sqs.held import Held, State
from emulator.sqs.queue import Delivery, Queue, QueueAttributes


def new_queue(*bodies: str, delay_seconds: int = 0) -> Queue:
    """A FIFO queue with messages such as ``g1-m2``: group, then name."""
    arn = "arn:aws:sqs:us-east-1:123456789012:work.fifo"
    queue = Queue(
        QueueAttributes(
            name="work.fifo",
            arn=arn,
            fifo=True,
            content_based_deduplication=True,
            delay_seconds=delay_seconds,
        )
    )
    for body in bodies:
        queue.send(0, body, group_id=body.split("-")[0])
    return queue


def bodies(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.body for delivery in deliveries]


def test_receive_gives_a_group_in_one_piece() -> None:
    """As many messages of one group as possible come first."""
    queue = new_queue("g1-m1", "g2-m1", "g1-m2", "g1-m3")
    assert bodies(queue.receive(0, 10)) == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"]


def test_messages_in_flight_lock_their_whole_group() -> None:
    """Taking 2 of 4 messages locks the rest; the next receive gives another group."""
    queue = new_queue("g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1")
    assert bodies(queue.receive(0, 2)) == ["g1-m1", "g1-m2"]
    assert bodies(queue.receive(0, 10)) == ["g2-m1"]


def test_returned_head_of_a_group_comes_alone_and_after_the_waiting_groups() -> None:
    """Two in flight, the first set to 0: the second stays hidden, and g2 waited longer."""
    queue = new_queue("g1-m1", "g1-m2", "g2-m1")
    first = queue.receive(0, 2)[0]
    queue.change_visibility(0, first.receipt_handle, 0)
    assert bodies(queue.receive(0, 3)) == ["g2-m1", "g1-m1"]


@pytest.mark.parametrize(
    ("extended", "received"), [(0, []), (1, ["g-foo"]), (2, ["g-foo", "g-bar"])]
)
def test_extended_message_blocks_those_behind_it(extended: int, received: list[str]) -> None:
    """Three in flight for 1 s, one extended to 4 s, a receive at 2.5 s."""
    queue = new_queue("g-foo", "g-bar", "g-baz")
    in_flight = queue.receive(0, 3, visibility_timeout_seconds=1)
    queue.change_visibility(0, in_flight[extended].receipt_handle, 4)
    assert bodies(queue.receive(2_500, 10)) == received


def test_deleting_every_message_in_flight_unlocks_the_group_at_once() -> None:
    """Deleting only some of them does not."""
    queue = new_queue("g-m1", "g-m2", "g-m3")
    first, second = queue.receive(0, 2)
    queue.delete(0, second.receipt_handle)
    assert queue.receive(0, 10) == []
    queue.delete(0, first.receipt_handle)
    assert bodies(queue.receive(0, 10)) == ["g-m3"]


def test_order_is_the_same_after_a_visibility_timeout() -> None:
    """A failed batch comes back in the order it was sent, before later messages of its group."""
    queue = new_queue("g-m1", "g-m2", "g-m3")
    queue.receive(0, 3)
    queue.send(1, "g-m4", group_id="g")
    assert bodies(queue.receive(30_000, 10)) == ["g-m1", "g-m2", "g-m3", "g-m4"]


def test_other_groups_are_received_while_one_is_in_flight() -> None:
    """Message groups are independent of each other."""
    queue = new_queue("g1-m1", "g2-m1", "g3-m1")
    assert [bodies(queue.receive(0, 1)) for _ in range(4)] == [["g1-m1"], ["g2-m1"], ["g3-m1"], []]


def test_delete_after_the_visibility_timeout_fails() -> None:
    """APIReference/API_DeleteMessage.html: a FIFO handle expires with its visibility timeout."""
    queue = new_queue("g-m1")
    handle = queue.receive(0, 1)[0].receipt_handle
    with pytest.raises(
        InvalidParameterValueError, match=r"Reason: The receipt handle has expired\."
    ):
        queue.delete(30_000, handle)
    assert queue.counts(30_000).visible == 1


def test_delete_after_the_first_timeout_works_if_visibility_was_extended_in_time() -> None:
    """SQSDeveloperGuide/sqs-visibility-timeout.html: extending keeps the handle."""
    queue = new_queue("g-m1")
    handle = queue.receive(0, 1)[0].receipt_handle
    queue.change_visibility(29_999, handle, 30)
    queue.delete(59_998, handle)
    assert queue.counts(59_998).visible == 0


def test_message_without_group_is_refused() -> None:
    """APIReference/API_SendMessage.html: MessageGroupId is required for FIFO queues."""
    with pytest.raises(MissingParameterError, match="MessageGroupId"):
        new_queue().send(0, "x")


def test_message_delay_is_refused() -> None:
    """APIReference/API_SendMessage.html: DelaySeconds can only be set on a FIFO queue."""
    with pytest.raises(InvalidParameterValueError, match="not valid for this queue type"):
        new_queue().send(0, "x", group_id="g", delay_seconds=2)


def test_message_delay_of_zero_means_the_queues_delay() -> None:
    """Recorded on AWS: on a delayed FIFO queue 0 is no delay of its own."""
    queue = new_queue(delay_seconds=2)
    queue.send(0, "x", group_id="g", delay_seconds=0)
    assert queue.receive(1_999, 1) == []
    assert bodies(queue.receive(2_000, 1)) == ["x"]


def test_sequence_number_grows_with_every_send() -> None:
    """SQSDeveloperGuide/FIFO-key-terms.html: also with content-based deduplication."""
    queue = new_queue()
    numbers = [queue.send(0, str(n), group_id="g").sequence_number or "" for n in range(12)]
    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {20}


def test_expired_head_of_a_group_unlocks_the_rest() -> None:
    """APIReference/API_SetQueueAttributes.html: MessageRetentionPeriod, also in flight."""
    queue = new_queue("g-m1")
    retention_ms = queue.attributes.retention_seconds * 1000
    queue.receive(retention_ms - 1, 1)
    queue.send(retention_ms - 1, "g-m2", group_id="g")
    assert queue.receive(retention_ms - 1, 10) == []
    assert bodies(queue.receive(retention_ms, 10)) == ["g-m2"]


def test_listener_hears_when_a_delete_unlocks_a_group() -> None:
    """Whoever waits for the group's next message is woken."""
    heard: list[str] = []
    queue = Queue(
        QueueAttributes(name="work.fifo", arn="arn:aws:sqs:us-east-1:1:work.fifo", fifo=True),
        on_receivable=lambda: heard.append("!"),
    )
    for name in ("m1", "m2"):
        queue.send(0, name, group_id="g", deduplication_id=name)
    handle = queue.receive(0, 1)[0].receipt_handle
    assert len(heard) == 2
    queue.delete(0, handle)
    assert len(heard) == 3


def test_group_without_messages_is_forgotten() -> None:
    """SQSDeveloperGuide/FIFO-key-terms.html: there is no quota of message groups."""
    order = GroupOrder()
    held = Held(new_queue().send(0, "x", group_id="g"), State.VISIBLE)
    order.add(held)
    order.show(held)
    order.remove(held)
    assert list(order.deliverable()) == []
    assert order._groups == {}
