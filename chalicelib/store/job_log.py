"""The one line that each change of a job's state leaves in the log.

It is written where the change is, by the store, so that nobody who makes one can forget it or tell
it twice. Only progress leaves none: it changes no state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import logs, metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.jobs.model import Job

#: How the log names the events of ``transitions``.
ACTIONS: Mapping[str, str] = {
    "accept": "accepted",
    "claim": "claimed",
    "release": "retry",
    "succeed": "succeeded",
    "fail": "failed",
    "fail-abandoned": "failed",
    "expire": "deadline-exceeded",
    "cancel": "canceled",
    "request-cancel": "canceling",
    "stop": "canceled",
    "stop-abandoned": "canceled",
    "purge": "deleted",
}


def record(event: str, job: Job, **more: Any) -> None:
    """Log that ``event`` has made ``job`` what it is; ``more`` is what only its maker knows."""
    action = ACTIONS.get(event)
    if action is None:
        return
    told: dict[str, int] = {}
    directives = metrics.RETRIED if event == "release" else []
    if event == "release":
        told["retries"] = 1
    if job.terminal:
        told["jobs"] = 1
        directives = metrics.ENDED_UNSTARTED
        if job.started_ms:
            directives = metrics.ENDED
            told |= {"queued_ms": job.queued_ms, "run_ms": job.run_ms}
    logs.record(
        action,
        job_id=job.id,
        type=job.type,
        attempt=job.attempt,
        outcome=job.status.value if job.terminal else None,
        slug=job.failure.slug if job.failure and (job.terminal or event == "release") else None,
        values=told,
        metrics=directives,
        **more,
    )
