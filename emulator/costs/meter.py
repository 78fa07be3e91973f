"""Counts what is asked of AWS: the only place, and cheap enough to be always on.

Requests of clients are counted where they arrive, what Lambda's pollers do from the journal, and
invocations where functions are run.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from moto.dynamodb.models import dynamodb_backends

from emulator.costs.counts import Api, Counts, Function, Queue, Table
from emulator.costs.prices import SQS_REQUEST_BYTES
from emulator.costs.table_units import TableRequest, Units, begin, quick
from emulator.limits import RECEIVE_MESSAGES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from emulator.clock import Clock
    from emulator.invocation import FunctionSpec, Usage
    from emulator.journal import Entry

#: What CloudWatch Logs counts of an event beside its text.
#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LOG_EVENT_BYTES = 26
#: Methods that ask for no change.
_SAFE = ("GET ", "HEAD ", "OPTIONS ")
_SUCCESS = range(200, 300)


class Asked(NamedTuple):
    """A request of a client, before it is answered."""

    service: str
    operation: str
    body: bytes
    #: of DynamoDB: moto's tables, and the request if it had to be looked at before
    tables: Mapping[str, Any] | None = None
    begun: TableRequest | None = None


class Meter:
    """A listener of the journal that adds up; ``counts`` is what it has.

    Any thread may call it; ``before`` and ``after`` are called under the cloud's lock.
    """

    def __init__(self, clock: Clock, account_id: str) -> None:
        self._clock = clock
        self._account_id = account_id
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Count from now on."""
        with self._lock:
            self._counts = Counts(since_ms=self._clock.now_ms())

    def counts(self) -> Counts:
        """A copy of what was counted since the start, or since ``reset``."""
        with self._lock:
            return msgspec.convert(msgspec.to_builtins(self._counts), Counts)

    def before(self, service: str, operation: str, body: bytes, *, region: str) -> Asked:
        """Note a request that is going to be answered."""
        if service != "dynamodb":
            return Asked(service, operation, body)
        tables = dynamodb_backends[self._account_id][region].tables
        return Asked(service, operation, body, tables, begin(operation, body, tables))

    def after(self, asked: Asked, status: int, answer: Any) -> None:
        """Count it, with the body of its answer."""
        text = answer.encode() if isinstance(answer, str) else answer
        text = text if isinstance(text, bytes) else b""
        with self._lock:
            counts = self._counts
            requests = counts.requests.setdefault(asked.service, Counter())
            requests[asked.operation] += 1
            if asked.service == "sqs":
                _count_sqs(counts, asked, max(len(asked.body), len(text)))
            for units in _units(asked, status, text):
                table = counts.tables.setdefault(units.table, Table())
                table.write_units += units.write
                table.read_units += units.read

    def invoked(self, spec: FunctionSpec, usage: Usage | None) -> None:
        """Count an invocation; ``usage`` is None where nothing measures it."""
        with self._lock:
            function = self._counts.functions.setdefault(spec.name, Function())
            function.invocations += 1
            if usage is None:
                function.unmeasured += 1
                return
            function.mb_ms += usage.memory_mb * max(1, usage.duration_ms)
            function.cold_mb_ms += usage.memory_mb * (usage.init_ms or 0)

    def __call__(self, entry: Entry) -> None:
        """Count what the journal tells: of pollers, of the API, of logs."""
        count = _COUNTED.get(entry.action)
        if count is not None:
            with self._lock:
                count(self._counts, entry)


def _units(asked: Asked, status: int, answer: bytes) -> Iterable[Units]:
    if asked.tables is None:
        return ()
    if asked.begun is None:
        found = quick(asked.operation, asked.body, status, answer)
        if found is not None:
            return (found,) if found.write or found.read else ()
    request = asked.begun or TableRequest(asked.operation, asked.body, asked.tables)
    return request.units(status, answer)


def _count_sqs(counts: Counts, asked: Asked, size_bytes: int) -> None:
    """In requests as they are billed. A text in a message's body has its quotes escaped."""
    billed = max(1, -(-size_bytes // SQS_REQUEST_BYTES))
    if b'.fifo"' in asked.body:
        counts.fifo_requests += billed
        return
    counts.queue_requests += billed
    if b'"MessageGroupId"' in asked.body:
        counts.grouped_sends += billed


def _count_send(counts: Counts, entry: Entry) -> None:
    _queue(counts, entry.subject).sent += len(entry.data["message_ids"])


def _count_receive(counts: Counts, entry: Entry) -> None:
    if entry.data.get("by"):
        _queue(counts, entry.subject).polls += 1


def _count_filter(counts: Counts, entry: Entry) -> None:
    _queue(counts, entry.subject).deletes += _batches(len(entry.data["message_ids"]))


def _count_result(counts: Counts, entry: Entry) -> None:
    if "queue" in entry.data:
        queue, deleted = _queue(counts, entry.data["queue"]), entry.data["deleted"]
        queue.batches += 1
        queue.deletes += _batches(deleted)
        queue.done += deleted


def _count_request(counts: Counts, entry: Entry) -> None:
    api = counts.apis.setdefault(entry.subject, Api())
    duration_ms = max(1, entry.data["duration_ms"])
    api.requests += 1
    api.duration_ms += duration_ms
    if entry.data["route"].startswith(_SAFE):
        return
    api.changes += 1
    api.changes_duration_ms += duration_ms
    api.accepted += entry.data["status"] in _SUCCESS


def _count_log(counts: Counts, entry: Entry) -> None:
    counts.log_bytes += len(entry.data.get("text", "")) + LOG_EVENT_BYTES


_COUNTED = {
    "send": _count_send,
    "receive": _count_receive,
    "filter": _count_filter,
    "result": _count_result,
    "request": _count_request,
    "log": _count_log,
}


def _queue(counts: Counts, name: str) -> Queue:
    return counts.queues.setdefault(name, Queue())


def _batches(messages: int) -> int:
    """Requests in which Lambda deletes so many."""
    return -(-messages // RECEIVE_MESSAGES_MAX)
