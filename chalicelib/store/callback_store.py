"""How far telling a job's end has come, in the job's own item: one conditional write a delivery.

A write fails if another delivery of the same callback was recorded since the job was read, so that
of two messages for one callback only one goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.store import callback_writes, job_item
from chalicelib.store.job_item import number
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.store.table import WriteRefusedError

if TYPE_CHECKING:
    from chalicelib.jobs.callback import Outcome
    from chalicelib.jobs.model import Job
    from chalicelib.jobs.transitions import Write
    from chalicelib.store.job_item import Item
    from chalicelib.store.table import Table


class CallbackStore:
    """Every method raises UnavailableError if DynamoDB does not do what is asked, and
    ConditionFailedError if the callback has gone on meanwhile. They return the job as it is then.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def retry(self, job: Job, *, next_at_ms: int) -> Job:
        """A delivery failed and another follows."""
        return self._write(callback_writes.RETRY, job, {":next": number(next_at_ms)})

    def end(self, job: Job, outcome: Outcome) -> Job:
        """No delivery follows."""
        return self._write(callback_writes.END, job, {":outcome": {"S": outcome.value}})

    def begin_again(self, job: Job) -> Job:
        """As if it had never been tried."""
        return self._write(callback_writes.AGAIN, job, {})

    def requeue(self, job: Job, *, now_ms: int) -> Job:
        """It is late, and expected from now on."""
        return self._write(callback_writes.REQUEUE, job, callback_writes.late_values(now_ms))

    def _write(self, write: Write, job: Job, values: Item) -> Job:
        tries = job.callback.attempts if job.callback else 0
        given = {**callback_writes.CONSTANTS, ":tries": number(tries), **values}
        key = job_item.key(job.tenant, job.id)
        try:
            item = self._table.update(key, write.condition, change=write.change, values=given)
        except WriteRefusedError as refused:
            current = job_item.decode(refused.item) if refused.item else None
            raise ConditionFailedError(current) from None
        return job_item.decode(item)
