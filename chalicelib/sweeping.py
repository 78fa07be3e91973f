"""The sweep: jobs past their deadline that nobody asked about are told to have failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib import clock, failing, logs
from chalicelib.job_store import ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.job_store import JobStore
    from chalicelib.model import Job

#: What is left of an invocation when a sweep stops and leaves the rest to the next.
STOP_AT_MS = 5_000


class Sweeper:
    """Ends overdue jobs."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def sweep(self, remaining_ms: Callable[[], int]) -> int:
        """One pass over the table; returns how many jobs it ended."""
        ended = 0
        now_ms = clock.now_ms()
        for job in self._store.overdue(now_ms=now_ms):
            if remaining_ms() < STOP_AT_MS:
                logs.record("sweep-unfinished", level=logging.WARNING, count=ended)
                return ended
            ended += self._end(job, now_ms)
        logs.record("swept", count=ended)
        return ended

    def _end(self, job: Job, now_ms: int) -> int:
        try:
            failing.expire(self._store, job, now_ms=now_ms)
        except ConditionFailedError:
            return 0
        return 1
