"""The sweep: jobs past their deadline that nobody asked about are told to have failed, and late
callbacks are queued again.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import msgspec

from chalicelib import clock, logs
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.work import failing

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.store.callback_store import CallbackStore
    from chalicelib.store.job_store import JobStore

#: What is left of an invocation when a sweep stops and leaves the rest to the next.
STOP_AT_MS = 5_000


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep has done."""

    #: jobs that were told to have failed
    expired: int = 0
    #: callbacks that were queued again
    callbacks: int = 0
    #: it came to the end of the table
    complete: bool = True


class Sweeper:
    """Sees to neglected jobs."""

    def __init__(self, store: JobStore, callbacks: CallbackStore) -> None:
        self._store = store
        self._callbacks = callbacks

    def sweep(self, remaining_ms: Callable[[], int]) -> Swept:
        """One pass over the table."""
        expired = callbacks = 0
        now_ms = clock.now_ms()
        for job in self._store.neglected(now_ms=now_ms):
            if remaining_ms() < STOP_AT_MS:
                logs.record("sweep-unfinished", level=logging.WARNING, count=expired + callbacks)
                return Swept(expired=expired, callbacks=callbacks, complete=False)
            # another may have been there first
            with contextlib.suppress(ConditionFailedError):
                if not job.terminal:
                    failing.expire(self._store, job, now_ms=now_ms)
                    expired += 1
                elif job.callback_due:
                    # noted first: a callback that cannot be queued comes up again after its time
                    late = self._callbacks.requeue(job, now_ms=now_ms)
                    self._store.announcer.queue(late)
                    callbacks += 1
        logs.record("swept", count=expired + callbacks)
        return Swept(expired=expired, callbacks=callbacks)
