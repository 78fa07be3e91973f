"""Asking for jobs. Whoever first looks after a deadline writes it down before reporting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib import clock, limits
from chalicelib.clock import rfc3339
from chalicelib.jobs import ids
from chalicelib.jobs.model import Job, Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.work import failing

if TYPE_CHECKING:
    from chalicelib.store.job_store import JobStore
    from chalicelib.store.payload_store import PayloadStore


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs a list is of."""

    status: Status | None = None
    type: str | None = None

    def fits(self, job: Job) -> bool:
        return self.status in (None, job.status) and self.type in (None, job.type)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list."""

    jobs: list[Job]
    #: the id to go on behind, None at the end
    after: str | None


class Queries:
    """Reads jobs for clients. Raises ProblemError where there is nothing to show.

    Every method raises UnavailableError if the table does not answer.
    """

    def __init__(self, store: JobStore, payloads: PayloadStore, *, id_key: bytes) -> None:
        self._store = store
        self._payloads = payloads
        self._id_key = id_key

    def job(self, tenant: str, text: str) -> Job:
        """The job of that id, as everybody will see it from now on.

        Another tenant's id is not told from one that was never made.
        """
        job = self.job_or_tombstone(tenant, text)
        if job.purged:
            raise ProblemError("gone", "The job was deleted")
        return job

    def job_or_tombstone(self, tenant: str, text: str) -> Job:
        """As ``job``, but a deleted one's tombstone too."""
        job_id = ids.minted(self._id_key, tenant, text)
        if job_id is None:
            raise ProblemError("not-found", "There is no such job")
        job = self.recorded(tenant, job_id)
        if job is None or job.expired(clock.now_ms()):
            raise _gone(job)
        return job

    def recorded(self, tenant: str, job_id: str) -> Job | None:
        """What the table has under the id, ended if its deadline has passed."""
        job = self._store.get(tenant, job_id)
        return self._current(job) if job else None

    def page(self, tenant: str, wanted: Wanted, *, after: str | None, limit: int) -> Page:
        """Up to ``limit`` wanted jobs, the newest first; fewer before the end if few fit."""
        found: list[Job] = []
        size = limit if wanted == Wanted() else limits.LIST_JOBS_MAX
        for _ in range(limits.LIST_READS_MAX):
            jobs, more = self._store.newest(tenant, after=after, limit=size)
            for job in jobs:
                after = job.id
                found += self._listed(job, wanted)
                if len(found) == limit:
                    more = more or job is not jobs[-1]
                    return Page(jobs=found, after=after if more else None)
            if not more:
                return Page(jobs=found, after=None)
        return Page(jobs=found, after=after)

    def result(self, job: Job) -> bytes:
        """A succeeded job's result as JSON text."""
        result = self._payloads.result(job)
        if result is None:
            raise _gone(job)
        return result

    def result_link(self, job: Job) -> str | None:
        """A URL that opens a succeeded job's result for a while, if it lies in S3."""
        return self._payloads.result_link(job)

    def input(self, job: Job) -> bytes | None:
        """A finished job's input as JSON text, if it was kept."""
        return self._payloads.input(job)

    def _listed(self, job: Job, wanted: Wanted) -> list[Job]:
        current = self._current(job)
        if current is None or current.purged or current.expired(clock.now_ms()):
            return []
        return [current] if wanted.fits(current) else []

    def _current(self, job: Job) -> Job | None:
        now_ms = clock.now_ms()
        if not job.overdue(now_ms):
            return job
        try:
            return failing.expire(self._store, job, now_ms=now_ms)
        except ConditionFailedError as changed:
            return changed.job


def _gone(job: Job | None) -> ProblemError:
    if job is None:
        return ProblemError("gone", "The job is past its retention, or was never recorded")
    expired_at = rfc3339(job.expires_at_s * 1000)
    return ProblemError("gone", "The job is past its retention", expired_at=expired_at)
