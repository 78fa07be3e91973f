"""One JSON line for each thing that happened to a job: an action and ids, never what a job holds.

The fields are a closed list, so that no input, result or secret can reach the log by accident.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import msgspec

#: not the app's name: that logger is Chalice's own
LOGGER = logging.getLogger("chalicelib")

#: Frames of a task's failure that are worth a line.
FRAMES_MAX = 5


class _Line(logging.Formatter):
    """A record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname,
            "action": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return msgspec.json.encode(line).decode()


class _StandardOutput(logging.Handler):
    """Writes to what ``sys.stdout`` is now; a test may have replaced it since the start."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record) + "\n")
        sys.stdout.flush()


def configure() -> None:
    """Send the service's records to standard output. Doing it twice changes nothing."""
    if LOGGER.handlers:
        return
    handler = _StandardOutput()
    handler.setFormatter(_Line())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    # Lambda's root logger has a handler too: without this every line would appear twice.
    LOGGER.propagate = False


def record(
    action: str,
    *,
    level: int = logging.INFO,
    job_id: str | None = None,
    message_id: str | None = None,
    request_id: str | None = None,
    attempt: int | None = None,
    slug: str | None = None,
    count: int | None = None,
    seconds: float | None = None,
    status: int | None = None,
    error: BaseException | None = None,
) -> None:
    """Log ``action``, a stable machine name such as ``claimed``, with the ids that are known.

    Of an error only its type and where it was raised: its message may hold what a client sent.
    """
    known: dict[str, Any] = {
        "job_id": job_id,
        "message_id": message_id,
        "request_id": request_id,
        "attempt": attempt,
        "slug": slug,
        "count": count,
        "seconds": seconds,
        "status": status,
        "error": error and type(error).__name__,
        "frames": error and _frames(error),
    }
    fields = {name: value for name, value in known.items() if value is not None}
    LOGGER.log(level, action, extra={"fields": fields})


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
