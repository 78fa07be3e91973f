"""The lines Lambda writes around a function's own output.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import datetime
import uuid

import msgspec

from emulator.invocation import LATEST


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What one invocation took."""

    duration_ms: int
    memory_mb: int
    memory_used_mb: int
    #: None: the environment was warm
    init_ms: int | None = None


def log_stream_name(now_ms: int, version: str = LATEST) -> str:
    """A new name for an environment's log stream: the day, the version, a random id."""
    return f"{_utc(now_ms):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"


def start(request_id: str, version: str = LATEST) -> str:
    return f"START RequestId: {request_id} Version: {version}"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}"


def report(request_id: str, usage: Usage) -> str:
    """The tab-separated line of figures; only a cold start has an init duration, billed too."""
    billed_ms = max(1, usage.duration_ms + (usage.init_ms or 0))
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {usage.duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {usage.memory_mb} MB",
        f"Max Memory Used: {usage.memory_used_mb} MB",
    ]
    if usage.init_ms is not None:
        fields.append(f"Init Duration: {usage.init_ms:.2f} ms")
    return "\t".join(fields) + "\t"


def init_timed_out(init_ms: int) -> str:
    """Said when the init phase is given up and run again under the function's timeout."""
    return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\tStatus: timeout"


def timed_out(now_ms: int, request_id: str, timeout_seconds: int) -> str:
    at = _utc(now_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{at} {request_id} Task timed out after {timeout_seconds:.2f} seconds"


def _utc(now_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now_ms / 1000, tz=datetime.timezone.utc)
