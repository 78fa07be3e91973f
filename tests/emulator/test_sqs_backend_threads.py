"""Long polls in real time: they wait without the lock and wake at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from emulator.clock import SystemClock
from emulator.sqs import backend
from emulator.sqs.sending import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.sqs.backend import DeliveryBackend

#: far more than a wake-up takes; reached only when a test fails
PATIENCE_SECONDS = 10


class ObservedClock(SystemClock):
    """Says when somebody waits. The lock is free as soon as it can be taken after that."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Semaphore(0)

    def wait(self, condition: threading.Condition, until_ms: int | None) -> None:
        self.waiting.release()
        super().wait(condition, until_ms)


@pytest.fixture
def clock() -> ObservedClock:
    return ObservedClock()


@pytest.fixture
def queues(clock: ObservedClock) -> DeliveryBackend:
    backend.seat(clock=clock, condition=threading.Condition(threading.RLock()))
    queues: DeliveryBackend = sqs_backends["123456789012"]["us-east-1"]
    queues.create_queue("work")
    return queues


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_long_poll_wakes_when_a_message_is_sent(
    queues: DeliveryBackend, clock: ObservedClock, pool: ThreadPoolExecutor
) -> None:
    """SQSDeveloperGuide/sqs-short-and-long-polling.html; a send is possible while it waits."""
    poll = pool.submit(queues.receive_message, "work", 1, wait_seconds=20)
    assert clock.waiting.acquire(timeout=PATIENCE_SECONDS)
    queues.send("work", Draft(body="x"))
    assert [d.message.body for d in poll.result(PATIENCE_SECONDS)] == ["x"]


def test_long_poll_wakes_when_a_message_is_returned(
    queues: DeliveryBackend, clock: ObservedClock, pool: ThreadPoolExecutor
) -> None:
    """APIReference/API_ChangeMessageVisibility.html: 0 makes it available immediately."""
    queues.send("work", Draft(body="x"))
    (held,) = queues.receive_message("work", 1)
    poll = pool.submit(queues.receive_message, "work", 1, wait_seconds=20)
    assert clock.waiting.acquire(timeout=PATIENCE_SECONDS)
    queues.change_message_visibility("work", held.receipt_handle, 0)
    assert [d.message.receive_count for d in poll.result(PATIENCE_SECONDS)] == [2]


def test_long_poll_of_a_queue_that_is_deleted_ends_with_an_error(
    queues: DeliveryBackend, clock: ObservedClock, pool: ThreadPoolExecutor
) -> None:
    """APIReference/API_DeleteQueue.html."""
    poll = pool.submit(queues.receive_message, "work", 1, wait_seconds=20)
    assert clock.waiting.acquire(timeout=PATIENCE_SECONDS)
    queues.delete_queue("work")
    with pytest.raises(QueueDoesNotExist):
        poll.result(PATIENCE_SECONDS)


def test_every_message_goes_to_exactly_one_of_many_pollers(
    queues: DeliveryBackend, pool: ThreadPoolExecutor
) -> None:
    """Nothing is lost or doubled between threads while nothing's visibility timeout ends."""
    for n in range(100):
        queues.send("work", Draft(body=f"backlog {n}"))

    def produce(worker: int) -> None:
        for n in range(50):
            queues.send("work", Draft(body=f"{worker} {n}"))

    def consume() -> list[str]:
        received = []
        while deliveries := queues.receive_message("work", 10, wait_seconds=1):
            for delivery in deliveries:
                received.append(delivery.message.body)
                queues.delete_message("work", delivery.receipt_handle)
        return received

    consumers = [pool.submit(consume) for _ in range(4)]
    for producer in [pool.submit(produce, worker) for worker in range(4)]:
        producer.result()
    received = [body for consumer in consumers for body in consumer.result()]
    assert len(received) == len(set(received)) == 300
