"""Doing a finished job again: a new job from the old one's input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.jobs import strict_json
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests import submission
from chalicelib.requests.submission import Key, Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.jobs.model import Job
    from chalicelib.requests.queries import Queries
    from chalicelib.task import Task


class Retrier:
    """Orders jobs that repeat others."""

    def __init__(self, queries: Queries, *, tasks: Mapping[str, Task]) -> None:
        self._queries = queries
        self._tasks = tasks

    def order(self, tenant: str, text: str, *, key: Key | None) -> Order:
        """For a new job with the same type, input, tags, callback, attempts and time.

        Raises ProblemError, or UnavailableError if the table does not answer.
        """
        job = self._queries.job(tenant, text)
        if not job.terminal:
            raise ProblemError("job-not-finished", "It may yet succeed", job_id=job.id)
        given = self._queries.input(job)
        if given is None:
            raise ProblemError("input-not-retained", "Submit it again", job_id=job.id)
        return self._order(job, given, key)

    def _order(self, job: Job, given: bytes, key: Key | None) -> Order:
        # checked anew: a deployment may have changed the task since
        asked: dict[str, Any] = {
            "type": job.type,
            "input": strict_json.decode(given)[1],
            "deadline_seconds": (job.deadline_at_ms - job.created_at_ms) // 1000,
            "max_attempts": job.max_attempts,
            "tags": job.tags,
        }
        if job.callback is not None:
            asked["callback"] = {"url": job.callback.url, "events": job.callback.events}
        checked = submission.checked(asked, self._tasks)
        return Order(submission=checked, input=given, key=key, retry_of=job.id)
