"""A job as clients see it. References are relative to the answer's own URL.

Relative, because a proxy in front may add a path of its own: it would rewrite none of the bodies
and not every header. https://www.rfc-editor.org/rfc/rfc3986#section-5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import limits
from chalicelib.clock import rfc3339
from chalicelib.jobs.model import Status
from chalicelib.jobs.problems import PROBLEM_TYPES

if TYPE_CHECKING:
    from chalicelib.jobs.model import Failure, Job
    from chalicelib.jobs.problems import ProblemError

#: What a callback that would be too large does without, the first one first.
CALLBACK_LEAVES_OUT = ("result", "error", "timeline", "tags")
#: Polls by this share of the job's age keep a client at most a third late.
RETRY_AFTER_AGE_DIVISOR = 3


def document(job: Job, *, root: str, minimal: bool = False) -> dict[str, Any]:
    """The job's JSON object; ``root`` leads from the answer's URL to the API's root."""
    if minimal:
        return {"id": job.id, "status": job.status.value, "links": _links(job, root)}
    shown = {
        "id": job.id,
        "type": job.type,
        "status": job.status.value,
        "created_at": rfc3339(job.created_at_ms),
        "started_at": rfc3339(job.started_ms[0]) if job.started_ms else None,
        "finished_at": _time(job.finished_at_ms),
        "deadline_at": rfc3339(job.deadline_at_ms),
        "expires_at": rfc3339(job.expires_at_s * 1000) if job.terminal else None,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "executed": job.executed,
        "cancel_requested_at": _time(job.cancel_requested_at_ms),
        "retry_of": f"{root}jobs/{job.retry_of}" if job.retry_of else None,
        "progress": job.progress,
        "tags": job.tags or None,
        "result": msgspec.Raw(job.result) if job.result is not None else None,
        "error": error(job.failure, root=root) if job.failure and job.terminal else None,
        "timeline": _timeline(job) if job.attempt or job.terminal else None,
        "callback": _callback(job),
        "usage": _usage(job) if job.terminal else None,
        "links": _links(job, root),
    }
    return {name: value for name, value in shown.items() if value is not None}


def callback_body(job: Job) -> bytes:
    """The end of a job as its receiver reads it, never larger than receivers can be asked to take.

    References are relative to the API's root. What telling it changes is not in it.
    """
    data = document(job, root="")
    for name in ("callback", "usage"):
        data.pop(name, None)
    event = {"type": f"job.{job.status.value}", "timestamp": data["finished_at"], "data": data}
    body = msgspec.json.encode(event)
    for name in CALLBACK_LEAVES_OUT:
        if len(body) <= limits.CALLBACK_BODY_BYTES_MAX:
            break
        data.pop(name, None)
        body = msgspec.json.encode(event)
    return body


def headers(job: Job, *, now_ms: int) -> dict[str, str]:
    """What every answer about a job says of it."""
    told = {
        "ETag": etag(job),
        "Cache-Control": "private, max-age=60",
        "Vary": "Accept, Prefer",
    }
    if job.terminal:
        return told
    age_seconds = (now_ms - job.created_at_ms) / 1000
    return {
        **told,
        "Cache-Control": "no-cache",
        "Retry-After": str(retry_after_seconds(age_seconds)),
    }


def etag(job: Job) -> str:
    """Changes with every write to the job."""
    return f'"v{job.version}"'


def retry_after_seconds(age_seconds: float) -> int:
    """When to ask again: later and later, so that a long job does not cost a poll a second."""
    wanted = -(-age_seconds // RETRY_AFTER_AGE_DIVISOR)
    return int(min(max(wanted, 1), limits.RETRY_AFTER_SECONDS_MAX))


def error(failure: Failure, *, root: str) -> dict[str, Any]:
    """Why a job failed, as a problem object."""
    shown = {
        "type": f"{root}problems/{failure.slug}",
        "title": PROBLEM_TYPES[failure.slug].title,
        "detail": failure.detail,
        "attempts": failure.attempts,
        "last": error(failure.last, root=root) if failure.last else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def problem(raised: ProblemError, *, root: str, instance: str) -> dict[str, Any]:
    """The body of an answer that is a problem; ``instance`` is the request's id."""
    return {
        "type": f"{root}problems/{raised.type.slug}",
        "title": raised.type.title,
        "status": raised.type.status,
        "detail": raised.detail,
        "instance": instance,
        **({"job": f"{root}jobs/{raised.job_id}"} if raised.job_id else {}),
        **raised.members,
    }


def _links(job: Job, root: str) -> dict[str, str]:
    """Where a client can go from here; only what can succeed now."""
    own = f"{root}jobs/{job.id}"
    links = {"self": own}
    if job.status not in {Status.FAILED, Status.CANCELED}:
        links["result"] = f"{own}/result"
    if not job.terminal:
        links["cancel"] = f"{own}/cancel"
    elif job.input_retained:
        links["retry"] = f"{own}/retry"
    if job.callback_wanted:
        links["callback"] = f"{own}/callback"
    return links


def _callback(job: Job) -> dict[str, Any] | None:
    """How far telling the job's end has come; never where to, which may hold a secret."""
    callback = job.callback
    if callback is None:
        return None
    if not job.callback_wanted:
        return {"state": "skipped" if job.terminal else "pending"}
    shown = {
        "state": callback.outcome.value if callback.outcome else "queued",
        "attempts": callback.attempts,
        "next_attempt_at": _time(callback.next_at_ms),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)


def _timeline(job: Job) -> list[list[Any]]:
    """What happened when, and in which attempt."""
    line: list[list[Any]] = [["queued", rfc3339(job.created_at_ms)]]
    line += [
        ["running", rfc3339(started_ms), attempt]
        for attempt, started_ms in enumerate(job.started_ms, start=1)
    ]
    if job.cancel_requested_at_ms is not None and job.attempt:
        line.append(["canceling", rfc3339(job.cancel_requested_at_ms), job.attempt])
    if job.finished_at_ms is not None:
        line.append([job.status.value, rfc3339(job.finished_at_ms), job.attempt])
    return line


def _usage(job: Job) -> dict[str, int]:
    return {"write_units": job.write_units, "run_ms": job.run_ms}
