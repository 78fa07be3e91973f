"""The lines Lambda writes around a function's own output where its log is JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.runtime import failures, log_lines

if TYPE_CHECKING:
    from emulator.invocation import Usage


def start(now_ms: int, request_id: str, version: str) -> str:
    return _record(now_ms, "start", {"requestId": request_id, "version": version})


def report(now_ms: int, request_id: str, usage: Usage, *, error: str | None) -> str:
    metrics = {
        "durationMs": usage.duration_ms,
        "billedDurationMs": log_lines.billed_ms(usage),
        "memorySizeMB": usage.memory_mb,
        "maxMemoryUsedMB": usage.memory_used_mb,
        **({} if usage.init_ms is None else {"initDurationMs": usage.init_ms}),
    }
    status = {None: "success", failures.TIMED_OUT: "timeout"}.get(error, "error")
    content: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": status}
    if error not in (None, failures.TIMED_OUT):
        content["errorType"] = error
    return _record(now_ms, "report", content)


def is_shown(level: int, least: str) -> bool:
    """Whether a record of ``level`` is logged, where those below ``least`` are not.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    return level >= int(logging.getLevelName(least))


def _record(now_ms: int, kind: str, content: dict[str, Any]) -> str:
    record = {"time": log_lines.timestamp(now_ms), "type": f"platform.{kind}", "record": content}
    return msgspec.json.encode(record).decode()
