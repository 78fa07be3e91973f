"""One JSON line for each thing that happened to a job: an action and ids, never what a job holds.

The fields are a closed list, so that no input, result or secret can reach the log by accident.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: not the app's name: that logger is Chalice's own
LOGGER = logging.getLogger("chalicelib")
_HANDLER = "service"

#: Frames of a task's failure that are worth a line.
FRAMES_MAX = 5

#: The member that describes a line's metrics, as the embedded metric format calls it.
_METRICS = "_aws"

#: What every record has beside its own fields, while a function runs.
_ids: ContextVar[dict[str, str] | None] = ContextVar("_ids", default=None)


class Line(logging.Formatter):
    """A record as one JSON object, with what tells CloudWatch of its metrics or without."""

    def __init__(self, *, with_metrics: bool = True) -> None:
        super().__init__()
        self._with_metrics = with_metrics

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname,
            "action": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if not self._with_metrics:
            line.pop(_METRICS, None)
        return msgspec.json.encode(line).decode()


class _StandardOutput(logging.Handler):
    """Writes to what ``sys.stdout`` is now; a test may have replaced it since the start."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record) + "\n")
        sys.stdout.flush()


def configure(*, with_metrics: bool = True) -> None:
    """Send the service's records to standard output. Doing it twice changes nothing.

    ``with_metrics``: CloudWatch reads them; a person at a terminal has no use for that part.
    """
    # by its name: an app that is loaded from a bundle beside this one brings its own class
    if any(handler.name == _HANDLER for handler in LOGGER.handlers):
        return
    handler = _StandardOutput()
    handler.name = _HANDLER
    handler.setFormatter(Line(with_metrics=with_metrics))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    # Lambda's root logger has a handler too: without this every line would appear twice.
    LOGGER.propagate = False


@contextlib.contextmanager
def of_request(request_id: str) -> Iterator[None]:
    """Every record until the end is made for this request, or this invocation."""
    with _with_ids({"request_id": request_id}):
        yield


@contextlib.contextmanager
def of_message(message_id: str) -> Iterator[None]:
    """Every record until the end is about this message, or about its job: see ``note_job``."""
    outer = _ids.get() or {}
    kept = {name: value for name, value in outer.items() if name == "request_id"}
    with _with_ids({**kept, "message_id": message_id}):
        yield


def note_job(job_id: str) -> None:
    """The message that is worked on is about this job, which from now on stands for it."""
    ids = _ids.get()
    if ids is not None:
        ids.pop("message_id", None)
        ids["job_id"] = job_id


@contextlib.contextmanager
def _with_ids(ids: dict[str, str]) -> Iterator[None]:
    token = _ids.set(ids)
    try:
        yield
    finally:
        _ids.reset(token)


def record(
    action: str,
    *,
    level: int = logging.INFO,
    job_id: str | None = None,
    message_id: str | None = None,
    type: str | None = None,  # noqa: A002
    attempt: int | None = None,
    outcome: str | None = None,
    slug: str | None = None,
    count: int | None = None,
    seconds: float | None = None,
    status: int | None = None,
    error: BaseException | None = None,
    values: dict[str, int] | None = None,
    metrics: Sequence[dict[str, Any]] = (),
) -> None:
    """Log ``action``, a stable machine name such as ``claimed``, with the ids that are known.

    ``metrics`` are directives of ``chalicelib.metrics``, and ``values`` the numbers they name.
    Of an error only its type and where it was raised: its message may hold what a client sent.
    """
    known: dict[str, Any] = {
        **(_ids.get() or {}),
        **({"job_id": job_id} if job_id else {}),
        **({"message_id": message_id} if message_id else {}),
        "type": type,
        "attempt": attempt,
        "outcome": outcome,
        "slug": slug,
        "count": count,
        "seconds": seconds,
        "status": status,
        "error": error and error.__class__.__name__,
        "frames": error and _frames(error),
        **(values or {}),
        _METRICS: {"Timestamp": clock.now_ms(), "CloudWatchMetrics": metrics} if metrics else None,
    }
    fields = {name: value for name, value in known.items() if value is not None}
    LOGGER.log(level, action, extra={"fields": fields})


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
