"""The worker: claims each message's job, runs its task, writes how it ended, and only then lets go.

A message is the job's outbox: it stays in the queue until its job has an end, so a worker that
dies anywhere is followed by another.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from chalicelib import clock, limits, logs
from chalicelib.errors import (
    CanceledError,
    ResultTooLargeError,
    StaleAttemptError,
    UnavailableError,
)
from chalicelib.jobs.model import Failure, Job
from chalicelib.store.job_queue import Outgoing, Received
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.task import TaskContext
from chalicelib.work import batch, failing, task_run
from chalicelib.work.task_run import Failed, Stopped, Succeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.store.job_queue import JobQueue
    from chalicelib.store.job_store import JobStore
    from chalicelib.task import Task
    from chalicelib.work.batch import Batches, BatchResponse

#: A message handed back unworked so often is sent anew: its receives must not use up the queue's
#: maxReceiveCount while its job still has every attempt.
RENEW_AT_RECEIVES = limits.ATTEMPTS_MAX

_UNASKED = Failure("handler-error", "The task raised CanceledError")


def back_off_seconds(attempt: int) -> int:
    """How long to wait after a failed attempt."""
    return int(min(limits.BACK_OFF_SECONDS * 2 ** (attempt - 1), limits.BACK_OFF_SECONDS_MAX))


class Worker:
    """Works off batches of jobs."""

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        *,
        batches: Batches,
        tasks: Mapping[str, Task],
        id_key: bytes,
    ) -> None:
        self._store = store
        self._queue = queue
        self._batches = batches
        self._tasks = tasks
        self._id_key = id_key

    def process(
        self, messages: Sequence[Received], remaining_ms: Callable[[], int]
    ) -> BatchResponse:
        """Do the jobs of one batch, one after another, in the time the invocation has left.

        Each job has at least half of that time; those that would have less go back to the queue.
        Raises MessagesLeftError as Batches does.
        """
        share_ms = remaining_ms() // 2

        def handle(message: Received) -> bool:
            left_ms = remaining_ms()
            if left_ms < share_ms and message is not messages[0]:
                return self._hand_back(message)
            return self._work(message, left_ms)

        return self._batches.process(messages, handle)

    def _hand_back(self, message: Received) -> bool:
        """Leave a message to another batch. True if it was replaced by a new one."""
        content = batch.decode(message, self._id_key)
        logs.record("handed-back", count=message.receive_count)
        if message.receive_count < RENEW_AT_RECEIVES:
            self._queue.hide(message, 0)
            return False
        (error,) = self._queue.send([Outgoing(content)])
        return error is None

    def _work(self, message: Received, left_ms: int) -> bool:
        content = batch.decode(message, self._id_key)
        now_ms = clock.now_ms()
        until_ms = now_ms + left_ms
        try:
            job = self._store.claim(
                content.tenant,
                content.id,
                now_ms=now_ms,
                lease_until_ms=until_ms + limits.LEASE_MARGIN_MS,
                message_id=message.message_id,
            )
        except ConditionFailedError as refused:
            given = bytes(content.input)
            return failing.settle(self._store, refused.job, now_ms=now_ms, given=given)
        ends_at_ms = min(until_ms - limits.FINISH_MARGIN_MS, job.deadline_at_ms)
        attempt = _Attempt(message, job, given=bytes(content.input))
        return self._finish(attempt, self._run(attempt, ends_at_ms))

    def _run(self, attempt: _Attempt, ends_at_ms: int) -> Succeeded | Failed | Stopped:
        job = attempt.job
        context = TaskContext(
            job_id=job.id,
            attempt=job.attempt,
            ends_at_ms=ends_at_ms,
            link=_Link(self._store, job),
        )
        return task_run.run(self._tasks, job.type, attempt.given, context=context)

    def _finish(self, attempt: _Attempt, outcome: Succeeded | Failed | Stopped) -> bool:
        if isinstance(outcome, Stopped):
            return self._stopped(attempt)
        if isinstance(outcome, Failed):
            return self._failed(attempt, outcome)
        job = attempt.job
        try:
            self._store.succeed(job, outcome.result, now_ms=clock.now_ms())
        except ResultTooLargeError as error:
            return self._failed(attempt, Failed(Failure("result-too-large", str(error))))
        return True

    def _failed(self, attempt: _Attempt, outcome: Failed) -> bool:
        job, failure = attempt.job, outcome.failure
        if outcome.retry and job.attempt < job.max_attempts:
            return self._retry(attempt, outcome)
        if outcome.retry:
            failure = failing.exhausted(job, failure)
        self._store.fail(job, failure, now_ms=clock.now_ms(), given=attempt.given)
        return True

    def _retry(self, attempt: _Attempt, outcome: Failed) -> bool:
        """Let go of the job before its message can come back."""
        job = attempt.job
        seconds = outcome.after_seconds
        if seconds is None:
            seconds = back_off_seconds(job.attempt)
        try:
            self._store.release(job, outcome.failure, seconds=seconds)
        except ConditionFailedError as refused:
            if refused.job is None or not refused.job.stopping(job.attempt):
                raise
            return self._stop(job)
        self._queue.hide(attempt.message, seconds)
        return False

    def _stopped(self, attempt: _Attempt) -> bool:
        try:
            return self._stop(attempt.job)
        except ConditionFailedError as refused:
            if refused.job is None or not refused.job.worked_on(attempt.job.attempt):
                raise
        # the job is still ours: nobody has asked for its end but the task itself
        return self._failed(attempt, Failed(_UNASKED, retry=True))

    def _stop(self, job: Job) -> bool:
        self._store.stop(job, now_ms=clock.now_ms())
        return True


class _Attempt(msgspec.Struct, frozen=True):
    """What a worker has in hand."""

    message: Received
    #: as it was claimed
    job: Job
    #: the input as JSON text
    given: bytes


class _Link:
    """A running task's line to its record."""

    def __init__(self, store: JobStore, job: Job) -> None:
        self._store = store
        self._job = job

    def report(self, fraction: float) -> None:
        # progress is advice: a database that is away for a moment must not cost an attempt
        with contextlib.suppress(UnavailableError):
            self._see(self._store.report_progress(self._job, fraction))

    def look(self) -> None:
        with contextlib.suppress(UnavailableError):
            self._see(self._store.get(self._job.tenant, self._job.id))

    def _see(self, current: Job | None) -> None:
        attempt = self._job.attempt
        if current is None or not current.worked_on(attempt):
            raise StaleAttemptError
        if current.stopping(attempt):
            raise CanceledError
