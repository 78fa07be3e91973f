"""How a job ends without a result: the words, and the write that fits why nobody finished it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.jobs.model import Failure, Status

if TYPE_CHECKING:
    from chalicelib.jobs.model import Job
    from chalicelib.store.job_store import JobStore

_DEADLINE = Failure("deadline-exceeded", "The job was not finished by its deadline")
_NO_ANSWER = Failure("handler-error", "The worker stopped without an answer")
_POISON = Failure("poison", "The job's message was received too often without an attempt")


def exhausted(job: Job, last: Failure | None) -> Failure:
    """What a job fails with when no attempt is left."""
    detail = f"No attempt of {job.attempt} succeeded"
    return Failure("attempts-exhausted", detail, attempts=job.attempt, last=last or _NO_ANSWER)


def expire(store: JobStore, job: Job, *, now_ms: int) -> Job:
    """Write that the deadline has passed. Raises ConditionFailedError if the job has ended."""
    return store.expire(job, _DEADLINE, now_ms=now_ms)


def settle(store: JobStore, job: Job | None, *, now_ms: int, given: bytes) -> bool:
    """Give a job that no attempt may follow its end; False if somebody may still work on it.

    ``given`` is its input, which is kept if it fails. Raises ConditionFailedError if the job has
    changed meanwhile.
    """
    if job is None or job.purged:
        return True
    if job.terminal:
        # whoever wrote the end may have died before it could
        store.announcer.announce(job)
        return True
    if job.overdue(now_ms):
        expire(store, job, now_ms=now_ms)
        return True
    if job.leased(now_ms):
        return False
    if job.status is Status.CANCELING:
        store.stop_abandoned(job, now_ms=now_ms)
        return True
    failure = exhausted(job, job.failure) if job.attempt else _POISON
    store.fail_abandoned(job, failure, now_ms=now_ms, given=given)
    return True
