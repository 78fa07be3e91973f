"""What a mapping with filters does to a queue's messages.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_builders import ScriptedFunction, SmallCloud


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


def taken(cloud: SmallCloud, pattern: Any, *bodies: Any) -> list[list[Any]]:
    """What the function gets of these JSON bodies; the rest is expected to be gone."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, filter_patterns=[json.dumps(pattern)])
    cloud.send(queue, *map(json.dumps, bodies))
    cloud.advance(0)
    assert cloud.held(queue) == (0, 0, 0)
    return [[json.loads(body) for body in call] for call in function.bodies()]


def test_message_that_no_filter_matches_is_deleted_without_an_invocation(cloud: SmallCloud) -> None:
    """Gone from the queue at once (…/lambda/latest/dg/with-sqs-filtering.html)."""
    assert taken(cloud, {"body": {"kind": ["order"]}}, {"kind": "news"}) == []
    (entry,) = cloud.journal.entries(action="filter")
    assert len(entry.data["message_ids"]) == 1


def test_rest_of_a_batch_is_handed_over(cloud: SmallCloud) -> None:
    """Filters work before the batch is made (…/lambda/latest/dg/with-sqs-filtering.html)."""
    orders = [{"kind": "order", "n": n} for n in range(2)]
    bodies = [orders[0], {"kind": "news"}, orders[1]]
    assert taken(cloud, {"body": {"kind": ["order"]}}, *bodies) == [orders]


@pytest.mark.parametrize(
    ("rule", "numbers", "expected"),
    [([">", 100], [100, 101], [101]), (["<", 100], [99, 100], [99]),
     ([">=", 100, "<", 200], [99, 100, 200], [100])],
)  # fmt: skip
def test_numbers_are_compared(
    cloud: SmallCloud, rule: list[Any], numbers: list[int], expected: list[int]
) -> None:
    """``numeric`` (…/lambda/latest/dg/invocation-eventfiltering.html)."""
    calls = taken(cloud, {"body": {"n": [{"numeric": rule}]}}, *({"n": n} for n in numbers))
    assert [body["n"] for call in calls for body in call] == expected


def test_plain_text_does_not_pass_a_filter_of_json(cloud: SmallCloud) -> None:
    """Body and pattern have to be of one kind (…/lambda/latest/dg/with-sqs-filtering.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, filter_patterns=['{"body": {"n": [{"exists": false}]}}'])
    cloud.send(queue, "plain", '{"m": 1}')
    cloud.advance(0)

    assert (function.bodies(), cloud.held(queue)) == ([['{"m": 1}']], (0, 0, 0))


def test_filter_sees_nothing_of_a_message_but_its_body(cloud: SmallCloud) -> None:
    """Only the body key (…/lambda/latest/dg/with-sqs-filtering.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, filter_patterns=['{"messageId": [{"exists": true}]}'])
    cloud.send(queue, "a")
    cloud.advance(0)

    assert (function.events, cloud.held(queue)) == ([], (0, 0, 0))


def test_filtered_message_lets_its_group_go_on(cloud: SmallCloud) -> None:
    """Deleting unlocks a group (…/SQSDeveloperGuide/FIFO-queues-understanding-logic.html)."""
    queue, function = cloud.queue("work.fifo"), ScriptedFunction()
    pattern = json.dumps({"body": [{"anything-but": "b"}]})
    cloud.connect(queue, function, batch_size=1, filter_patterns=[pattern])
    cloud.send(queue, *"abc")
    cloud.run_until_idle()

    assert function.bodies() == [["a"], ["c"]]


def test_window_opens_with_the_first_message_that_passes(cloud: SmallCloud) -> None:
    """What is filtered is in no batch (…/lambda/latest/dg/invocation-eventsourcemapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, window_seconds=5, filter_patterns=['{"body": ["a"]}'])
    cloud.send(queue, "x")
    cloud.advance(4)
    cloud.send(queue, "a")
    cloud.advance(4.999)
    assert function.events == []

    cloud.advance(0.001)
    assert function.bodies() == [["a"]]
