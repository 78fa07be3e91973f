"""Asking for a job. Whoever first looks after a deadline writes it down before reporting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import clock, failing, ids
from chalicelib.clock import rfc3339
from chalicelib.errors import UnavailableError
from chalicelib.job_store import ConditionFailedError
from chalicelib.model import TENANT
from chalicelib.problems import ProblemError

if TYPE_CHECKING:
    from chalicelib.job_store import JobStore
    from chalicelib.model import Job


class Queries:
    """Reads jobs for clients. Every method raises ProblemError where there is nothing to show."""

    def __init__(self, store: JobStore, *, id_key: bytes) -> None:
        self._store = store
        self._id_key = id_key

    def job(self, text: str) -> Job:
        """The job of that id, as everybody will see it from now on."""
        job_id = ids.minted(self._id_key, TENANT, text)
        if job_id is None:
            raise ProblemError("not-found", "There is no such job")
        try:
            return self._current(job_id)
        except UnavailableError as error:
            raise _unavailable() from error

    def result(self, job: Job) -> bytes:
        """A succeeded job's result as JSON text."""
        try:
            result = self._store.result(job)
        except UnavailableError as error:
            raise _unavailable() from error
        if result is None:
            raise _gone(job)
        return result

    def _current(self, job_id: str) -> Job:
        now_ms = clock.now_ms()
        job = self._store.get(job_id)
        if job is not None and job.overdue(now_ms):
            try:
                job = failing.fail_overdue(self._store, job_id, now_ms=now_ms)
            except ConditionFailedError as changed:
                job = changed.job
        if job is None or job.expired(now_ms):
            raise _gone(job)
        return job


def _gone(job: Job | None) -> ProblemError:
    if job is None:
        return ProblemError("gone", "The job is past its retention, or was never recorded")
    expired_at = rfc3339(job.expires_at_s * 1000)
    return ProblemError("gone", "The job is past its retention", expired_at=expired_at)


def _unavailable() -> ProblemError:
    return ProblemError("unavailable", "Try again shortly", headers={"Retry-After": "1"})
