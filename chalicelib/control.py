"""What a client does to a job that exists: cancel it, delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import clock, logs
from chalicelib.errors import UnavailableError
from chalicelib.job_store import ConditionFailedError
from chalicelib.model import Status
from chalicelib.problems import ProblemError

if TYPE_CHECKING:
    from chalicelib.job_store import JobStore
    from chalicelib.model import Job
    from chalicelib.payload_store import PayloadStore
    from chalicelib.queries import Queries

#: A job can go from queued to running to its end under our eyes, and start once more in between.
TRIES_MAX = 5


class Controller:
    """Raises ProblemError, or UnavailableError if the table does not answer."""

    def __init__(self, store: JobStore, payloads: PayloadStore, *, queries: Queries) -> None:
        self._store = store
        self._payloads = payloads
        self._queries = queries

    def cancel(self, tenant: str, text: str) -> Job:
        """The job, canceled if nobody works on it, else canceling."""
        job = self._queries.job(tenant, text)
        for _ in range(TRIES_MAX):
            if job.status in {Status.CANCELING, Status.CANCELED}:
                return job
            if job.terminal:
                raise ProblemError("job-finished", f"The job has {job.status.value}", job_id=job.id)
            try:
                return self._cancel_active(job)
            except ConditionFailedError as changed:
                # deleted in this moment: what it was tells enough
                job = changed.job or job
        raise UnavailableError("the job keeps changing", maybe_done=False)

    def delete(self, tenant: str, text: str) -> None:
        """Leave only a tombstone of a finished job. Deleting it again changes nothing."""
        job = self._queries.job_or_tombstone(tenant, text)
        if not job.purged:
            job = self._purge(job)
        # after the tombstone: a job that still shows its result must have it
        self._payloads.delete(job)

    def _cancel_active(self, job: Job) -> Job:
        now_ms = clock.now_ms()
        if job.status is Status.RUNNING and job.leased(now_ms):
            job = self._store.request_cancel(job, now_ms=now_ms)
        else:
            job = self._store.cancel(job, now_ms=now_ms)
        logs.record(job.status.value, job_id=job.id, attempt=job.attempt)
        return job

    def _purge(self, job: Job) -> Job:
        try:
            job = self._store.purge(job)
        except ConditionFailedError as refused:
            if refused.job is None or not refused.job.purged:
                detail = "Cancel it, or wait for its end"
                raise ProblemError("job-not-finished", detail, job_id=job.id) from None
            return refused.job
        logs.record("deleted", job_id=job.id)
        return job
