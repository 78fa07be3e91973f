"""What SQS gave up on: its job is told to have failed, so that no client polls in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import clock, limits, logs
from chalicelib.errors import MessageRefusedError
from chalicelib.work import batch, failing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.store.job_queue import JobQueue, Received
    from chalicelib.store.job_store import JobStore
    from chalicelib.work.batch import Batches, BatchResponse


class DeadLetters:
    """Works off the dead-letter queue."""

    def __init__(
        self, store: JobStore, queue: JobQueue, *, batches: Batches, id_key: bytes
    ) -> None:
        self._store = store
        self._queue = queue
        self._batches = batches
        self._id_key = id_key

    def process(self, messages: Sequence[Received]) -> BatchResponse:
        """Fail the jobs of these messages. Raises MessagesLeftError as Batches does."""
        return self._batches.process(messages, self._fail)

    def _fail(self, message: Received) -> bool:
        try:
            content = batch.decode(message, self._id_key)
        except MessageRefusedError:
            # nobody's job: it stays for a person to look at, without coming back all day
            self._queue.hide(message, limits.HIDE_SECONDS_MAX)
            raise
        now_ms = clock.now_ms()
        job = self._store.get(content.tenant, content.id)
        if failing.settle(self._store, job, now_ms=now_ms, given=bytes(content.input)):
            return True
        # a worker may still succeed: look again when its lease has passed
        lease_until_ms = (job and job.lease_until_ms) or now_ms
        seconds = (lease_until_ms - now_ms) // 1000 + 1
        logs.record("dead-letter-waits", job_id=content.id, seconds=seconds)
        self._queue.hide(message, seconds)
        return False
