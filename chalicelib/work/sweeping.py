"""The sweep: jobs past their deadline that nobody asked about are told to have failed, and late
callbacks are queued again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib import clock, logs
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.work import failing

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.jobs.model import Job
    from chalicelib.store.callback_store import CallbackStore
    from chalicelib.store.job_store import JobStore

#: What is left of an invocation when a sweep stops and leaves the rest to the next.
STOP_AT_MS = 5_000


class Sweeper:
    """Sees to neglected jobs."""

    def __init__(self, store: JobStore, callbacks: CallbackStore) -> None:
        self._store = store
        self._callbacks = callbacks

    def sweep(self, remaining_ms: Callable[[], int]) -> int:
        """One pass over the table; returns how many jobs it did something for."""
        count = 0
        now_ms = clock.now_ms()
        for job in self._store.neglected(now_ms=now_ms):
            if remaining_ms() < STOP_AT_MS:
                logs.record("sweep-unfinished", level=logging.WARNING, count=count)
                return count
            count += self._see_to(job, now_ms)
        logs.record("swept", count=count)
        return count

    def _see_to(self, job: Job, now_ms: int) -> bool:
        if job.terminal and not job.callback_due:
            return False
        try:
            if not job.terminal:
                failing.expire(self._store, job, now_ms=now_ms)
                return True
            # noted first: a callback that cannot be queued comes up again only after its time
            late = self._callbacks.requeue(job, now_ms=now_ms)
        except ConditionFailedError:
            return False
        self._store.announcer.queue(late)
        return True
