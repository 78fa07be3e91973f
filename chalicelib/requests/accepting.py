"""Accepting a job: recorded, queued, and only then promised.

A client's key makes repeating it safe. The key's item is written first and names the job, then the
job, then the message; each step may be repeated by anyone, so a replay finishes what an earlier
request left undone.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

import msgspec

from chalicelib import clock, limits, logs
from chalicelib.callbacks.url_guard import UrlRefusedError
from chalicelib.errors import UnavailableError
from chalicelib.jobs import ids
from chalicelib.jobs.callback import Callback
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import Job, Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.store.job_queue import Outgoing
from chalicelib.store.key_store import Alias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.callbacks.url_guard import UrlGuard
    from chalicelib.requests.queries import Queries
    from chalicelib.requests.submission import CallbackAsked, Key, Order
    from chalicelib.store.job_queue import JobQueue
    from chalicelib.store.job_store import JobStore
    from chalicelib.store.key_store import KeyStore
    from chalicelib.store.payload_store import PayloadStore

#: 34 random bits within one millisecond: a second collision would be no accident.
MINTS_MAX = 3

_UNCERTAIN = (
    "A job may have been recorded, but it is not certain to run: look at its location, or repeat "
    "the request with the same Idempotency-Key"
)


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A job that exists, and whether an earlier request with the same key made it."""

    job: Job
    replayed: bool = False


