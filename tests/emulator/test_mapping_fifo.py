"""How a mapping keeps the order of a FIFO queue's message groups.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud, reporting

if TYPE_CHECKING:
    from emulator.sqs.queue import Queue


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


@pytest.fixture
def queue(cloud: SmallCloud) -> Queue:
    return cloud.queue("jobs.fifo")


def test_batch_may_hold_several_groups_each_in_order(cloud: SmallCloud, queue: Queue) -> None:
    """Order is kept inside a group (…/latest/dg/services-sqs-scaling.html)."""
    function = ScriptedFunction()
    cloud.connect(queue, function)
    for group, body in ("g1", "1a"), ("g2", "2a"), ("g1", "1b"), ("g2", "2b"):
        cloud.send(queue, body, group_id=group)
    cloud.advance(0)

    (batch,) = function.bodies()
    assert [b for b in batch if b[0] == "1"] == ["1a", "1b"]
    assert [b for b in batch if b[0] == "2"] == ["2a", "2b"]


def test_one_batch_of_a_group_is_in_flight_at_a_time(cloud: SmallCloud, queue: Queue) -> None:
    """The group waits for it (…/SQSDeveloperGuide/FIFO-queues-understanding-logic.html)."""
    function = ScriptedFunction()
    mapping = cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, *"abcde")

    for count in range(1, 6):
        (work,) = cloud.step(mapping)
        work()
        assert len(function.events) == count
    assert function.bodies() == [["a"], ["b"], ["c"], ["d"], ["e"]]


def test_different_groups_run_in_parallel(cloud: SmallCloud, queue: Queue) -> None:
    """As many as there are groups (…/latest/dg/services-sqs-scaling.html)."""
    mapping = cloud.connect(queue, ScriptedFunction(), batch_size=1)
    for group in "xyz":
        cloud.send(queue, f"{group}1", f"{group}2", group_id=group)

    assert len(cloud.step(mapping)) == 3


def test_maximum_concurrency_caps_groups_in_parallel(cloud: SmallCloud, queue: Queue) -> None:
    """Whichever is less holds (…/latest/dg/services-sqs-scaling.html)."""
    mapping = cloud.connect(queue, ScriptedFunction(), batch_size=1, maximum_concurrency=2)
    for group in "xyz":
        cloud.send(queue, group, group_id=group)

    assert len(cloud.step(mapping)) == 2


def test_failed_messages_come_again_before_later_ones_of_the_group(
    cloud: SmallCloud, queue: Queue
) -> None:
    """Later messages wait for them (…/latest/dg/services-sqs-errorhandling.html)."""
    function = ScriptedFunction(CRASH, None)
    cloud.connect(queue, function, batch_size=2)
    cloud.send(queue, *"abc")
    cloud.run_until_idle()

    assert function.bodies() == [["a", "b"], ["a", "b"], ["c"]]


def test_partial_failures_of_a_group_end_in_the_dead_letter_queue(cloud: SmallCloud) -> None:
    """Stop at the first failure, report the rest (…/latest/dg/services-sqs-errorhandling.html)."""
    dead = cloud.queue("dead.fifo")
    queue = cloud.queue("jobs.fifo", redrive=(2, dead))
    function = ScriptedFunction(reporting("2", "3", "4"), reporting("4"))
    cloud.connect(queue, function, report_batch_item_failures=True)
    cloud.send(queue, *"1234")
    cloud.run_until_idle()

    assert function.bodies() == [["1", "2", "3", "4"], ["2", "3", "4"]]
    assert function.attribute("ApproximateReceiveCount") == [["1"] * 4, ["2"] * 3]
    assert cloud.held(dead) == (1, 0, 0)


def test_exactly_what_is_not_reported_is_deleted(cloud: SmallCloud, queue: Queue) -> None:
    """Also behind the first failure: order is the function's duty (…/latest/dg/with-sqs.html)."""
    function = ScriptedFunction(reporting("b"), None)
    cloud.connect(queue, function, report_batch_item_failures=True)
    cloud.send(queue, *"abc")
    cloud.run_until_idle()

    assert function.bodies() == [["a", "b", "c"], ["b"]]


def test_dead_letter_lets_later_messages_of_its_group_pass(cloud: SmallCloud) -> None:
    """The group is free again (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    dead = cloud.queue("dead.fifo")
    queue = cloud.queue("jobs.fifo", redrive=(1, dead))
    function = ScriptedFunction(CRASH, None)
    cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, "a", "b")
    cloud.run_until_idle()

    assert function.bodies() == [["a"], ["b"]]


def test_message_processed_past_its_visibility_timeout_is_not_deleted(
    cloud: SmallCloud, queue: Queue
) -> None:
    """A FIFO queue refuses an expired handle (…/APIReference/API_DeleteMessage.html)."""
    function = ScriptedFunction()
    function.answers = [lambda _: cloud.clock.advance(31), None]
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert function.attribute("ApproximateReceiveCount") == [["1"], ["2"]]
    assert [e.data["kept"] for e in cloud.journal.entries(action="result")] == [1, 0]
