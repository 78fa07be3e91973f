"""Telling receivers how jobs ended.

A callback has one message from its first delivery to its last: between two it stays in the queue,
hidden. Nothing is sent anew, so nothing is lost or doubled between two deliveries.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from chalicelib import clock, logs
from chalicelib.callbacks import delivery, webhooks
from chalicelib.callbacks.url_guard import UrlGuard, UrlRefusedError
from chalicelib.callbacks.webhook_post import Answer, NoAnswerError
from chalicelib.jobs.callback import Outcome
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.jobs.model import Job
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.work import batch

if TYPE_CHECKING:
    from chalicelib.callbacks.delivery import RetryIn
    from chalicelib.jobs.callback import Callback
    from chalicelib.store.callback_store import CallbackStore
    from chalicelib.store.job_queue import JobQueue, Received
    from chalicelib.store.job_store import JobStore
    from chalicelib.work.batch import Batches, BatchResponse


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """How callbacks leave the house."""

    guard: UrlGuard
    #: see webhook_post.WebhookPost
    post: Callable[..., Answer]
    #: secrets of which each tenant's are made; during a rotation two, the new one first; none:
    #: callbacks are switched off, and nothing leaves unsigned
    masters: Sequence[bytes]
    #: a job's end as the receiver reads it
    body_of: Callable[[Job], bytes]


class Callbacks:
    """Works off the queue of callbacks."""

    def __init__(
        self,
        store: JobStore,
        progress: CallbackStore,
        *,
        queue: JobQueue,
        batches: Batches,
        sending: Sending,
        id_key: bytes,
    ) -> None:
        self._store = store
        self._progress = progress
        self._queue = queue
        self._batches = batches
        self._sending = sending
        self._id_key = id_key

    def process(self, messages: Sequence[Received]) -> BatchResponse:
        """Try each callback once. Raises MessagesLeftError as Batches does."""
        return self._batches.process(messages, self._handle)

    def _handle(self, message: Received) -> bool:
        content = batch.decode_as(CallbackMessage, message, self._id_key)
        job = self._store.get(content.tenant, content.id)
        if job is None or job.callback is None or not job.callback_due:
            return True
        wait_seconds = job.callback.wait_seconds(clock.now_ms())
        if wait_seconds > 0:
            # another message of the same callback was there before: from now on they come together
            self._queue.hide(message, wait_seconds)
            return False
        try:
            return self._record(message, job, self._deliver(job, job.callback))
        except ConditionFailedError:
            # another message has tried it at the same time, and will see to the rest
            return True

    def _deliver(self, job: Job, callback: Callback) -> Outcome | RetryIn:
        answer = None
        try:
            answer = self._post(job, callback.url)
        except UrlRefusedError as refused:
            action = "callback-address-refused"
            logs.record(action, level=logging.WARNING, job_id=job.id, error=refused)
            return Outcome.REFUSED
        except (NoAnswerError, OSError) as error:
            logs.record("callback-unanswered", job_id=job.id, error=error)
        attempt = callback.attempts + 1
        if answer is not None:
            action = "callback-answered"
            logs.record(action, job_id=job.id, attempt=attempt, status=answer.status)
        # not for secrecy: what failed together must not come back together
        jitter = random.random()
        return delivery.judge(answer, attempts=attempt, jitter=jitter, now_ms=clock.now_ms())

    def _post(self, job: Job, url: str) -> Answer:
        sending = self._sending
        if not sending.masters:
            raise UrlRefusedError("Callbacks are switched off here")
        target = sending.guard.check(url)
        addresses = sending.guard.addresses(target)
        body = sending.body_of(job)
        signed = webhooks.headers(
            [webhooks.secret(master, job.tenant) for master in sending.masters],
            message_id=f"{job.id}.{job.status.value}",
            timestamp_s=clock.now_ms() // 1000,
            body=body,
        )
        headers = {"Content-Type": "application/json", **signed}
        return sending.post(target, addresses, headers=headers, body=body)

    def _record(self, message: Received, job: Job, verdict: Outcome | RetryIn) -> bool:
        """Write down what came of it, then let the message go or come back."""
        now_ms = clock.now_ms()
        attempt = job.callback.attempts + 1 if job.callback else None
        if isinstance(verdict, Outcome):
            self._progress.end(job, verdict)
            logs.record(f"callback-{verdict.value}", job_id=job.id, attempt=attempt)
            return True
        self._progress.retry(job, next_at_ms=now_ms + verdict.seconds * 1000)
        logs.record("callback-retry", job_id=job.id, attempt=attempt, seconds=verdict.seconds)
        self._queue.hide(message, verdict.seconds)
        return False
