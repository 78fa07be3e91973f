"""How much waits, and whose: a tenant that floods a long queue is told to come later.

Asking SQS for the length of the queue costs one request in five seconds for each process. Only
while it is too long, and then once in that time for each tenant, one page of a tenant's newest
jobs is read. So a quiet tenant is let in while a loud one has to wait, and no counter is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import clock, limits, logs
from chalicelib.errors import UnavailableError
from chalicelib.jobs.model import Status
from chalicelib.jobs.problems import ProblemError

if TYPE_CHECKING:
    from chalicelib.store.job_queue import JobQueue
    from chalicelib.store.job_store import JobStore


class Backlog:
    """Decides who may submit now. What was found out is good for five seconds."""

    def __init__(self, queue: JobQueue, store: JobStore, *, messages_max: int) -> None:
        """``messages_max``: up to so many in the queue everybody may; 0: always."""
        self._queue = queue
        self._store = store
        self._messages_max = messages_max
        self._asked_ms: int | None = None
        self._is_long = False
        #: whether a tenant has too many jobs that wait; while the queue is long
        self._floods: dict[str, bool] = {}

    def refuse_flood(self, tenant: str) -> None:
        """Raises ProblemError if the tenant has to wait; nothing is recorded then."""
        if self._messages_max == 0:
            return
        try:
            refused = self._queue_is_long() and self._floods_queue(tenant)
        except UnavailableError as error:
            # it is no reason to refuse a job that it is not known how many wait
            logs.record("backlog-unknown", error=error)
            return
        if refused:
            detail = "Many of your jobs wait for their first attempt; come back when some have run"
            headers = {"Retry-After": str(limits.BACKLOG_SECONDS)}
            raise ProblemError("too-many-requests", detail, headers=headers)

    def _queue_is_long(self) -> bool:
        now_ms = clock.now_ms()
        age_ms = -1 if self._asked_ms is None else now_ms - self._asked_ms
        # a clock may be set back
        if not 0 <= age_ms < limits.BACKLOG_SECONDS * 1000:
            # asked at, also if there is no answer: not again for each request
            self._asked_ms, self._is_long = now_ms, False
            self._floods.clear()
            self._is_long = self._queue.visible() > self._messages_max
        return self._is_long

    def _floods_queue(self, tenant: str) -> bool:
        if tenant not in self._floods:
            limit = limits.BACKLOG_TENANT_JOBS_MAX
            jobs, _ = self._store.newest(tenant, after=None, limit=limit)
            waiting = sum(job.status is Status.QUEUED for job in jobs)
            self._floods[tenant] = waiting == limit
        return self._floods[tenant]
