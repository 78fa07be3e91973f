"""What a queue mapping deletes and keeps when the function reports failed messages.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

from typing import Any

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud, flat, reporting

from emulator.invocation import Outcome


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


def run_one_batch(cloud: SmallCloud, answer: Any, *, report: bool = True) -> list[str]:
    """Let the function answer once to a, b and c; returns what is delivered again."""
    queue, function = cloud.queue(), ScriptedFunction(answer, None)
    cloud.connect(queue, function, report_batch_item_failures=report)
    cloud.send(queue, *"abc")
    cloud.run_until_idle()
    return flat(function.bodies()[1:])


def test_reported_messages_stay_and_the_others_are_deleted(cloud: SmallCloud) -> None:
    """Only what failed returns (…/latest/dg/services-sqs-errorhandling.html)."""
    assert run_one_batch(cloud, reporting("b")) == ["b"]


def test_reported_message_returns_when_its_visibility_timeout_is_over(cloud: SmallCloud) -> None:
    """Its visibility is left alone (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(reporting("b"))
    cloud.connect(queue, function, report_batch_item_failures=True)
    cloud.send(queue, *"abc")
    cloud.advance(0)

    assert cloud.held(queue) == (0, 1, 0)
    assert queue.next_visible_at_ms(cloud.clock.now_ms()) == cloud.clock.now_ms() + 30_000


def test_report_is_ignored_if_the_mapping_does_not_ask_for_it(cloud: SmallCloud) -> None:
    """FunctionResponseTypes must say so (…/latest/dg/services-sqs-errorhandling.html)."""
    assert run_one_batch(cloud, reporting("b"), report=False) == []


def test_ignored_report_is_warned_of_once_with_the_lines_to_add(cloud: SmallCloud) -> None:
    """Messages are lost that way on AWS, silently (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(reporting("a"))
    cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, "a", "a")
    cloud.run_until_idle()

    (warning,) = cloud.journal.entries(action="warning")
    assert '{"Work":{"Properties":{"Events":{"WorkSqsEventSource":' in warning.data["text"]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, "text"])
def test_nothing_is_warned_of_without_a_report(cloud: SmallCloud, answer: Any) -> None:
    """An ordinary return value is nothing to worry about."""
    run_one_batch(cloud, answer, report=False)

    assert cloud.journal.entries(action="warning") == []


@pytest.mark.parametrize(
    "answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_nothing_reported_is_full_success(cloud: SmallCloud, answer: Any) -> None:
    """The four forms of success (…/latest/dg/services-sqs-errorhandling.html)."""
    assert run_one_batch(cloud, answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        Outcome(payload=b"{no json"),
        {"batchItemFailures": [{"foo": "notvalid"}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": "of-no-message"}]},
        "text",
    ],
    ids=["no JSON", "wrong key", "empty", "null", "unknown", "no object"],
)
def test_malformed_report_is_a_full_failure(cloud: SmallCloud, answer: Any) -> None:
    """Nothing is deleted then (…/latest/dg/services-sqs-errorhandling.html)."""
    assert run_one_batch(cloud, answer) == ["a", "b", "c"]
    assert cloud.journal.entries(action="result")[0].data["error"]


def test_one_bad_entry_spoils_the_whole_report(cloud: SmallCloud) -> None:
    """A valid entry beside it saves nobody (…/latest/dg/services-sqs-errorhandling.html)."""

    def half_right(event: dict[str, Any]) -> dict[str, Any]:
        return {"batchItemFailures": [*reporting("b")(event)["batchItemFailures"], {"foo": "x"}]}

    assert run_one_batch(cloud, half_right) == ["a", "b", "c"]


def test_exception_is_a_full_failure_even_with_reports_declared(cloud: SmallCloud) -> None:
    """An exception fails the batch (…/latest/dg/services-sqs-errorhandling.html)."""
    assert run_one_batch(cloud, CRASH) == ["a", "b", "c"]


def test_message_reported_again_and_again_reaches_the_dead_letter_queue(cloud: SmallCloud) -> None:
    """Each report is one receive more (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    dead = cloud.queue("dead")
    queue, function = cloud.queue(redrive=(2, dead)), ScriptedFunction(reporting("b"))
    cloud.connect(queue, function, report_batch_item_failures=True)
    cloud.send(queue, *"abc")
    cloud.run_until_idle()

    assert function.bodies() == [["a", "b", "c"], ["b"]]
    assert cloud.held(dead) == (1, 0, 0)
