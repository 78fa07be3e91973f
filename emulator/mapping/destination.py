"""What is sent on when events come to their end: destinations and dead letters.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec

from emulator.cloud.letter import Letter
from emulator.invocation import FunctionSpec, Outcome

SUCCESS = "Success"
RETRIES_EXHAUSTED = "RetriesExhausted"
EVENT_AGE_EXCEEDED = "EventAgeExceeded"
ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"

#: How much of an error's text a dead letter carries.
ERROR_MESSAGE_BYTES_MAX = 1024


#: Delivers a letter; called under the cloud's lock, and does not raise.
Send = Callable[[Letter], None]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How one asynchronous event ended."""

    function: FunctionSpec
    request_id: str
    payload: bytes
    condition: str
    #: how often the function was started with it
    invocations: int
    at_ms: int
    #: of the last invocation, if there was one
    outcome: Outcome | None = None


def invocation_record(ending: Ending, target: str) -> Letter:
    """The record of an event for a destination."""
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": timestamp(ending.at_ms),
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": f"{ending.function.arn}:$LATEST",
            "condition": ending.condition,
            "approximateInvokeCount": ending.invocations,
        },
        "requestPayload": msgspec.Raw(ending.payload),
    }
    if ending.outcome is not None:
        error = {} if ending.outcome.ok else {"functionError": "Unhandled"}
        record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST", **error}
        record["responsePayload"] = msgspec.Raw(ending.outcome.payload)
    kind = "Success" if ending.condition == SUCCESS else "Failure"
    return Letter(
        target=target,
        sender=ending.function.arn,
        body=msgspec.json.encode(record).decode(),
        detail_type=f"Lambda Function Invocation Result - {kind}",
    )


def dead_letter(ending: Ending, target: str) -> Letter:
    """The event itself, with why it failed in its attributes.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
    """
    code, text = _error(ending)
    return Letter(
        target=target,
        sender=ending.function.arn,
        body=ending.payload.decode(),
        attributes={
            "RequestID": ("String", ending.request_id),
            "ErrorCode": ("Number", code),
            "ErrorMessage": ("String", text),
        },
    )


def timestamp(at_ms: int) -> str:
    """``2026-01-01T00:00:00.000Z``"""
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _error(ending: Ending) -> tuple[str, str]:
    """The HTTP status of the last try, and its error in words; a queue takes no empty text."""
    if ending.outcome is None:
        return "429", "Rate Exceeded."
    error = msgspec.json.decode(ending.outcome.payload)
    text = str(error.get("errorMessage") or "") if isinstance(error, dict) else ""
    cut = text.encode()[:ERROR_MESSAGE_BYTES_MAX].decode(errors="ignore")
    return "200", cut or str(ending.outcome.error)
