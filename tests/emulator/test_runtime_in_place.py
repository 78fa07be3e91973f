"""Functions in the test's own process, on a virtual clock."""

from __future__ import annotations

import collections
import datetime
import sys
from decimal import Decimal
from typing import Any

import pytest

from emulator.clock import VirtualClock
from emulator.invocation import FunctionSpec
from emulator.limits import RESPONSE_BYTES_MAX
from emulator.runtime import in_place
from emulator.runtime.in_place import InPlaceFunction

Pair = collections.namedtuple("Pair", "left right")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def function(clock: VirtualClock, handler: Any, timeout_seconds: int = 3) -> InPlaceFunction:
    spec = FunctionSpec(
        name="work",
        function_name="shop-dev-work",
        handler="app.work",
        timeout_seconds=timeout_seconds,
    )
    return InPlaceFunction(spec, handler, clock)


def test_event_and_result_travel_as_json(clock: VirtualClock) -> None:
    outcome = function(clock, lambda event, _: {"got": event}).invoke(b'{"a": [1, null]}')
    assert outcome.ok
    assert outcome.value() == {"got": {"a": [1, None]}}


def test_function_that_returns_nothing_answers_null(clock: VirtualClock) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""
    assert function(clock, lambda *_: None).invoke(b"{}").payload == b"null"


@pytest.mark.parametrize(
    ("result", "payload"),
    [
        (Decimal("1.50"), b"1.50"),
        ((1, 2), b"[1, 2]"),
        (Pair(1, 2), b'{"left": 1, "right": 2}'),
        (float("nan"), b"NaN"),
        (b"\x00raw", b"\x00raw"),
    ],
)
def test_results_are_encoded_as_the_runtime_client_does(
    clock: VirtualClock, result: object, payload: bytes
) -> None:
    """https://github.com/aws/aws-lambda-python-runtime-interface-client"""
    assert function(clock, lambda *_: result).invoke(b"{}").payload == payload


@pytest.mark.parametrize("result", [datetime.date(2026, 1, 1), {1, 2}, object()])
def test_result_that_is_no_json_is_a_marshal_error(clock: VirtualClock, result: object) -> None:
    """https://github.com/aws/aws-lambda-python-runtime-interface-client"""
    outcome = function(clock, lambda *_: result).invoke(b"{}")
    assert outcome.error == "Runtime.MarshalError"
    assert outcome.value()["errorMessage"].startswith("Unable to marshal response: ")


def test_event_that_is_no_json_is_an_unmarshal_error(clock: VirtualClock) -> None:
    assert function(clock, lambda *_: 1).invoke(b"{").error == "Runtime.UnmarshalError"


def test_exception_is_reported_with_type_message_request_id_and_stack(clock: VirtualClock) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""

    def raising(_: Any, context: Any) -> None:
        raise LookupError(context.aws_request_id)

    outcome = function(clock, raising).invoke(b"{}")
    error = outcome.value()
    assert outcome.error == error["errorType"] == "LookupError"
    assert error["requestId"] == error["errorMessage"]
    assert len(error["stackTrace"]) == 1
    assert "in raising\n" in error["stackTrace"][0]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "without providing a reason"),
        (3, "with error: exit status 3"),
        ("words", "with error: exit status 1"),
    ],
)
def test_sys_exit_is_an_exit_error(clock: VirtualClock, code: Any, reason: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    outcome = function(clock, lambda *_: sys.exit(code)).invoke(b"{}")
    assert outcome.error == "Runtime.ExitError"
    assert outcome.value()["errorMessage"].endswith(f" Error: Runtime exited {reason}")


def test_interrupt_of_the_test_run_is_not_an_outcome(clock: VirtualClock) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        function(clock, interrupted).invoke(b"{}")


def test_sleep_takes_virtual_time(clock: VirtualClock) -> None:
    outcome = function(clock, lambda *_: in_place.sleep(clock, 2)).invoke(b"{}")
    assert outcome.ok
    assert clock.now_ms() == VirtualClock.START_MS + 2000


def test_function_ends_at_its_timeout_with_lambdas_message(clock: VirtualClock) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""
    outcome = function(clock, lambda *_: in_place.sleep(clock, 100)).invoke(b"{}")
    assert outcome.error == "Sandbox.Timedout"
    assert outcome.value()["errorMessage"].endswith(" Error: Task timed out after 3.00 seconds")
    assert clock.now_ms() == VirtualClock.START_MS + 3000


def test_nothing_after_the_timeout_runs(clock: VirtualClock) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""
    done = []

    def work(*_: Any) -> None:
        try:
            done.append("before")
            in_place.sleep(clock, 100)
            done.append("after")
        except Exception:
            done.append("caught")

    function(clock, work).invoke(b"{}")
    assert done == ["before"]


def test_function_that_used_up_its_time_without_sleeping_timed_out(clock: VirtualClock) -> None:
    outcome = function(clock, lambda *_: clock.advance(3)).invoke(b"{}")
    assert outcome.error == "Sandbox.Timedout"


def test_inner_invocation_has_its_own_timeout(clock: VirtualClock) -> None:
    inner = function(clock, lambda *_: in_place.sleep(clock, 100), timeout_seconds=1)

    def outer(*_: Any) -> str | None:
        error = inner.invoke(b"{}").error
        in_place.sleep(clock, 1)
        return error

    outcome = function(clock, outer).invoke(b"{}")
    assert outcome.value() == "Sandbox.Timedout"
    assert clock.now_ms() == VirtualClock.START_MS + 2000


def test_outer_invocation_times_out_when_an_inner_one_takes_its_time(clock: VirtualClock) -> None:
    inner = function(clock, lambda *_: in_place.sleep(clock, 5), timeout_seconds=10)
    outcome = function(clock, lambda *_: inner.invoke(b"{}").value()).invoke(b"{}")
    assert outcome.error == "Sandbox.Timedout"


def test_sleep_outside_of_an_invocation_moves_the_clock(clock: VirtualClock) -> None:
    in_place.sleep(clock, 500)
    assert clock.now_ms() == VirtualClock.START_MS + 500_000


def test_response_of_the_largest_size_passes_and_one_byte_more_does_not(
    clock: VirtualClock,
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    largest = "x" * (RESPONSE_BYTES_MAX - 2)
    assert function(clock, lambda *_: largest).invoke(b"{}").ok
    outcome = function(clock, lambda *_: largest + "x").invoke(b"{}")
    assert outcome.error == "Function.ResponseSizeTooLarge"
    assert outcome.value()["errorMessage"] == (
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    )


def test_context_counts_down_on_the_virtual_clock(clock: VirtualClock) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def work(_: Any, context: Any) -> int:
        in_place.sleep(clock, 1)
        remaining_ms: int = context.get_remaining_time_in_millis()
        return remaining_ms

    assert function(clock, work).invoke(b"{}").value() == 2000


def test_concurrency_in_place_is_counted(clock: VirtualClock) -> None:
    spec = FunctionSpec(name="w", function_name="w", handler="app.w", reserved_concurrency=0)
    assert not InPlaceFunction(spec, lambda *_: None, clock).try_acquire()


def test_who_sleeps_outside_an_invocation_lets_the_others_go_on() -> None:
    """A route that waits for its worker would otherwise wait in vain; inside, only time passes."""
    rested: list[float] = []
    in_place.sleep(VirtualClock(), 5, outside=rested.append)
    assert rested == [5]
