"""A mapping's concurrency over time, with a queue and a function behind it.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.mapping.sqs import SqsMapping


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


def running_after(cloud: SmallCloud, mapping: SqsMapping, seconds: float) -> int:
    """How many batches a mapping has begun, none of which ends."""
    begun = len(cloud.step(mapping))
    until_ms = cloud.clock.now_ms() + round(seconds * 1000)
    while (due_ms := mapping.next_due_ms(cloud.clock.now_ms())) and due_ms <= until_ms:
        cloud.clock.advance_to(max(due_ms, cloud.clock.now_ms() + 1))
        begun += len(cloud.step(mapping))
    return begun


def end(work: list[Callable[[], None]]) -> None:
    for piece in work:
        piece()


def test_mapping_grows_while_messages_wait(cloud: SmallCloud) -> None:
    """Five, then five more each second (…/lambda/latest/dg/services-sqs-scaling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=100)
    mapping = cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, *map(str, range(40)))

    assert running_after(cloud, mapping, 2) == 15


def test_mapping_does_not_grow_past_maximum_concurrency(cloud: SmallCloud) -> None:
    """MaximumConcurrency (…/lambda/latest/dg/services-sqs-scaling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=100)
    mapping = cloud.connect(queue, function, batch_size=1, maximum_concurrency=7)
    cloud.send(queue, *map(str, range(40)))

    assert running_after(cloud, mapping, 10) == 7


def test_mapping_without_reserved_concurrency_is_never_throttled_by_its_own_growth(
    cloud: SmallCloud,
) -> None:
    """The account's limit is far away on AWS; here it is where growth ends."""
    queue, function = cloud.queue(), ScriptedFunction()
    mapping = cloud.connect(queue, function, batch_size=1, maximum_concurrency=1000)
    cloud.send(queue, *map(str, range(40)))

    assert running_after(cloud, mapping, 20) == 16


def test_growth_stops_at_a_throttle(cloud: SmallCloud) -> None:
    """One batch beyond the function's concurrency, not hundreds (…/services-sqs-scaling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=6)
    mapping = cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, *map(str, range(40)))

    assert running_after(cloud, mapping, 20) == 6
    assert cloud.held(queue) == (33, 7, 0)


def test_failing_function_is_given_fewer_batches_at_once(cloud: SmallCloud) -> None:
    """Back-off after errors (…/lambda/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=600), ScriptedFunction(CRASH)
    mapping = cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, *map(str, range(40)))
    end(cloud.step(mapping))

    assert len(cloud.step(mapping)) == 1


def test_function_that_reports_item_failures_keeps_its_concurrency(cloud: SmallCloud) -> None:
    """No back-off then (…/lambda/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=600), ScriptedFunction(CRASH)
    mapping = cloud.connect(queue, function, batch_size=1, report_batch_item_failures=True)
    cloud.send(queue, *map(str, range(40)))
    end(cloud.step(mapping))

    assert len(cloud.step(mapping)) == 5


def test_two_functions_of_one_queue_compete_for_its_messages(cloud: SmallCloud) -> None:
    """Each message goes to one of them (…/lambda/latest/dg/with-sqs.html)."""
    queue, one, other = cloud.queue(), ScriptedFunction(), ScriptedFunction()
    cloud.connect(queue, one, batch_size=1)
    cloud.connect(queue, other, batch_size=1)
    cloud.send(queue, *"abcd")
    cloud.run_until_idle()

    assert sorted([*one.bodies(), *other.bodies()]) == [["a"], ["b"], ["c"], ["d"]]
    assert one.events
    assert other.events


def test_visibility_timeout_lowered_afterwards_is_no_error(cloud: SmallCloud) -> None:
    """It is checked with the mapping only (…/lambda/latest/dg/services-sqs-configure.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=1), ScriptedFunction(timeout_seconds=9)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert function.bodies() == [["a"]]
