"""Results and inputs beside the jobs they belong to: compressed in items of their own, and results
for which that would cost more, or that are too large for it, in S3.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from chalicelib import limits
from chalicelib.errors import ResultTooLargeError
from chalicelib.jobs import result_objects
from chalicelib.store import job_item

if TYPE_CHECKING:
    from chalicelib.jobs.model import Job
    from chalicelib.jobs.result_objects import ResultObjects
    from chalicelib.store.job_item import Item
    from chalicelib.store.table import Table


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Where a result is, and the table's write units that it cost."""

    in_object: bool
    units: int


class PayloadStore:
    """Every method raises UnavailableError if DynamoDB or S3 does not do what is asked.

    ``objects``: None where there is no bucket.
    """

    def __init__(self, table: Table, objects: ResultObjects | None) -> None:
        self._table = table
        self._objects = objects

    def put_result(self, job: Job, result: bytes, *, expires_at_s: int) -> Kept:
        """Keep a result, JSON text. Raises ResultTooLargeError.

        Only the attempt itself writes under its own number, so writing it twice changes nothing.
        """
        compressed = zlib.compress(result) if len(result) <= limits.RESULT_BYTES_MAX else b""
        if self._objects and not 0 < len(compressed) < limits.RESULT_OBJECT_FROM_BYTES:
            if len(result) > limits.RESULT_OBJECT_BYTES_MAX:
                raise _too_large(result)
            self._objects.put(_object_name(job, job.attempt), result)
            return Kept(in_object=True, units=0)
        if not 0 < len(compressed) <= limits.PAYLOAD_ITEM_BYTES_MAX:
            raise _too_large(result)
        key = job_item.result_key(job.tenant, job.id, attempt=job.attempt)
        return Kept(in_object=False, units=self._put(key, compressed, expires_at_s))

    def result(self, job: Job) -> bytes | None:
        """A succeeded job's result as JSON text; None if it is gone."""
        if job.result_attempt is None:
            return job.result
        return self._get(job_item.result_key(job.tenant, job.id, attempt=job.result_attempt))

    def result_link(self, job: Job) -> str | None:
        """A URL that opens the result for a while, if it lies in S3."""
        if self._objects is None or job.result_object_bytes is None or job.result_attempt is None:
            return None
        return self._objects.link(_object_name(job, job.result_attempt))

    def put_input(self, job: Job, given: bytes, *, expires_at_s: int) -> int:
        """Keep an input, JSON text; returns the write units it cost.

        A request's body bounds it, so that even one that does not compress fits.
        """
        key = job_item.input_key(job.tenant, job.id)
        return self._put(key, zlib.compress(given), expires_at_s)

    def input(self, job: Job) -> bytes | None:
        """A job's input as JSON text; None if it was not kept, or is gone."""
        return self._get(job_item.input_key(job.tenant, job.id)) if job.input_retained else None

    def delete(self, job: Job) -> None:
        """Delete whatever may lie beside the job; doing it again changes nothing.

        An attempt that died after it had written its result left one that no record names.
        """
        self._table.delete(job_item.input_key(job.tenant, job.id))
        for attempt in range(1, job.attempt + 1):
            self._table.delete(job_item.result_key(job.tenant, job.id, attempt=attempt))
            if self._objects is not None:
                self._objects.delete(_object_name(job, attempt))

    def _put(self, key: Item, compressed: bytes, expires_at_s: int) -> int:
        item: Item = {**key, "z": {"B": compressed}, "x": job_item.number(expires_at_s)}
        self._table.put(item)
        return job_item.write_units(item)

    def _get(self, key: Item) -> bytes | None:
        item = self._table.get(key)
        return zlib.decompress(item["z"]["B"]) if item else None


def _object_name(job: Job, attempt: int) -> str:
    return result_objects.name_of(job.tenant, job.id, attempt)


def _too_large(result: bytes) -> ResultTooLargeError:
    return ResultTooLargeError(f"The result has {len(result)} bytes as JSON")
