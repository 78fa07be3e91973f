"""The jobs in DynamoDB: every change is one conditional write, so the table decides every race.

A write by a worker carries the attempt number it was given and fails once the job has another, so
a worker that comes back late changes nothing. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib import aws, job_item, limits
from chalicelib.errors import ResultTooLargeError, StaleAttemptError
from chalicelib.job_item import json_text, number
from chalicelib.model import Failure, Job, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.aws import Clients
    from chalicelib.job_item import Item

_ABSENT = "attribute_not_exists(pk) OR x < :now_s"
_FREE = "(s = :queued OR (s = :running AND (attribute_not_exists(l) OR l < :now)))"
_CLAIMABLE = f"{_FREE} AND d > :now AND n < m"
_ABANDONED = f"{_FREE} AND n = :attempt"
_MINE = "s = :running AND n = :attempt"
_OVERDUE = "(s = :queued OR s = :running) AND d <= :now"
_OVERDUE_JOB = f"begins_with(sk, :jobs) AND {_OVERDUE}"

_CLAIM = (
    "SET s = :running, n = n + :one, v = v + :one, l = :lease, h = list_append(h, :started) "
    "REMOVE p"
)
_PROGRESS = "SET v = v + :one, p = :progress"
_RELEASE = "SET v = v + :one, e = :failure REMOVE l, p"
_SUCCEED = "SET s = :end, v = v + :one, f = :now, x = :expiry, r = :result REMOVE l, p, e"
_SUCCEED_LARGE = (
    "SET s = :end, v = v + :one, f = :now, x = :expiry, k = :attempt, u = :units REMOVE l, p, e"
)
_FAIL = "SET s = :end, v = v + :one, f = :now, x = :expiry, e = :failure REMOVE l, p"

_QUEUED = {":queued": {"S": Status.QUEUED.value}}
_RUNNING = {":running": {"S": Status.RUNNING.value}}
_ONE = {":one": number(1)}


class ConditionFailedError(StaleAttemptError):
    """The job was not as the write required. ``job`` is as it stands, None if there is none."""

    def __init__(self, job: Job | None) -> None:
        super().__init__()
        self.job = job


class JobStore:
    """Every method raises UnavailableError if DynamoDB does not do what is asked."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients = clients
        self._table = table

    def create(self, job: Job, *, now_ms: int) -> bool:
        """Record a new job; False if its id is taken."""
        item = job_item.encode_new(job)
        try:
            self._put(item, {":now_s": number(now_ms // 1000)})
        except ConditionFailedError as failed:
            # a retry of a put whose answer was lost finds its own job
            return failed.job == job_item.decode(item)
        return True

    def get(self, job_id: str) -> Job | None:
        """The job as of the last write; consistent, so a status never goes back."""
        item = self._get(job_item.key(job_id))
        return job_item.decode(item) if item else None

    def claim(self, job_id: str, *, now_ms: int, lease_until_ms: int) -> Job:
        """Start the next attempt: of a queued job, or of one whose lease has passed.

        Raises ConditionFailedError if the job is neither, is overdue or has no attempt left.
        """
        values: Item = {
            **_QUEUED,
            ":now": number(now_ms),
            ":lease": number(lease_until_ms),
            ":started": {"L": [number(now_ms)]},
        }
        return self._update(job_id, _CLAIM, _CLAIMABLE, values=values)

    def report_progress(self, job: Job, fraction: float) -> Job:
        """How far the attempt is, 0 to 1. Raises ConditionFailedError if it is no longer ours."""
        return self._update_mine(job, _PROGRESS, {":progress": number(round(fraction, 4))})

    def release(self, job: Job, failure: Failure) -> Job:
        """The attempt failed and another may follow. Raises ConditionFailedError."""
        return self._update_mine(job, _RELEASE, {":failure": json_text(failure)})

    def succeed(self, job: Job, result: bytes, *, now_ms: int) -> Job:
        """The attempt's result, JSON text; a large one gets an item of its own, written before.

        Raises ResultTooLargeError, or ConditionFailedError if the job is no longer ours.
        """
        end = self._end(Status.SUCCEEDED, now_ms)
        if self._fits(job, result):
            return self._update_mine(job, _SUCCEED, {**end, ":result": {"B": result}})
        units = self._put_result(job, result, end[":expiry"])
        return self._update_mine(job, _SUCCEED_LARGE, {**end, ":units": number(units)})

    def fail(self, job: Job, failure: Failure, *, now_ms: int) -> Job:
        """The attempt's holder says that the job failed. Raises ConditionFailedError."""
        end = self._end(Status.FAILED, now_ms)
        return self._update_mine(job, _FAIL, {**end, ":failure": json_text(failure)})

    def fail_abandoned(self, job: Job, failure: Failure, *, now_ms: int) -> Job:
        """Fail a job that nobody works on. Raises ConditionFailedError if somebody does."""
        values = {
            **self._end(Status.FAILED, now_ms),
            **_QUEUED,
            ":failure": json_text(failure),
            ":attempt": number(job.attempt),
        }
        return self._update(job.id, _FAIL, _ABANDONED, values=values)

    def fail_overdue(self, job_id: str, failure: Failure, *, now_ms: int) -> Job:
        """Fail a job past its deadline. Raises ConditionFailedError if it has ended meanwhile."""
        values = {
            **self._end(Status.FAILED, now_ms),
            **_QUEUED,
            ":failure": json_text(failure),
        }
        return self._update(job_id, _FAIL, _OVERDUE, values=values)

    def result(self, job: Job) -> bytes | None:
        """A succeeded job's result as JSON text; None if it is gone."""
        if job.result_attempt is None:
            return job.result
        item = self._get(job_item.result_key(job.id, job.result_attempt))
        return zlib.decompress(item["z"]["B"]) if item else None

    def overdue(self, *, now_ms: int) -> Iterator[Job]:
        """Every job past its deadline that has not ended: one pass over the table."""
        request = {
            "TableName": self._table,
            "FilterExpression": _OVERDUE_JOB,
            "ExpressionAttributeValues": {
                **_QUEUED,
                **_RUNNING,
                ":jobs": {"S": "J#"},
                ":now": number(now_ms),
            },
        }
        while True:
            page = self._call("scan", request)
            yield from map(job_item.decode, page.get("Items", []))
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    @staticmethod
    def _end(status: Status, now_ms: int) -> Item:
        expires_at_s = now_ms // 1000 + limits.RETENTION_SECONDS
        return {
            ":end": {"S": status.value},
            ":now": number(now_ms),
            ":expiry": number(expires_at_s),
        }

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

    def _put_result(self, job: Job, result: bytes, expiry: dict[str, str]) -> int:
        """Returns the write units it cost."""
        compressed = zlib.compress(result) if len(result) <= limits.RESULT_BYTES_MAX else b""
        if not 0 < len(compressed) <= limits.RESULT_ITEM_BYTES_MAX:
            raise ResultTooLargeError(f"The result has {len(result)} bytes as JSON")
        item = {
            **job_item.result_key(job.id, job.attempt),
            "z": {"B": compressed},
            "x": expiry,
        }
        # only this attempt writes under its own number, so writing it twice changes nothing
        request = {"TableName": self._table, "Item": item}
        self._call("put_item", request)
        return job_item.write_units(item)

    def _put(self, item: Item, values: Item) -> None:
        request = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": _ABSENT,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        self._call("put_item", request)

    def _get(self, key: Item) -> Item | None:
        request = {"TableName": self._table, "Key": key, "ConsistentRead": True}
        item: Item | None = self._call("get_item", request).get("Item")
        return item

    def _update_mine(self, job: Job, update: str, values: Item) -> Job:
        mine = {**values, ":attempt": number(job.attempt)}
        return self._update(job.id, update, _MINE, values=mine)

    def _update(self, job_id: str, update: str, condition: str, *, values: Item) -> Job:
        request = {
            "TableName": self._table,
            "Key": job_item.key(job_id),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {**values, **_RUNNING, **_ONE},
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return job_item.decode(self._call("update_item", request)["Attributes"])

    def _call(self, operation: str, request: Mapping[str, Any]) -> Any:
        try:
            return getattr(self._clients.dynamodb, operation)(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise aws.unavailable(error) from error
            item = error.response.get("Item")
            raise ConditionFailedError(job_item.decode(item) if item else None) from None
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error
