"""What a queue mapping does when the function fails, is throttled, or the message is poison.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

from typing import Any

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud

from emulator.invocation import Outcome


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


@pytest.mark.parametrize("value", [None, "text", 7, [], {"any": "thing"}])
def test_every_message_is_deleted_when_the_function_returns(
    cloud: SmallCloud, value: object
) -> None:
    """Success deletes the batch, whatever is returned (…/lambda/latest/dg/with-sqs.html)."""
    queue, function = cloud.queue(), ScriptedFunction(value)
    cloud.connect(queue, function)
    cloud.send(queue, "a", "b")
    cloud.advance(0)

    assert cloud.held(queue) == (0, 0, 0)


@pytest.mark.parametrize(
    "error",
    ["ValueError", "Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory",
     "Runtime.ImportModuleError", "Runtime.MarshalError", "Function.ResponseSizeTooLarge"],
)  # fmt: skip
def test_every_kind_of_error_keeps_the_batch(cloud: SmallCloud, error: str) -> None:
    """An error of any kind fails the batch (…/lambda/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(Outcome.failed(error, "no"))
    cloud.connect(queue, function)
    cloud.send(queue, "a", "b")
    cloud.advance(0)

    assert cloud.held(queue) == (0, 2, 0)
    assert cloud.journal.entries(action="result")[0].data["error"] == error


def test_failed_message_returns_when_its_visibility_timeout_is_over(cloud: SmallCloud) -> None:
    """A failure leaves visibility alone (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=5), ScriptedFunction(CRASH, None)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(4.999)
    assert function.bodies() == [["a"]]

    cloud.advance(0.001)
    assert function.bodies() == [["a"], ["a"]]


def test_what_is_left_of_the_visibility_timeout_counts_from_the_receive(cloud: SmallCloud) -> None:
    """The timeout starts at the receive (…/SQSDeveloperGuide/sqs-visibility-timeout.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=10), ScriptedFunction()

    def fail_after_six_seconds(_event: object) -> Outcome:
        cloud.advance(6)
        return CRASH

    function.answers = [fail_after_six_seconds, None]
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(6)

    assert cloud.journal.entries(action="retry")[0].data["visible_in_seconds"] == 4
    cloud.advance(4)
    assert len(function.events) == 2


def test_retry_is_the_same_message_with_a_new_receipt_handle(cloud: SmallCloud) -> None:
    """Only the handle and the count change (…/APIReference/API_ReceiveMessage.html)."""
    queue, function = cloud.queue(), ScriptedFunction(CRASH, None)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    first, second = (event["Records"][0] for event in function.events)
    assert first["receiptHandle"] != second["receiptHandle"]
    for name in ("messageId", "body", "md5OfBody"):
        assert first[name] == second[name]
    assert second["attributes"] == {**first["attributes"], "ApproximateReceiveCount": "2"}


def test_sent_and_first_receive_times_stay_the_same(cloud: SmallCloud) -> None:
    """Both are of the first time (…/APIReference/API_ReceiveMessage.html)."""
    queue, function = cloud.queue(), ScriptedFunction(CRASH, None)
    sent_ms = cloud.clock.now_ms()
    cloud.send(queue, "a")
    cloud.advance(3)
    cloud.connect(queue, function)
    cloud.run_until_idle()

    assert function.attribute("SentTimestamp") == [[str(sent_ms)]] * 2
    assert function.attribute("ApproximateFirstReceiveTimestamp") == [[str(sent_ms + 3000)]] * 2


def test_without_a_redrive_policy_a_message_is_retried_until_retention_ends(
    cloud: SmallCloud,
) -> None:
    """Four days by default (…/APIReference/API_SetQueueAttributes.html)."""
    queue = cloud.queue(visibility_timeout_seconds=43_200)
    function = ScriptedFunction(CRASH)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.run_until_idle(limit_seconds=345_600)

    assert len(function.events) == 8
    assert cloud.held(queue) == (0, 0, 0)


def test_failed_message_may_come_back_with_others(cloud: SmallCloud) -> None:
    """A retry is not the same batch again (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=30), ScriptedFunction(CRASH, None)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(0)
    cloud.send(queue, "b", delay_seconds=30)
    cloud.advance(30)

    assert function.bodies() == [["a"], ["a", "b"]]


def test_failed_batch_is_not_retried_as_an_asynchronous_event_is(cloud: SmallCloud) -> None:
    """Lambda's own retries are for asynchronous events (…/latest/dg/invocation-retries.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=600), ScriptedFunction(CRASH)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(599)

    assert len(function.events) == 1


def test_throttled_batch_stays_in_flight_and_is_tried_again(cloud: SmallCloud) -> None:
    """Lambda retries with back-off (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=1)
    cloud.connect(queue, function)
    assert function.try_acquire()
    cloud.send(queue, "a")
    cloud.advance(2)
    assert (function.events, cloud.held(queue)) == ([], (0, 1, 0))

    function.release()
    cloud.advance(2)
    assert function.attribute("ApproximateReceiveCount") == [["1"]]


def test_throttled_batch_waits_longer_each_time(cloud: SmallCloud) -> None:
    """Back-off, its numbers ours (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=0)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(29)

    waits = [e.data["next_try_in_seconds"] for e in cloud.journal.entries(action="throttle")]
    assert waits == [1, 2, 4, 8, 10, 5]


def test_throttled_batch_is_back_on_the_queue_when_its_visibility_is_over(
    cloud: SmallCloud,
) -> None:
    """Until the visibility timeout is over (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=0)
    mapping = cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(29.999)
    mapping.disable()
    assert cloud.held(queue) == (0, 1, 0)

    cloud.advance(0.001)
    assert cloud.held(queue) == (1, 0, 0)


def test_each_round_of_throttles_uses_up_a_receive(cloud: SmallCloud) -> None:
    """Every receive counts (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=30), ScriptedFunction(concurrency=1)
    cloud.connect(queue, function)
    assert function.try_acquire()
    cloud.send(queue, "a")
    cloud.advance(65)
    function.release()
    cloud.run_until_idle()

    assert function.attribute("ApproximateReceiveCount") == [["3"]]


def test_throttled_message_can_reach_the_dead_letter_queue_without_having_run(
    cloud: SmallCloud,
) -> None:
    """Throttles use up receives (…/latest/dg/services-sqs-scaling.html)."""
    dead = cloud.queue("dead")
    queue, function = cloud.queue(redrive=(2, dead)), ScriptedFunction(concurrency=0)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert (function.events, cloud.held(dead)) == ([], (1, 0, 0))


def test_mapping_polls_past_a_reserved_concurrency_and_is_throttled(cloud: SmallCloud) -> None:
    """Reserved concurrency does not slow polling (…/latest/dg/services-sqs-scaling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=2)
    mapping = cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, *"abcdefg")

    assert len(cloud.step(mapping)) == 2
    assert cloud.held(queue) == (2, 5, 0)


def test_function_is_called_as_often_as_the_redrive_policy_says(cloud: SmallCloud) -> None:
    """The next receive moves the message (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    dead = cloud.queue("dead")
    queue = cloud.queue(redrive=(3, dead), visibility_timeout_seconds=360)
    function = ScriptedFunction(CRASH)
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(3 * 360 - 1)
    assert cloud.held(dead) == (0, 0, 0)

    cloud.advance(1)
    assert function.attribute("ApproximateReceiveCount") == [["1"], ["2"], ["3"]]
    assert cloud.held(dead) == (1, 0, 0)


def test_dead_letter_is_the_same_message_and_names_its_source(cloud: SmallCloud) -> None:
    """Also in a Lambda record (…/APIReference/API_ReceiveMessage.html)."""
    dead = cloud.queue("dead")
    queue, undertaker = cloud.queue(redrive=(1, dead)), ScriptedFunction()
    cloud.connect(queue, ScriptedFunction(CRASH))
    cloud.connect(dead, undertaker)
    ids = cloud.send(queue, "a", system_attributes={"AWSTraceHeader": "Root=1"})
    cloud.run_until_idle()

    record = undertaker.events[0]["Records"][0]
    assert ([record["messageId"]], record["body"]) == (ids, "a")
    assert record["attributes"]["AWSTraceHeader"] == "Root=1"
    assert record["attributes"]["DeadLetterQueueSourceArn"] == queue.attributes.arn
    assert record["eventSourceARN"] == dead.attributes.arn


def test_receive_count_goes_on_in_the_dead_letter_queue(cloud: SmallCloud) -> None:
    """The move does not reset it (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    dead = cloud.queue("dead")
    queue, undertaker = cloud.queue(redrive=(1, dead)), ScriptedFunction()
    cloud.connect(queue, ScriptedFunction(CRASH))
    cloud.connect(dead, undertaker)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert undertaker.attribute("ApproximateReceiveCount") == [["2"]]


def test_receive_by_another_consumer_counts_for_the_mapping(cloud: SmallCloud) -> None:
    """So does one with visibility 0 (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    dead = cloud.queue("dead")
    queue, function = cloud.queue(redrive=(2, dead)), ScriptedFunction()
    cloud.send(queue, "a")
    for _ in range(2):
        queue.receive(cloud.clock.now_ms(), 1, visibility_timeout_seconds=0)
    cloud.connect(queue, function)
    cloud.run_until_idle()

    assert (function.events, cloud.held(dead)) == ([], (1, 0, 0))


def test_retry_entry_says_when_and_how_often(cloud: SmallCloud) -> None:
    """Who follows the journal sees what becomes of a failed message."""
    queue, function = cloud.queue(redrive=(2, cloud.queue("dead"))), ScriptedFunction(CRASH)
    cloud.connect(queue, function)
    ids = cloud.send(queue, "a")
    cloud.advance(0)

    (retry,) = cloud.journal.entries(action="retry")
    assert retry.data == {
        "message_ids": ids, "receive_counts": [1], "max_receive_count": 2, "visible_in_seconds": 30,
    }  # fmt: skip


def test_function_that_breaks_its_promise_gives_its_slot_back(cloud: SmallCloud) -> None:
    """A runner that raises is a bug; the batch returns and the mapping goes on."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=1)

    def broken(_event: object) -> None:
        raise RuntimeError("broken runner")

    function.answers = [broken, None]
    cloud.connect(queue, function, maximum_concurrency=1)
    cloud.send(queue, "a")
    with pytest.raises(RuntimeError):
        cloud.advance(0)
    cloud.run_until_idle()

    assert (len(function.events), function.held) == (2, 0)


def test_retry_entry_knows_a_visibility_that_the_function_changed(cloud: SmallCloud) -> None:
    """A function that backs off sets the time itself (…/lambda/latest/dg/with-sqs.html)."""
    queue, function = cloud.queue(), ScriptedFunction()

    def back_off(event: dict[str, Any]) -> Outcome:
        handle = event["Records"][0]["receiptHandle"]
        with cloud.condition:
            queue.change_visibility(cloud.clock.now_ms(), handle, 7)
        return CRASH

    function.answers = [back_off, None]
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(0)

    assert cloud.journal.entries(action="retry")[0].data["visible_in_seconds"] == 7
