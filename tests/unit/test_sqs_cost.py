"""What an operation costs, counted in executed lines of Python, at two depths of a queue."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from emulator.sqs.queue import Queue, QueueAttributes, Redrive

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ARN = "arn:aws:sqs:us-east-1:123456789012:work"
SHALLOW, DEEP = 20, 10_000


def lines_executed(action: Callable[[], object]) -> int:
    lines = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(before)
    return lines


def new_queue(waiting: int, *, fifo: bool, groups: int = 1) -> Queue:
    dead = Queue(QueueAttributes(name="dead", arn=ARN + "-dead", fifo=fifo))
    queue = Queue(QueueAttributes(name="work", arn=ARN, fifo=fifo, redrive=Redrive(5, dead)))
    for n in range(waiting):
        deduplication = {"deduplication_id": str(n)} if fifo else {}
        queue.send(0, str(n), group_id=str(n % groups), **deduplication)
    queue.counts(0)
    return queue


@pytest.mark.parametrize(("fifo", "groups"), [(False, 1), (True, 1), (True, 5_000)])
def test_receive_of_ten_costs_the_same_with_ten_thousand_waiting(fifo: bool, groups: int) -> None:
    costs = [
        lines_executed(lambda queue=queue: queue.receive(1, 10))  # type: ignore[misc]
        for queue in (new_queue(n, fifo=fifo, groups=groups) for n in (SHALLOW, DEEP))
    ]
    assert costs[1] <= 1.5 * costs[0]


@pytest.mark.parametrize("fifo", [False, True])
def test_every_other_operation_costs_the_same_with_ten_thousand_waiting(fifo: bool) -> None:
    def cost(waiting: int) -> int:
        queue = new_queue(waiting, fifo=fifo)
        first, second = queue.receive(1, 2)

        def everything() -> None:
            queue.change_visibility(2, second.receipt_handle, 60)
            queue.delete(2, first.receipt_handle)
            own = {"deduplication_id": "one-more"} if fifo else {}
            queue.send(3, "one more", group_id="0", **own)
            queue.counts(3)
            queue.next_visible_at_ms(3)

        return lines_executed(everything)

    assert cost(DEEP) <= 1.5 * cost(SHALLOW)


def test_draining_a_deep_queue_does_not_slow_down_as_its_front_empties() -> None:
    """The last receive costs what the first did, though 9,990 messages before it are gone."""
    queue = new_queue(DEEP, fifo=False)
    first = lines_executed(lambda: queue.receive(1, 10))
    for _ in range(DEEP // 10 - 2):
        for delivery in queue.receive(1, 10):
            queue.delete(1, delivery.receipt_handle)
    last = lines_executed(lambda: queue.receive(1, 10))
    assert last <= 1.5 * first