class Acceptor:
    """Records jobs and queues them."""

    def __init__(
        self,
        store: JobStore,
        keys: KeyStore,
        *,
        payloads: PayloadStore,
        queue: JobQueue,
        queries: Queries,
        guard: UrlGuard | None,
        id_key: bytes,
    ) -> None:
        """``guard`` is None where callbacks are switched off."""
        self._store = store
        self._keys = keys
        self._payloads = payloads
        self._queue = queue
        self._queries = queries
        self._guard = guard
        self._id_key = id_key

    def accept(self, tenant: str, order: Order) -> Accepted:
        """Record and queue a job, or find the one that the order's key has made before.

        Raises ProblemError: nothing is promised then, and a ``Location`` in its headers says
        where a job may exist all the same.
        """
        accepted = self.record(tenant, order)
        (error,) = self.enqueue([(accepted, order)])
        if error is not None:
            raise error
        return accepted

    def record(self, tenant: str, order: Order) -> Accepted:
        """The job in the table; its message is still to be sent. Raises ProblemError."""
        if order.submission.callback is not None:
            self._check(order.submission.callback)
        if order.key is None:
            return self._record_new(tenant, order)
        return self._record_once(tenant, order, order.key)

    def enqueue(self, recorded: Sequence[tuple[Accepted, Order]]) -> list[ProblemError | None]:
        """Send the messages of those jobs that wait for one; in the same order what went wrong.

        A replay sends again, because an earlier request may have died before it could; if the job
        has ended, its callback may be what was not sent.
        """
        messages = {
            index: _message(accepted.job, order)
            for index, (accepted, order) in enumerate(recorded)
            if accepted.job.status is Status.QUEUED
        }
        errors = dict(zip(messages, self._queue.send(list(messages.values())), strict=True))
        problems: list[ProblemError | None] = []
        for index, (accepted, _) in enumerate(recorded):
            error = errors.get(index) or self._announce(accepted)
            problems.append(_not_enqueued(error, accepted.job.id) if error else None)
        return problems

    def _announce(self, accepted: Accepted) -> UnavailableError | None:
        try:
            self._store.announcer.announce(accepted.job)
        except UnavailableError as error:
            return error
        return None

    def _check(self, asked: CallbackAsked) -> None:
        reason = "Callbacks are switched off here"
        if self._guard is not None:
            try:
                self._guard.check(asked.url)
            except UrlRefusedError as refused:
                reason = str(refused)
            else:
                return
        raise ProblemError("callback-refused", f"No callback goes there: {reason}", reason=reason)

    def _record_new(self, tenant: str, order: Order) -> Accepted:
        for _ in range(MINTS_MAX):
            job = self._create(tenant, order, self._mint(tenant))
            if job is not None:
                return Accepted(job=job)
        raise _not_enqueued(UnavailableError(maybe_done=False), None)

    def _record_once(self, tenant: str, order: Order, key: Key) -> Accepted:
        mine = Alias(job_id=self._mint(tenant), fingerprint=order.fingerprint)
        held = self._hold(tenant, key, mine)
        if held.fingerprint != mine.fingerprint:
            raise _reused(held.job_id)
        found = self._look_up(tenant, held.job_id) if held != mine else None
        if found is None:
            found = self._create(tenant, order, held.job_id)
        if found is None:
            # another request with the key has made it at this moment
            found = self._look_up(tenant, held.job_id)
        if found is None:
            raise _not_enqueued(UnavailableError(maybe_done=True), held.job_id)
        if found.purged:
            raise ProblemError("gone", "The job that this key made was deleted")
        return Accepted(job=found, replayed=held != mine)

    def _hold(self, tenant: str, key: Key, mine: Alias) -> Alias:
        seconds, now_ms = limits.IDEMPOTENCY_KEY_SECONDS, clock.now_ms()
        try:
            return self._keys.hold(tenant, key.scope, alias=mine, seconds=seconds, now_ms=now_ms)
        except UnavailableError as error:
            raise _not_enqueued(error, None) from error

    def _look_up(self, tenant: str, job_id: str) -> Job | None:
        try:
            return self._queries.recorded(tenant, job_id)
        except UnavailableError as error:
            raise _not_enqueued(error, job_id) from error

    def _create(self, tenant: str, order: Order, job_id: str) -> Job | None:
        """None if the id is taken. Raises ProblemError."""
        job = self._new(tenant, order, job_id)
        if job.input_retained:
            job = self._retain(job, order.input)
        try:
            return job if self._store.create(job, now_ms=clock.now_ms()) else None
        except UnavailableError as error:
            raise _not_enqueued(error, job.id if error.maybe_done else None) from error

    def _retain(self, job: Job, given: bytes) -> Job:
        try:
            units = self._payloads.put_input(job, given, expires_at_s=job.expires_at_s)
        except UnavailableError as error:
            raise _not_enqueued(error, None) from error
        return msgspec.structs.replace(job, other_units=job.other_units + units)

    def _mint(self, tenant: str) -> str:
        random_bits = secrets.randbits(ids.RANDOM_BITS)
        return ids.mint(self._id_key, tenant, now_ms=clock.now_ms(), random_bits=random_bits)

    @staticmethod
    def _new(tenant: str, order: Order, job_id: str) -> Job:
        submission = order.submission
        # from now on, not from the id's time: a replay may make the job later
        deadline_at_ms = clock.now_ms() + submission.deadline_seconds * 1000
        return Job(
            id=job_id,
            tenant=tenant,
            type=submission.type,
            created_at_ms=ids.created_at_ms(job_id),
            deadline_at_ms=deadline_at_ms,
            max_attempts=submission.max_attempts,
            expires_at_s=deadline_at_ms // 1000 + limits.RETENTION_SECONDS,
            tags=submission.tags,
            callback=_callback(submission.callback),
            input_retained=submission.retain_input,
            retry_of=order.retry_of,
            # the key's own item
            other_units=1 if order.key else 0,
        )


def _callback(asked: CallbackAsked | None) -> Callback | None:
    if asked is None:
        return None
    return Callback(url=asked.url, events=tuple(event.value for event in asked.events))


def _message(job: Job, order: Order) -> Outgoing:
    """With what is left of the delay: a replay may send it later."""
    passed_seconds = (clock.now_ms() - job.created_at_ms) // 1000
    delay_seconds = max(order.submission.delay_seconds - passed_seconds, 0)
    message = JobMessage(id=job.id, tenant=job.tenant, input=msgspec.Raw(order.input))
    return Outgoing(message, delay_seconds)


def _reused(job_id: str) -> ProblemError:
    detail = "This key was used for another request; see the job that it made"
    return ProblemError("idempotency-key-reused", detail, job_id=job_id)


def _not_enqueued(error: UnavailableError, job_id: str | None) -> ProblemError:
    logs.record("not-enqueued", level=logging.ERROR, job_id=job_id, error=error)
    detail = "No job was recorded" if job_id is None else _UNCERTAIN
    return ProblemError("not-enqueued", detail, headers={"Retry-After": "1"}, job_id=job_id)
