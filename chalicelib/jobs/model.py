"""A job as the service knows it: a value, and the questions that its state answers."""

from __future__ import annotations

import enum

import msgspec

from chalicelib.jobs.callback import Callback

#: Whose jobs they are where no authorizer tells callers apart.
TENANT = "public"
#: Whose a request is that no authorizer has seen, where there is one.
NOBODY = ""


class Status(str, enum.Enum):
    """Where a job stands. A terminal status never changes."""

    QUEUED = "queued"
    RUNNING = "running"
    #: a worker is at it that was not yet told to stop
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    #: never shown: the tombstone of a deleted job
    PURGED = "purged"


#: What clients may ask of: how their work stands or ended.
ACTIVE = frozenset({Status.QUEUED, Status.RUNNING, Status.CANCELING})
TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED})

#: A job that failed so never reached its task.
NOT_STARTED = frozenset({"unknown-type", "invalid-input"})
#: A job that failed so is known to have run to an end.
RAN_TO_AN_END = frozenset({"handler-error", "result-too-large"})


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt or a job failed: a problem type's slug, and words for the client."""

    slug: str
    detail: str
    attempts: int | None = None
    #: how the last attempt failed
    last: Failure | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job. All times are milliseconds since 1970."""

    id: str
    tenant: str = TENANT
    type: str
    status: Status = Status.QUEUED
    created_at_ms: int
    deadline_at_ms: int
    max_attempts: int
    #: the attempt that runs or ran last; 0 before the first
    attempt: int = 0
    #: one more with every write
    version: int = 1
    #: until when the attempt's worker may be at work; None when nobody is
    lease_until_ms: int | None = None
    #: when each attempt started
    started_ms: tuple[int, ...] = ()
    finished_at_ms: int | None = None
    #: seconds since 1970; from then on the job is treated as gone
    expires_at_s: int
    tags: dict[str, str] = {}
    progress: float | None = None
    #: JSON text, if it is small enough to stay with the job
    result: bytes | None = None
    #: the attempt whose result lies in an item of its own
    result_attempt: int | None = None
    #: size of that result, if it lies in S3
    result_object_bytes: int | None = None
    #: whom its end is told to
    callback: Callback | None = None
    #: of a running job: how its last attempt failed
    failure: Failure | None = None
    #: when a client asked for it to stop
    cancel_requested_at_ms: int | None = None
    #: whether its input lies in an item of its own, for a retry
    input_retained: bool = False
    #: the finished job that this one repeats
    retry_of: str | None = None
    #: DynamoDB write units of items beside the job's own, and of one write of the job's
    other_units: int = 0
    units_a_write: int = 1

    @property
    def terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def purged(self) -> bool:
        """A client deleted it: only its tombstone is left."""
        return self.status is Status.PURGED

    @property
    def callback_wanted(self) -> bool:
        """It has ended, and that is to be told."""
        callback = self.callback
        return callback is not None and self.terminal and self.status.value in callback.events

    @property
    def callback_due(self) -> bool:
        """Its end is still to be told, now or later."""
        callback = self.callback
        return self.callback_wanted and callback is not None and callback.outcome is None

    @property
    def executed(self) -> str:
        """What a client must know before it submits again: ``never``, ``maybe`` or ``yes``."""
        slug = self.failure.slug if self.failure and self.terminal else ""
        if self.attempt == 0 or slug in NOT_STARTED:
            return "never"
        if self.status is Status.SUCCEEDED or slug in RAN_TO_AN_END:
            return "yes"
        return "maybe"

    @property
    def write_units(self) -> int:
        """DynamoDB write units spent on this job's successful writes."""
        return self.version * self.units_a_write + self.other_units

    @property
    def queued_ms(self) -> int:
        """How long it was before the first attempt began; 0 while there is none."""
        return self.started_ms[0] - self.created_at_ms if self.started_ms else 0

    @property
    def run_ms(self) -> int:
        """How long the last attempt ran; 0 while it runs."""
        if not self.started_ms or self.finished_at_ms is None:
            return 0
        return self.finished_at_ms - self.started_ms[-1]

    def overdue(self, now_ms: int) -> bool:
        """Past its deadline, and nobody has written that down yet."""
        return self.status in ACTIVE and self.deadline_at_ms <= now_ms

    def worked_on(self, attempt: int) -> bool:
        """Whether that attempt still owns the job."""
        return self.status in {Status.RUNNING, Status.CANCELING} and self.attempt == attempt

    def stopping(self, attempt: int) -> bool:
        """Whether that attempt owns the job and is to stop."""
        return self.status is Status.CANCELING and self.attempt == attempt

    def leased(self, now_ms: int) -> bool:
        """Some worker may still be at work on it."""
        return self.lease_until_ms is not None and self.lease_until_ms >= now_ms

    def expired(self, now_ms: int) -> bool:
        """Gone for clients; DynamoDB deletes expired items only within days."""
        return self.expires_at_s * 1000 <= now_ms
