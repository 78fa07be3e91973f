"""Gathering a batch: size, window, payload."""

from __future__ import annotations

from emulator.limits import EVENT_BYTES_MAX
from emulator.mapping.back_off import back_off_seconds
from emulator.mapping.batching import Batch, Batcher, Received
from emulator.sqs.queue import Delivery, Message

NOW_MS = 1_000_000


def received(
    name: str, *, at_ms: int = NOW_MS, size_bytes: int = 10, hidden_ms: int = 30_000
) -> Received:
    return Received(
        delivery=Delivery(Message(message_id=name, body="", sent_at_ms=0, receive_count=1), "r"),
        record=b"x" * size_bytes,
        received_at_ms=at_ms,
        visible_at_ms=at_ms + hidden_ms,
    )


def names(batch: Batch | None) -> str:
    return "".join(batch.message_ids) if batch else ""


def test_empty_batch_is_never_due() -> None:
    batcher = Batcher(batch_size=10, window_seconds=0)

    assert batcher.due_ms() is None
    assert batcher.take(NOW_MS) is None


def test_without_a_window_a_batch_is_due_at_once() -> None:
    batcher = Batcher(batch_size=10, window_seconds=0)
    batcher.add([received("a")])

    assert batcher.is_due(NOW_MS)


def test_window_counts_from_the_first_message() -> None:
    batcher = Batcher(batch_size=10, window_seconds=20)
    batcher.add([received("a")])
    batcher.add([received("b", at_ms=NOW_MS + 5000)])

    assert batcher.due_ms() == NOW_MS + 20_000


def test_full_batch_is_due_before_its_window_is_over() -> None:
    batcher = Batcher(batch_size=2, window_seconds=20)
    batcher.add([received("a"), received("b")])

    assert batcher.is_due(NOW_MS)


def test_next_receive_asks_for_what_the_batch_lacks_ten_at_most() -> None:
    batcher = Batcher(batch_size=15, window_seconds=20)
    assert batcher.wanted() == 10

    batcher.add(received(name) for name in "abcdefghij")
    assert batcher.wanted() == 5


def test_batch_ends_where_its_event_would_be_too_large() -> None:
    batcher = Batcher(batch_size=100, window_seconds=20, event_bytes_max=1000)
    batcher.add(received(name, size_bytes=400) for name in "abc")

    assert batcher.is_due(NOW_MS)
    assert names(batcher.take(NOW_MS)) == "ab"
    assert batcher.due_ms() == NOW_MS + 20_000
    assert names(batcher.take(NOW_MS)) == "c"


def test_event_of_a_full_batch_keeps_to_lambdas_limit() -> None:
    batcher = Batcher(batch_size=10_000, window_seconds=20)
    batcher.add(received("a", size_bytes=1_048_576 - 3) for _ in range(7))
    batch = batcher.take(NOW_MS)

    assert batch is not None
    assert len(batch.messages) == 5
    assert len(batch.event()) <= EVENT_BYTES_MAX < len(batch.event()) + 1_048_576


def test_messages_that_are_back_on_the_queue_are_dropped() -> None:
    batcher = Batcher(batch_size=10, window_seconds=0)
    batcher.add([received("a", hidden_ms=1000), received("b")])

    assert names(batcher.take(NOW_MS + 1000)) == "b"


def test_message_hidden_for_no_time_at_all_is_handed_over_once() -> None:
    batcher = Batcher(batch_size=10, window_seconds=0)
    batcher.add([received("a", hidden_ms=0)])

    assert names(batcher.take(NOW_MS)) == "a"
    assert batcher.due_ms() is None


def test_batch_is_back_when_its_first_message_is() -> None:
    batch = Batch([received("a"), received("b", hidden_ms=7000)])

    assert batch.visible_at_ms == NOW_MS + 7000


def test_back_off_doubles_up_to_its_longest() -> None:
    waits = [back_off_seconds(tries, longest_seconds=10) for tries in (1, 2, 3, 4, 5, 10_000)]

    assert waits == [1, 2, 4, 8, 10, 10]
