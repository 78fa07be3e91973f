"""Lambda's queue of asynchronous events: retries, throttles, age, destinations, dead letters.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud

from emulator.mapping.asynchronous import AsynchronousSettings

QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"
TOPIC = "arn:aws:sns:us-east-1:123456789012:done"


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


def submit(
    cloud: SmallCloud, function: ScriptedFunction, payload: bytes = b'{"n":1}', **settings: Any
) -> str:
    cloud.functions["work"] = function
    cloud.asynchronous.configure("work", AsynchronousSettings(**settings))
    return cloud.asynchronous.submit("work", payload, source="a test")


def called_after_seconds(cloud: SmallCloud) -> list[float]:
    invokes = cloud.journal.entries(action="invoke")
    return [(entry.at_ms - cloud.clock.START_MS) / 1000 for entry in invokes]


def test_submit_returns_before_the_function_runs(cloud: SmallCloud) -> None:
    """Lambda queues the event and answers at once (…/invocation-async.html)."""
    function = ScriptedFunction()
    request_id = submit(cloud, function)
    assert function.events == []

    cloud.run_until_idle()
    assert (function.events, function.request_ids) == ([{"n": 1}], [request_id])


def test_failed_event_is_tried_again_after_one_and_two_minutes(cloud: SmallCloud) -> None:
    """Two retries with the same request id (…/invocation-async-error-handling.html)."""
    function = ScriptedFunction(CRASH)
    request_id = submit(cloud, function)
    cloud.run_until_idle()

    assert called_after_seconds(cloud) == [0, 60, 180]
    assert function.request_ids == [request_id] * 3
    (drop,) = cloud.journal.entries(action="drop")
    assert drop.data == {"failures": 3, "throttles": 0, "condition": "RetriesExhausted"}


def test_event_that_succeeds_is_not_tried_again(cloud: SmallCloud) -> None:
    """One success is enough (…/invocation-async-error-handling.html)."""
    submit(cloud, ScriptedFunction(CRASH, None))
    cloud.run_until_idle()

    assert called_after_seconds(cloud) == [0, 60]


@pytest.mark.parametrize(("attempts", "calls"), [(0, [0]), (1, [0, 60])])
def test_maximum_retry_attempts_end_the_retries(
    cloud: SmallCloud, attempts: int, calls: list[int]
) -> None:
    """MaximumRetryAttempts (…/invocation-async-configuring.html)."""
    submit(cloud, ScriptedFunction(CRASH), maximum_retry_attempts=attempts)
    cloud.run_until_idle()

    assert called_after_seconds(cloud) == calls


def test_throttled_event_waits_without_using_up_its_retries(cloud: SmallCloud) -> None:
    """Back-off from a second on (…/invocation-async-error-handling.html)."""
    function = ScriptedFunction(concurrency=1)
    assert function.try_acquire()
    submit(cloud, function)
    cloud.advance(10)
    assert function.events == []

    function.release()
    cloud.advance(60)
    assert called_after_seconds(cloud) == [15]


def test_event_throttled_for_six_hours_is_dropped(cloud: SmallCloud) -> None:
    """The oldest an event may get (…/invocation-async-error-handling.html)."""
    function = ScriptedFunction(concurrency=1)
    assert function.try_acquire()
    submit(cloud, function)
    cloud.advance(6 * 3600 - 400)
    assert cloud.journal.entries(action="drop") == []

    cloud.advance(3600)
    (drop,) = cloud.journal.entries(action="drop")
    assert drop.data["condition"] == "EventAgeExceeded"


def test_event_is_not_retried_beyond_its_maximum_age(cloud: SmallCloud) -> None:
    """MaximumEventAgeInSeconds (…/invocation-async-configuring.html)."""
    submit(cloud, ScriptedFunction(CRASH), maximum_event_age_seconds=60, on_failure=QUEUE)
    cloud.run_until_idle()

    assert called_after_seconds(cloud) == [0, 60]
    assert record(cloud)["requestContext"]["condition"] == "EventAgeExceeded"


def test_without_reserved_concurrency_an_event_waits_for_a_place_and_no_longer(
    cloud: SmallCloud,
) -> None:
    """The machine is full where AWS would not be: nothing backs off, nothing polls."""
    function = ScriptedFunction(places=1)
    assert function.try_acquire()
    submit(cloud, function)
    cloud.advance(7)
    assert cloud.asynchronous.next_due_ms(cloud.clock.now_ms()) is None

    function.release()
    cloud.advance(0)
    assert called_after_seconds(cloud) == [7]
    assert cloud.journal.entries(action="throttle") == []


def test_function_without_a_free_place_does_not_keep_others_waiting(cloud: SmallCloud) -> None:
    """Each function has its own concurrency (…/configuration-concurrency.html)."""
    full, free = ScriptedFunction(places=0), ScriptedFunction()
    submit(cloud, full)
    cloud.functions["other"] = free
    cloud.asynchronous.submit("other", b"{}")
    cloud.advance(0)

    assert (full.events, free.events) == ([], [{}])


def record(cloud: SmallCloud) -> dict[str, Any]:
    (letter,) = cloud.letters
    return dict(json.loads(letter.body))


def test_failed_event_goes_to_the_destination_with_its_payload_and_error(
    cloud: SmallCloud,
) -> None:
    """The record's members (…/invocation-async-retain-records.html)."""
    request_id = submit(cloud, ScriptedFunction(CRASH), on_failure=QUEUE)
    cloud.run_until_idle()

    assert cloud.letters[0].target == QUEUE
    assert record(cloud) == {
        "version": "1.0",
        "timestamp": "2026-01-01T00:03:00.000Z",
        "requestContext": {
            "requestId": request_id,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"n": 1},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorMessage": "no", "errorType": "ValueError"},
    }


def test_result_goes_to_the_destination_for_success(cloud: SmallCloud) -> None:
    """OnSuccess (…/invocation-async-retain-records.html)."""
    submit(cloud, ScriptedFunction({"done": 1}), on_success=TOPIC, on_failure=QUEUE)
    cloud.run_until_idle()

    assert cloud.letters[0].target == TOPIC
    assert record(cloud)["requestContext"]["condition"] == "Success"
    assert record(cloud)["responsePayload"] == {"done": 1}


def test_dead_letter_is_the_event_itself_with_the_error_in_its_attributes(
    cloud: SmallCloud,
) -> None:
    """RequestID, ErrorCode, ErrorMessage (…/invocation-async-retain-records.html)."""
    request_id = submit(cloud, ScriptedFunction(CRASH), b'{"n": 1}', dead_letter=QUEUE)
    cloud.run_until_idle()

    (letter,) = cloud.letters
    assert (letter.target, letter.body) == (QUEUE, '{"n": 1}')
    assert letter.attributes == {
        "RequestID": ("String", request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "no"),
    }


def test_reserved_concurrency_of_zero_sends_the_event_on_at_once(cloud: SmallCloud) -> None:
    """Without a try (…/invocation-async-error-handling.html)."""
    submit(cloud, ScriptedFunction(concurrency=0), on_failure=QUEUE)
    cloud.advance(0)

    context = record(cloud)["requestContext"]
    assert context["condition"] == "ZeroReservedConcurrency"
    assert context["approximateInvokeCount"] == 0


def test_event_of_a_function_that_is_gone_is_dropped(cloud: SmallCloud) -> None:
    submit(cloud, ScriptedFunction(CRASH))
    cloud.advance(0)
    cloud.functions.clear()
    cloud.run_until_idle()

    assert called_after_seconds(cloud) == [0]
    assert len(cloud.journal.entries(action="drop")) == 1
