"""What is sent on when events come to their end: destinations and dead letters.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec

from emulator.cloud.letter import Letter
from emulator.cloud.stream import Shard
from emulator.invocation import FunctionSpec, Outcome
from emulator.mapping.shard_reader import ShardBatch

SUCCESS = "Success"
RETRIES_EXHAUSTED = "RetriesExhausted"
EVENT_AGE_EXCEEDED = "EventAgeExceeded"
ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"
#: AWS documents that such an event is sent on, and not what its record says
RECURSIVE_LOOP = "RecursiveLoop"
RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"
RECORD_AGE_EXCEEDED = "RecordAgeExceeded"

#: How much of an error's text a dead letter carries.
ERROR_MESSAGE_BYTES_MAX = 1024


#: Delivers a letter; called under the cloud's lock, and does not raise.
Send = Callable[[Letter], None]


class BatchEnding(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch of stream records ended that was given up."""

    function: FunctionSpec
    shard: Shard
    batch: ShardBatch
    condition: str
    at_ms: int


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
        record["responseContext"] = _response_context(ending.outcome)
        record["responsePayload"] = msgspec.Raw(ending.outcome.payload)
    kind = "Success" if ending.condition == SUCCESS else "Failure"
    return Letter(
        target=target,
        sender=ending.function.arn,
        body=msgspec.json.encode(record).decode(),
        detail_type=f"Lambda Function Invocation Result - {kind}",
    )


def batch_record(ending: BatchEnding, target: str) -> Letter:
    """Where the records of a batch stand in their stream; the records themselves stay there.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    batch, shard = ending.batch, ending.shard
    record: dict[str, Any] = {
        "requestContext": {
            "requestId": batch.request_id,
            "functionArn": ending.function.arn,
            "condition": ending.condition,
            "approximateInvokeCount": batch.invocations,
        },
        "version": "1.0",
        "timestamp": timestamp(ending.at_ms),
        "KinesisBatchInfo" if ":kinesis:" in shard.stream_arn else "DDBStreamBatchInfo": {
            "shardId": shard.shard_id,
            "startSequenceNumber": batch.sequence_numbers[0],
            "endSequenceNumber": batch.sequence_numbers[-1],
            "approximateArrivalOfFirstRecord": timestamp(batch.records[0].arrived_ms),
            "approximateArrivalOfLastRecord": timestamp(batch.records[-1].arrived_ms),
            "batchSize": len(batch.records),
            "streamArn": shard.stream_arn,
        },
    }
    if batch.outcome is not None:
        record["responseContext"] = _response_context(batch.outcome)
    body = msgspec.json.encode(record).decode()
    return Letter(target=target, sender=ending.function.arn, body=body)


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


def _response_context(outcome: Outcome) -> dict[str, Any]:
    error = {} if outcome.ok else {"functionError": "Unhandled"}
    return {"statusCode": 200, "executedVersion": "$LATEST", **error}


def _error(ending: Ending) -> tuple[str, str]:
    """The HTTP status of the last try, and its error in words; a queue takes no empty text."""
    if ending.outcome is None:
        return "429", "Rate Exceeded."
    error = msgspec.json.decode(ending.outcome.payload)
    text = str(error.get("errorMessage") or "") if isinstance(error, dict) else ""
    cut = text.encode()[:ERROR_MESSAGE_BYTES_MAX].decode(errors="ignore")
    return "200", cut or str(ending.outcome.error)
