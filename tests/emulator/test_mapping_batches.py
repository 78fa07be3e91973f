"""How a queue mapping polls, gathers batches and limits how many run at once.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

import pytest
from mapping_builders import ScriptedFunction, SmallCloud, flat


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


def test_send_returns_before_any_function_runs(cloud: SmallCloud) -> None:
    """Lambda polls; nothing is pushed by a send (…/lambda/latest/dg/with-sqs.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)

    cloud.send(queue, "a")
    assert function.events == []

    cloud.advance(0)
    assert function.bodies() == [["a"]]


def test_messages_sent_before_the_mapping_exists_are_delivered(cloud: SmallCloud) -> None:
    """A mapping polls for whatever is on the queue (…/lambda/latest/dg/with-sqs.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.send(queue, "a")
    cloud.connect(queue, function)
    cloud.run_until_idle()

    assert function.bodies() == [["a"]]


def test_message_may_come_again_while_it_is_still_being_processed(cloud: SmallCloud) -> None:
    """Lambda delivers at least once (…/lambda/latest/dg/with-sqs.html)."""
    queue, function = cloud.queue(visibility_timeout_seconds=10), ScriptedFunction()
    function.answers = [lambda _: cloud.advance(11), None]
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert function.attribute("ApproximateReceiveCount") == [["1"], ["2"]]


def test_five_batches_run_at_once_to_begin_with(cloud: SmallCloud) -> None:
    """Polling starts with five batches (…/lambda/latest/dg/services-sqs-scaling.html)."""
    queue = cloud.queue()
    mapping = cloud.connect(queue, ScriptedFunction(), batch_size=1)
    cloud.send(queue, *"abcdefgh")

    assert len(cloud.step(mapping)) == 5
    assert cloud.held(queue) == (3, 5, 0)


def test_maximum_concurrency_caps_the_batches_in_flight(cloud: SmallCloud) -> None:
    """Nothing is received beyond it (…/lambda/latest/dg/services-sqs-scaling.html)."""
    queue = cloud.queue()
    mapping = cloud.connect(queue, ScriptedFunction(), batch_size=1, maximum_concurrency=2)
    cloud.send(queue, *"abc")

    first, _ = cloud.step(mapping)
    assert cloud.held(queue) == (1, 2, 0)

    first()
    assert len(cloud.step(mapping)) == 1


def test_batch_is_handed_over_when_it_has_its_size(cloud: SmallCloud) -> None:
    """The batch size ends a window early (…/latest/dg/invocation-eventsourcemapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, batch_size=3, window_seconds=20)
    cloud.send(queue, *"abcd")
    cloud.advance(0)

    assert function.bodies() == [["a", "b", "c"]]


def test_batch_is_handed_over_when_its_window_is_over(cloud: SmallCloud) -> None:
    """The window starts with the first message (…/latest/dg/invocation-eventsourcemapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, batch_size=100, window_seconds=20)
    cloud.advance(7)
    cloud.send(queue, "a")
    cloud.advance(10)
    cloud.send(queue, "b")
    cloud.advance(9.999)
    assert function.bodies() == []

    cloud.advance(0.001)
    assert function.bodies() == [["a", "b"]]


def test_next_window_opens_with_the_next_message(cloud: SmallCloud) -> None:
    """Each batch has a window of its own (…/latest/dg/invocation-eventsourcemapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, batch_size=100, window_seconds=5)
    cloud.send(queue, "a")
    cloud.advance(8)
    cloud.send(queue, "b")
    cloud.advance(4)
    assert function.bodies() == [["a"]]

    cloud.advance(1)
    assert function.bodies() == [["a"], ["b"]]


