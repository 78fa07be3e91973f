"""The Invoke operation: a request is checked, the function runs, the answer is Lambda's.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import functools
import uuid
from typing import TYPE_CHECKING

import msgspec

from emulator.cloud.aws import Answer
from emulator.lambda_api.errors import LambdaError, invalid_parameter, throttled
from emulator.limits import ASYNCHRONOUS_EVENT_BYTES_MAX, EVENT_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.invocation import Outcome
    from emulator.lambda_api.functions import NamedFunction
    from emulator.lambda_api.seated_function import Seat, SeatedFunction

REQUEST_RESPONSE, EVENT, DRY_RUN = "RequestResponse", "Event", "DryRun"


class InvokeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation, checked."""

    payload: bytes
    type: str = REQUEST_RESPONSE
    wants_log: bool = False
    #: the caller's place in a chain of calls, which a client inside a function hands on
    trace_header: str | None = None


def read(headers: Mapping[str, str], body: bytes) -> InvokeRequest:
    """Raises LambdaError for what Lambda refuses before it looks at the function."""
    kind = headers.get("X-Amz-Invocation-Type") or REQUEST_RESPONSE
    if kind not in (REQUEST_RESPONSE, EVENT, DRY_RUN):
        raise invalid_parameter(f"Invocation type {kind} is not supported.")
    _check_size(len(body), kind)
    try:
        msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LambdaError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None
    log_type = headers.get("X-Amz-Log-Type") or "None"
    return InvokeRequest(
        payload=body or b"{}",
        type=kind,
        wants_log=log_type == "Tail",
        trace_header=headers.get("X-Amzn-Trace-Id"),
    )


def _check_size(size_bytes: int, kind: str) -> None:
    """Both texts are Lambda's, as clients have reported them."""
    text = None
    if size_bytes > EVENT_BYTES_MAX:
        operation = "for the InvokeFunction operation"
        text = f"Request must be smaller than {EVENT_BYTES_MAX} bytes {operation}"
    elif kind == EVENT and size_bytes > ASYNCHRONOUS_EVENT_BYTES_MAX:
        text = (
            f"{size_bytes} byte payload is too large for the Event invocation type "
            f"(limit {ASYNCHRONOUS_EVENT_BYTES_MAX} bytes)"
        )
    if text is not None:
        raise LambdaError("RequestEntityTooLargeException", text, status=413)


def begin(function: NamedFunction, request: InvokeRequest, seat: Seat) -> Callable[[], Answer]:
    """Take a slot of the function's concurrency; the work that runs it is for later.

    Raises LambdaError for a throttle.
    """
    if not function.try_acquire():
        raise throttled(reserved=function.spec.reserved_concurrency is not None)
    return functools.partial(_run, function, request, seat)


def _run(function: NamedFunction, request: InvokeRequest, seat: Seat) -> Answer:
    """Invoke and wait. Called without the cloud's lock."""
    request_id, spec = str(uuid.uuid4()), function.spec
    outcome = run(function, request, seat, request_id=request_id)
    headers = {
        "Content-Type": "application/json",
        "X-Amz-Executed-Version": spec.version,
        "x-amzn-RequestId": request_id,
    }
    if not outcome.ok:
        headers["X-Amz-Function-Error"] = "Unhandled"
    if request.wants_log:
        headers["X-Amz-Log-Result"] = base64.b64encode(outcome.log.encode()).decode()
    return Answer(200, headers, outcome.payload)


def run(
    function: NamedFunction, request: InvokeRequest, seat: Seat, *, request_id: str,
    source: str = "Invoke",
) -> Outcome:  # fmt: skip
    """Invoke with a slot that is taken, and give it back. ``source`` is for the terminal."""
    spec = function.spec
    seat.journal.record(spec.name, "invoke", source=source, attempt=1, request_id=request_id)
    began_ms = seat.clock.now_ms()
    try:
        outcome = function.invoke(
            request.payload, request_id=request_id, trace_header=request.trace_header
        )
    finally:
        function.release()
        with seat.condition:
            # an event may have waited for the place
            seat.condition.notify_all()
    duration_ms = seat.clock.now_ms() - began_ms
    failed = {} if outcome.ok else {"error": outcome.error}
    seat.journal.record(
        spec.name, "result", duration_ms=duration_ms, **outcome.usage_data(), **failed
    )
    return outcome


def submit(function: SeatedFunction, request: InvokeRequest) -> Callable[[], Answer]:
    """Accept an event for later; the answer has the request id that the function will see."""
    request_id = function.submit(request.payload, source="Invoke")
    return lambda: Answer(202, {"x-amzn-RequestId": request_id}, b"")
