"""Redrive into a dead-letter queue. SQSDeveloperGuide/sqs-dead-letter-queues.html."""

from __future__ import annotations

from typing import Any

from emulator.sqs.message import MessageAttribute
from emulator.sqs.queue import Queue, QueueAttributes, Redrive
from emulator.sqs.receiving import received_attributes

ARN = "arn:aws:sqs:us-east-1:123456789012:"


def new_pair(max_receive_count: int, **settings: Any) -> tuple[Queue, Queue]:
    suffix = ".fifo" if settings.get("fifo") else ""
    dead = Queue(QueueAttributes(name="dead", arn=ARN + "dead" + suffix, **settings))
    redrive = Redrive(max_receive_count, dead)
    arn = ARN + "work" + suffix
    return Queue(QueueAttributes(name="work", arn=arn, redrive=redrive, **settings)), dead


def test_message_is_received_exactly_as_often_as_the_maximum_allows() -> None:
    """maxReceiveCount: the receive after the last allowed one moves the message instead."""
    queue, dead = new_pair(3)
    queue.send(0, "poison")
    counts = []
    for at_ms in (0, 30_000, 60_000, 90_000):
        counts += [d.message.receive_count for d in queue.receive(at_ms, 1)]
    assert counts == [1, 2, 3]
    assert dead.counts(90_000).visible == 1


def test_dead_letter_queue_is_empty_until_the_next_receive_after_the_last_failure() -> None:
    """The move happens at a receive, not when a visibility timeout ends."""
    queue, dead = new_pair(1)
    queue.send(0, "poison")
    queue.receive(0, 1)
    assert (queue.counts(40_000).visible, dead.counts(40_000).visible) == (1, 0)
    queue.receive(40_000, 1)
    assert (queue.counts(40_000).visible, dead.counts(40_000).visible) == (0, 1)


def test_dead_letter_is_the_same_message() -> None:
    """Message id, body, attributes and trace header survive the move."""
    queue, dead = new_pair(1)
    sent = queue.send(
        0,
        "poison",
        attributes={"Title": MessageAttribute("String", "The Whistler")},
        system_attributes={"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"},
    )
    queue.receive(0, 1)
    queue.receive(30_000, 1)
    letter = dead.receive(30_000, 1)[0].message
    for field in ("message_id", "body", "md5_of_body", "attributes", "system_attributes"):
        assert getattr(letter, field) == getattr(sent, field)


def test_receive_count_continues_in_the_dead_letter_queue() -> None:
    """Recorded on AWS: with maxReceiveCount 1 the first read of the dead letter shows 2."""
    queue, dead = new_pair(1)
    queue.send(0, "poison")
    queue.receive(0, 1)
    queue.receive(30_000, 1)
    assert dead.receive(30_000, 1)[0].message.receive_count == 2


def test_dead_letter_names_the_queue_it_came_from() -> None:
    """APIReference/API_ReceiveMessage.html: DeadLetterQueueSourceArn."""
    queue, dead = new_pair(1)
    queue.send(0, "poison")
    queue.receive(0, 1)
    queue.receive(30_000, 1)
    attributes = received_attributes(dead.receive(30_000, 1)[0].message)
    assert attributes["DeadLetterQueueSourceArn"] == ARN + "work"


def test_receive_with_visibility_zero_counts_as_a_receive() -> None:
    """Recorded on AWS: two such receives use up a maximum of two."""
    queue, dead = new_pair(2)
    queue.send(0, "poison")
    for _ in range(2):
        assert len(queue.receive(0, 1, visibility_timeout_seconds=0)) == 1
    assert queue.receive(0, 1, visibility_timeout_seconds=0) == []
    assert dead.counts(0).visible == 1


def test_receive_passes_over_dead_letters_to_the_messages_behind_them() -> None:
    """A receive moves every dead letter it meets and still returns what can be received."""
    queue, dead = new_pair(1)
    for body in ("poison 1", "poison 2"):
        queue.send(0, body)
    queue.receive(0, 10)
    queue.send(1, "good", delay_seconds=31)
    assert [d.message.body for d in queue.receive(31_001, 1)] == ["good"]
    assert dead.counts(31_001).visible == 2


def test_retention_keeps_running_in_a_standard_dead_letter_queue() -> None:
    """The expiration of a message is always based on its original enqueue timestamp."""
    queue, dead = new_pair(1, retention_seconds=100)
    queue.send(0, "poison")
    queue.receive(0, 1)
    queue.receive(90_000, 1)
    assert dead.counts(99_999).visible == 1
    assert dead.counts(100_000).visible == 0


def test_fifo_dead_letter_starts_its_retention_anew() -> None:
    """FIFO: the enqueue timestamp resets when the message moves to a dead-letter queue."""
    queue, dead = new_pair(1, retention_seconds=100, fifo=True, content_based_deduplication=True)
    sent = queue.send(0, "poison", group_id="g")
    queue.receive(0, 1)
    queue.receive(90_000, 1)
    letter = dead.receive(189_999, 1)[0].message
    assert (letter.sent_at_ms, letter.deduplication_id) == (90_000, sent.message_id)


def test_dead_letter_unlocks_its_message_group() -> None:
    """Recorded on AWS: later messages of the group pass the one that went to the dead letters."""
    queue, dead = new_pair(1, fifo=True, content_based_deduplication=True)
    for body in ("m1", "m2"):
        queue.send(0, body, group_id="g")
    queue.receive(0, 1)
    assert [d.message.body for d in queue.receive(30_000, 10)] == ["m2"]
    assert dead.counts(30_000).visible == 1


def test_listener_hears_of_a_dead_letter() -> None:
    """The journal shows the move; the message is as it was before it."""
    heard: list[tuple[str, str]] = []
    dead = Queue(QueueAttributes(name="dead", arn=ARN + "dead"))
    queue = Queue(
        QueueAttributes(name="work", arn=ARN + "work", redrive=Redrive(1, dead)),
        on_dead_letter=lambda source, letter: heard.append((source.attributes.name, letter.body)),
    )
    queue.send(0, "poison")
    queue.receive(0, 1)
    queue.receive(30_000, 1)
    assert heard == [("work", "poison")]
