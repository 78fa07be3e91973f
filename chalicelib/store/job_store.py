"""The jobs in the table: each method is one event of ``transitions``, made as one write.

A write by a worker carries the attempt number it was given and fails once the job has another, so
a worker that comes back late changes nothing. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import limits
from chalicelib.errors import StaleAttemptError
from chalicelib.jobs import transitions
from chalicelib.jobs.expressions import AllOf, AnyOf, Compare, Given, Plus
from chalicelib.store import callback_writes, job_item, job_log
from chalicelib.store.job_item import json_text, number
from chalicelib.store.table import WriteRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.jobs.model import Failure, Job
    from chalicelib.store.announcing import Announcer
    from chalicelib.store.job_item import Item
    from chalicelib.store.payload_store import PayloadStore
    from chalicelib.store.table import Table

_CONSTANTS: Item = {
    name: number(value) if isinstance(value, int) else {"S": value}
    for name, value in transitions.CONSTANTS.items()
}

_IS_JOB = AllOf((Compare("sk", ">=", ":from"), Compare("sk", "<", ":to")))


class ConditionFailedError(StaleAttemptError):
    """The job was not as the write required. ``job`` is as it stands, None if there is none."""

    def __init__(self, job: Job | None) -> None:
        super().__init__()
        self.job = job


class JobStore:
    """Every method raises UnavailableError if DynamoDB does not do what is asked.

    Those that change a job raise ConditionFailedError if its state does not allow it, and return
    the job as they made it.
    """

    def __init__(self, table: Table, payloads: PayloadStore, announcer: Announcer) -> None:
        self._table = table
        self._payloads = payloads
        #: whoever writes an end queues its callback, too, so that no way to end can forget it
        self.announcer = announcer

    def create(self, job: Job, *, now_ms: int) -> bool:
        """Record a new job; False if its id is taken."""
        item = job_item.encode_new(job)
        try:
            self._table.put_if(item, transitions.ACCEPT, _moment(now_ms))
        except WriteRefusedError as refused:
            # a retry of a put whose answer was lost finds its own job
            if refused.item is None or job_item.decode(refused.item) != job_item.decode(item):
                return False
        job_log.record("accept", job)
        return True

    def get(self, tenant: str, job_id: str) -> Job | None:
        """The job as of the last write; consistent, so a status never goes back."""
        item = self._table.get(job_item.key(tenant, job_id))
        return job_item.decode(item) if item else None

    def claim(
        self,
        tenant: str,
        job_id: str,
        *,
        now_ms: int,
        lease_until_ms: int,
        message_id: str | None = None,
    ) -> Job:
        """Start the next attempt: of a queued job, or of one whose lease has passed.

        ``message_id``, whose message led here, is for the log.
        """
        key = job_item.key(tenant, job_id)
        values: Item = {":lease": number(lease_until_ms), ":started": {"L": [number(now_ms)]}}
        told = {"message_id": message_id}
        return self._write("claim", key, now_ms=now_ms, values=values, told=told)

    def report_progress(self, job: Job, fraction: float) -> Job:
        """How far the attempt is, 0 to 1. What is returned may say that the job is to stop."""
        payload = {"p": number(round(fraction, 4))}
        return self._write_own("progress", job, payload=payload)

    def release(self, job: Job, failure: Failure, *, seconds: int | None = None) -> Job:
        """The attempt failed and another may follow, in so many seconds as the log tells."""
        payload: Item = {"e": json_text(failure)}
        return self._write_own("release", job, payload=payload, told={"seconds": seconds})

    def succeed(self, job: Job, result: bytes, *, now_ms: int) -> Job:
        """The attempt's result, JSON text; a large one gets an item of its own, written before.

        Raises ResultTooLargeError.
        """
        if self._fits(job, result):
            payload: Item = {"r": {"B": result}}
            return self._write_own("succeed", job, now_ms=now_ms, payload=payload)
        kept = self._payloads.put_result(job, result, expires_at_s=_expiry_s(now_ms))
        payload = {"k": number(job.attempt)}
        if kept.in_object:
            payload["ko"] = number(len(result))
        return self._write_own("succeed", job, now_ms=now_ms, payload=payload, units=kept.units)

    def fail(self, job: Job, failure: Failure, *, now_ms: int, given: bytes | None = None) -> Job:
        """The attempt's holder says that the job failed. ``given`` is its input, to be kept."""
        return self._fail("fail", job, failure, now_ms=now_ms, given=given)

    def fail_abandoned(
        self, job: Job, failure: Failure, *, now_ms: int, given: bytes | None = None
    ) -> Job:
        """Fail a job that nobody works on; ``job`` is as it was read."""
        return self._fail("fail-abandoned", job, failure, now_ms=now_ms, given=given)

    def expire(self, job: Job, failure: Failure, *, now_ms: int) -> Job:
        """Fail a job past its deadline."""
        payload = {"e": json_text(failure)}
        return self._write_own("expire", job, now_ms=now_ms, payload=payload)

    def cancel(self, job: Job, *, now_ms: int) -> Job:
        """End a job that nobody works on, because a client wants it."""
        return self._write_own("cancel", job, now_ms=now_ms)

    def request_cancel(self, job: Job, *, now_ms: int) -> Job:
        """Ask the worker to stop."""
        return self._write_own("request-cancel", job, now_ms=now_ms)

    def stop(self, job: Job, *, now_ms: int) -> Job:
        """The attempt's holder has stopped as it was asked to."""
        return self._write_own("stop", job, now_ms=now_ms)

    def stop_abandoned(self, job: Job, *, now_ms: int) -> Job:
        """End a job that was to stop and whose worker died."""
        return self._write_own("stop-abandoned", job, now_ms=now_ms)

    def purge(self, job: Job) -> Job:
        """Leave of a finished job what tells it from one that never was."""
        return self._write_own("purge", job)

    def neglected(self, *, now_ms: int) -> Iterator[Job]:
        """Every job that is past its deadline and has not ended, or whose callback may be late: one
        pass over the table.

        A scan: half a read unit for about twenty jobs, where an index to find them by would cost
        two more write units for every job.
        """
        values = {**_CONSTANTS, **callback_writes.late_values(now_ms), **_moment(now_ms)}
        overdue = transitions.write("expire").condition
        condition = AnyOf((overdue, callback_writes.LATE))
        yield from map(job_item.decode, self._table.scan(condition, values))

    def every(self) -> Iterator[Job]:
        """All records, those of deleted jobs among them: one pass over the table, as above."""
        values: Item = {":from": {"S": job_item.JOBS}, ":to": {"S": job_item.BEHIND_JOBS}}
        yield from map(job_item.decode, self._table.scan(_IS_JOB, values))

    def newest(self, tenant: str, *, after: str | None, limit: int) -> tuple[list[Job], bool]:
        """Up to ``limit`` jobs, the newest first, behind the one with the id ``after``.

        Returns also whether more may follow. Eventually consistent.
        """
        start = job_item.key(tenant, after) if after else None
        items, more = self._table.query_down(
            job_item.partition(tenant), job_item.JOBS, after=start, limit=limit
        )
        return [job_item.decode(item) for item in items], more

    def _fail(
        self, event: str, job: Job, failure: Failure, *, now_ms: int, given: bytes | None
    ) -> Job:
        payload: Item = {"e": json_text(failure)}
        units = 0
        if given is not None and not job.input_retained:
            units = self._payloads.put_input(job, given, expires_at_s=_expiry_s(now_ms))
            payload["i"] = number(1)
        return self._write_own(event, job, now_ms=now_ms, payload=payload, units=units)

    @staticmethod
    def _fits(job: Job, result: bytes) -> bool:
        """Whether the job's item stays within one write unit with the result in it."""
        ended = {
            **job_item.encode_new(job),
            "h": {"L": [number(start) for start in job.started_ms]},
            "f": number(job.deadline_at_ms),
            "r": {"B": result},
        }
        return job_item.item_bytes(ended) <= limits.WRITE_UNIT_BYTES

    def _write_own(self, event: str, job: Job, *, now_ms: int = 0, **more: Any) -> Job:
        """An event of the attempt that ``job`` was read or claimed as."""
        key = job_item.key(job.tenant, job.id)
        values = {":attempt": number(job.attempt)}
        return self._write(event, key, now_ms=now_ms, values=values, **more)

    def _write(
        self,
        event: str,
        key: Item,
        *,
        now_ms: int,
        values: Item,
        payload: Item | None = None,
        units: int = 0,
        told: Mapping[str, Any] | None = None,
    ) -> Job:
        """``payload`` are fields to set beside the event's own, ``units`` what else it cost,
        ``told`` is for the log.
        """
        write = transitions.write(event)
        sets = {name: Given(f":{name}") for name in payload or {}}
        counted = {"u": Plus("u", ":units")} if units else {}
        given = {
            **_CONSTANTS,
            **_moment(now_ms),
            **values,
            **{f":{name}": value for name, value in (payload or {}).items()},
            ":units": number(units),
        }
        change = write.change.adding({**sets, **counted})
        try:
            item = self._table.update(key, write.condition, change=change, values=given)
        except WriteRefusedError as refused:
            current = job_item.decode(refused.item) if refused.item else None
            raise ConditionFailedError(current) from None
        job = job_item.decode(item)
        job_log.record(event, job, **(told or {}))
        self.announcer.announce(job)
        return job


def _moment(now_ms: int) -> Item:
    return {
        ":now": number(now_ms),
        ":now_s": number(now_ms // 1000),
        ":expiry": number(_expiry_s(now_ms)),
    }


def _expiry_s(now_ms: int) -> int:
    return now_ms // 1000 + limits.RETENTION_SECONDS
