"""When a job has ended, somebody may want to know: its callback is put into the queue of callbacks.

Whoever writes an end does so before the job's message is acknowledged. If it dies in between, the
message comes back, finds the end and the callback still due, and it is queued then; twice does no
harm, because a receiver tells it by its id. The sweep finds what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import logs
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.store.job_queue import Outgoing

if TYPE_CHECKING:
    from chalicelib.jobs.model import Job
    from chalicelib.store.job_queue import JobQueue


class Announcer:
    """Queues callbacks."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    def announce(self, job: Job) -> None:
        """Queue the job's callback if it is due and was not tried yet.

        Once it was tried, its own message brings it back. Raises UnavailableError.
        """
        if job.callback_due and job.callback is not None and job.callback.attempts == 0:
            self.queue(job)

    def queue(self, job: Job) -> None:
        """Queue the job's callback in any case. Raises UnavailableError."""
        message = CallbackMessage(id=job.id, tenant=job.tenant)
        (error,) = self._queue.send([Outgoing(message)])
        if error is not None:
            raise error
        logs.record("callback-queued", job_id=job.id)