def test_batch_is_split_where_its_event_would_pass_six_megabytes(cloud: SmallCloud) -> None:
    """The payload limit ends a batch early (…/latest/dg/invocation-eventsourcemapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.send(queue, *["x" * 1_000_000] * 8)
    cloud.run_until_idle()

    assert [len(event["Records"]) for event in function.events] == [6, 2]
    assert cloud.held(queue) == (0, 0, 0)


def test_messages_of_one_mebibyte_are_taken_six_megabytes_an_event(cloud: SmallCloud) -> None:
    """Such messages (…/SQSDeveloperGuide/quotas-messages.html), such an event (…/with-sqs.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.send(queue, *['"' * 1_048_576] * 3)
    cloud.run_until_idle()

    assert [len(event["Records"]) for event in function.events] == [2, 1]


def test_batch_above_ten_is_assembled_from_several_receives(cloud: SmallCloud) -> None:
    """SQS gives ten messages a receive (…/APIReference/API_ReceiveMessage.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, batch_size=25, window_seconds=1)
    cloud.send(queue, *map(str, range(25)))
    cloud.advance(0)

    assert function.bodies() == [[str(n) for n in range(25)]]
    receives = cloud.journal.entries(action="receive")
    assert [len(entry.data["message_ids"]) for entry in receives] == [10, 10, 5]


def test_without_a_window_a_batch_is_what_one_receive_gave(cloud: SmallCloud) -> None:
    """There is no waiting for a full batch (…/latest/dg/services-sqs-parameters.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, batch_size=10)
    cloud.send(queue, *"abc")
    cloud.advance(0)

    assert function.bodies() == [["a", "b", "c"]]


@pytest.mark.parametrize("batch_size", [15, 100, 1_000, 10_000])
def test_every_message_arrives_once_whatever_the_batch_size(
    cloud: SmallCloud, batch_size: int
) -> None:
    """A standard queue takes up to 10,000 (…/latest/dg/services-sqs-parameters.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function, batch_size=batch_size, window_seconds=10)
    cloud.send(queue, *map(str, range(15)))
    cloud.run_until_idle()

    assert sorted(flat(function.bodies()), key=int) == [str(n) for n in range(15)]
    assert set(flat(function.attribute("ApproximateReceiveCount"))) == {"1"}


def test_thirty_messages_in_batches_of_twenty_make_two_invocations(cloud: SmallCloud) -> None:
    """Two batches, each message received once (…/latest/dg/services-sqs-scaling.html)."""
    queue, function = cloud.queue(), ScriptedFunction(concurrency=2)
    cloud.connect(queue, function, batch_size=20, window_seconds=1, maximum_concurrency=2)
    cloud.send(queue, *map(str, range(30)))
    cloud.run_until_idle()

    assert [len(event["Records"]) for event in function.events] == [20, 10]
    assert set(flat(function.attribute("ApproximateReceiveCount"))) == {"1"}


def test_delayed_message_is_not_delivered_before_its_delay(cloud: SmallCloud) -> None:
    """A delay hides a message first (…/SQSDeveloperGuide/sqs-message-timers.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.send(queue, "a", delay_seconds=900)
    cloud.advance(899.999)
    assert function.events == []

    cloud.advance(0.001)
    assert function.bodies() == [["a"]]


def test_queue_delay_holds_for_the_mapping_too(cloud: SmallCloud) -> None:
    """A delay queue postpones every message (…/SQSDeveloperGuide/sqs-delay-queues.html)."""
    queue, function = cloud.queue(delay_seconds=5), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(4)
    assert function.events == []

    cloud.advance(1)
    assert function.bodies() == [["a"]]


def test_records_keep_the_order_in_which_they_were_received(cloud: SmallCloud) -> None:
    """A batch is what the receives gave, in order (…/lambda/latest/dg/with-sqs.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.send(queue, *"cab")
    cloud.advance(0)

    assert function.bodies() == [["c", "a", "b"]]


def test_window_hides_messages_longer_than_a_short_visibility_timeout(cloud: SmallCloud) -> None:
    """Window + function timeout + 30 s, if longer (…/latest/dg/services-sqs-configure.html)."""
    queue = cloud.queue(visibility_timeout_seconds=30)
    function = ScriptedFunction(timeout_seconds=25)
    mapping = cloud.connect(queue, function, batch_size=1, window_seconds=10)
    cloud.send(queue, "a")

    assert len(cloud.step(mapping)) == 1
    assert queue.next_visible_at_ms(cloud.clock.now_ms()) == cloud.clock.now_ms() + 65_000


def test_disabled_mapping_starts_nothing_and_lets_running_batches_finish(cloud: SmallCloud) -> None:
    """Disabling stops polling (…/APIReference/API_UpdateEventSourceMapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    mapping = cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, "a")
    running = cloud.step(mapping)
    mapping.disable()
    cloud.send(queue, "b")
    assert mapping.pending(cloud.clock.now_ms())

    running[0]()
    cloud.advance(60)
    assert (function.bodies(), cloud.held(queue)) == ([["a"]], (1, 0, 0))


def test_enabled_again_a_mapping_delivers_what_waited(cloud: SmallCloud) -> None:
    """Messages stay on the queue meanwhile (…/APIReference/API_UpdateEventSourceMapping.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    mapping = cloud.connect(queue, function, enabled=False)
    cloud.send(queue, "a")
    cloud.advance(60)
    with cloud.condition:
        mapping.enable()
    cloud.run_until_idle()

    assert function.bodies() == [["a"]]


def test_disabled_mapping_lets_gathered_messages_return_by_themselves(cloud: SmallCloud) -> None:
    """They wait out their visibility timeout (…/latest/dg/services-sqs-errorhandling.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    mapping = cloud.connect(queue, function, batch_size=10, window_seconds=5)
    cloud.send(queue, "a")
    cloud.advance(1)
    with cloud.condition:
        mapping.disable()
        mapping.enable()
    cloud.run_until_idle()

    assert function.attribute("ApproximateReceiveCount") == [["2"]]


def test_disabled_mapping_is_not_waited_for(cloud: SmallCloud) -> None:
    """Its messages stay for as long as it is disabled, so a test would wait for ever."""
    queue = cloud.queue()
    cloud.connect(queue, ScriptedFunction(), enabled=False)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert cloud.held(queue) == (1, 0, 0)


def test_trace_header_of_the_first_message_reaches_the_function(cloud: SmallCloud) -> None:
    """Lambda goes on with the sender's trace (…/latest/dg/services-sqs-xray.html)."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.send(queue, "a", system_attributes={"AWSTraceHeader": "Root=1-5e-1"})
    cloud.advance(0)

    assert function.trace_headers == ["Root=1-5e-1"]


def test_journal_shows_receive_invoke_and_result(cloud: SmallCloud) -> None:
    """Who follows the journal sees each step of a message, by its id."""
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    ids = cloud.send(queue, "a")
    cloud.advance(0)

    receive, invoke, result = cloud.journal.entries()
    assert (receive.subject, receive.data) == ("jobs", {"message_ids": ids, "by": "work"})
    (request_id,) = function.request_ids
    expected = {"message_ids": ids, "receive_counts": [1], "request_id": request_id}
    assert (invoke.subject, invoke.data) == ("work", expected)
    assert result.data == {"queue": "jobs", "duration_ms": 0, "deleted": 1, "kept": 0}
