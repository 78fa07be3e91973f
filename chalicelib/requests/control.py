"""What a client does to a job that exists: cancel it, delete it, have its end told again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import clock
from chalicelib.errors import UnavailableError
from chalicelib.jobs.model import Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.store.job_store import ConditionFailedError

if TYPE_CHECKING:
    from chalicelib.jobs.model import Job
    from chalicelib.requests.queries import Queries
    from chalicelib.store.callback_store import CallbackStore
    from chalicelib.store.job_store import JobStore
    from chalicelib.store.payload_store import PayloadStore

#: A job can go from queued to running to its end under our eyes, and start once more in between.
TRIES_MAX = 5


class Controller:
    """Raises ProblemError, or UnavailableError if the table does not answer."""

    def __init__(
        self,
        store: JobStore,
        payloads: PayloadStore,
        *,
        callbacks: CallbackStore,
        queries: Queries,
    ) -> None:
        self._store = store
        self._payloads = payloads
        self._callbacks = callbacks
        self._queries = queries

    def cancel(self, tenant: str, text: str) -> Job:
        """The job, canceled if nobody works on it, else canceling."""
        return cancel(self._store, self._queries.job(tenant, text))

    def delete(self, tenant: str, text: str) -> None:
        """Leave only a tombstone of a finished job. Deleting it again changes nothing."""
        job = self._queries.job_or_tombstone(tenant, text)
        if not job.purged:
            job = self._purge(job)
        # after the tombstone: a job that still shows its result must have it
        self._payloads.delete(job)

    def call_back(self, tenant: str, text: str) -> Job:
        """Have a finished job's end told again, from the first delivery on."""
        job = self._queries.job(tenant, text)
        if not job.terminal:
            detail = "Its end is told when it has one"
            raise ProblemError("job-not-finished", detail, job_id=job.id)
        if not job.callback_wanted:
            detail = f"Nobody asked to be told that it has {job.status.value}"
            raise ProblemError("no-callback", detail, job_id=job.id)
        try:
            job = self._callbacks.begin_again(job)
        except ConditionFailedError:
            raise ProblemError("gone", "The job was deleted") from None
        self._store.announcer.queue(job)
        return job

    def _purge(self, job: Job) -> Job:
        try:
            return self._store.purge(job)
        except ConditionFailedError as refused:
            if refused.job is None or not refused.job.purged:
                detail = "Cancel it, or wait for its end"
                raise ProblemError("job-not-finished", detail, job_id=job.id) from None
            return refused.job


def cancel(store: JobStore, job: Job) -> Job:
    """The job, canceled if nobody works on it, else canceling. Raises as Controller does."""
    for _ in range(TRIES_MAX):
        if job.status in {Status.CANCELING, Status.CANCELED}:
            return job
        if job.terminal:
            raise ProblemError("job-finished", f"The job has {job.status.value}", job_id=job.id)
        now_ms = clock.now_ms()
        is_worked_on = job.status is Status.RUNNING and job.leased(now_ms)
        try:
            return (store.request_cancel if is_worked_on else store.cancel)(job, now_ms=now_ms)
        except ConditionFailedError as changed:
            # deleted in this moment: what it was tells enough
            job = changed.job or job
    raise UnavailableError("the job keeps changing", maybe_done=False)
