"""The lines Lambda writes around a function's own output.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING

from emulator.invocation import LATEST
from emulator.runtime import failures

if TYPE_CHECKING:
    from emulator.invocation import Outcome, Usage


def log_stream_name(now_ms: int, version: str = LATEST) -> str:
    """A new name for an environment's log stream: the day, the version, a random id."""
    return f"{_utc(now_ms):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"


def start(request_id: str, version: str = LATEST) -> str:
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}"


def report(request_id: str, usage: Usage, error: str | None = None) -> str:
    """The tab-separated line of figures; only a cold start has an init duration, billed too.

    ``error`` is shown if it is one that ended the process.
    """
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {usage.duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms(usage)} ms",
        f"Memory Size: {usage.memory_mb} MB",
        f"Max Memory Used: {usage.memory_used_mb} MB",
    ]
    if usage.init_ms is not None:
        fields.append(f"Init Duration: {usage.init_ms:.2f} ms")
    if error in failures.ENDINGS:
        fields.append(_status(error))
    return "\t".join(fields) + "\t"


def billed_ms(usage: Usage) -> int:
    """A cold start is billed, too."""
    return max(1, usage.duration_ms + (usage.init_ms or 0))


def init_failed(init_ms: int, error: str | None) -> str:
    """Said when the init phase has failed, and is to be run again in the invocation."""
    return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\t{_status(error)}"


def _status(error: str | None) -> str:
    return (
        "Status: timeout" if error == failures.TIMED_OUT else f"Status: error\tError Type: {error}"
    )


def ended(now_ms: int, request_id: str, outcome: Outcome) -> str:
    """Why the process was ended, or has ended."""
    message = str(outcome.value()["errorMessage"])
    if outcome.error != failures.TIMED_OUT:
        return f"{message} {outcome.error}"
    return f"{timestamp(now_ms)} {request_id} {message.partition('Error: ')[2]}"


def timestamp(now_ms: int) -> str:
    """``2026-01-01T00:00:00.000Z``"""
    return _utc(now_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(now_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now_ms / 1000, tz=datetime.timezone.utc)
