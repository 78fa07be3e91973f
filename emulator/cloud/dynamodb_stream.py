"""The seat of DynamoDB's streams in moto: its API, records as AWS writes them.

moto writes a record also where nothing changed, two for an update that creates its item, none that
tells who deleted, and fails when a stream was switched off. Here one change is one record.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import moto.dynamodb.models.table
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard

from emulator.cloud import attribute_value
from emulator.cloud.stream import StreamRecord, StreamSeat

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long a stream keeps its records.
RETENTION_MS = 24 * 3600 * 1000
#: AWS names the service that deletes what is past its time to live.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_TIME_TO_LIVE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

Attributes: TypeAlias = "dict[str, Any]"

_user: ContextVar[dict[str, str] | None] = ContextVar("_user", default=None)


def seat(stream_seat: StreamSeat) -> None:
    """Let every stream that is created from now on be one of these."""
    TableShard.seat = stream_seat
    moto.dynamodb.models.table.StreamShard = TableShard


def shards(account_id: str, region: str, table_name: str) -> list[TableShard]:
    """The shard of a table's stream; none if there is no such table or it has no stream."""
    table = dynamodb_backends[account_id][region].tables.get(table_name)
    shard = getattr(table, "stream_shard", None)
    return [shard] if isinstance(shard, TableShard) and shard.is_open else []


@contextlib.contextmanager
def deleting_by_time_to_live() -> Iterator[None]:
    """Records written inside name the service as the one who deletes."""
    token = _user.set(_TIME_TO_LIVE)
    try:
        yield
    finally:
        _user.reset(token)


class _Entry:
    """A record, in the form in which moto's GetRecords reads it."""

    def __init__(self, record: StreamRecord) -> None:
        self.record = record

    def to_json(self) -> dict[str, Any]:
        content = self.record.content
        at = content["dynamodb"]["ApproximateCreationDateTime"]
        created = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
        return {
            **content,
            "dynamodb": {**content["dynamodb"], "ApproximateCreationDateTime": created},
        }


class TableShard(StreamShard):  # type: ignore[misc]
    """The one shard of a table's stream."""

    seat: ClassVar[StreamSeat]

    def __init__(self, account_id: str, table: Any) -> None:
        super().__init__(account_id, table)
        self.items: list[_Entry]
        self.id = f"shardId-{self.seat.clock.now_ms():020d}-{uuid.uuid4().hex[:8]}"
        self._last_item: Any = None

    def __deepcopy__(self, memo: dict[int, Any]) -> TableShard:
        """moto copies a table before each transaction: records do not change, so they are kept."""
        copied = copy.copy(self)
        copied.items = list(self.items)
        copied.table = copy.deepcopy(self.table, memo)
        return copied

    @property
    def shard_id(self) -> str:
        return str(self.id)

    @property
    def stream_arn(self) -> str:
        return f"{self.table.table_arn}/stream/{self.table.latest_stream_label}"

    @property
    def parent_ids(self) -> tuple[str, ...]:
        return ()

    @property
    def is_open(self) -> bool:
        return bool(self.table.stream_specification.get("StreamEnabled"))

    @property
    def retention_ms(self) -> int:
        return RETENTION_MS

    def latest(self) -> int:
        return int(self.starting_sequence_number) + len(self.items) - 1

    def records_after(self, sequence_number: int, limit: int) -> list[StreamRecord]:
        self._trim()
        first = max(0, sequence_number - self.starting_sequence_number + 1)
        return [entry.record for entry in self.items[first : first + limit]]

    def get(self, start: int, quantity: int) -> list[dict[str, Any]]:
        """What moto's GetRecords hands out."""
        return [_Entry(r).to_json() for r in self.records_after(start - 1, quantity)]

    def add(self, old: Any, new: Any) -> None:
        """Write the record of a change from item ``old`` to ``new``; None: there was, is none."""
        images = [item and attribute_value.plain(item.attrs) for item in (old, new)]
        if not self.is_open or images[0] == images[1]:
            return
        self._trim()
        if old is None and new is self._last_item:
            # moto stores the bare key of an item that an update creates, and then the item
            self.items.pop()
        self._last_item = new
        number = self.latest() + 1
        now_ms = self.seat.clock.now_ms()
        content = _content(self.table, *images, number=number, now_ms=now_ms)
        self.items.append(_Entry(StreamRecord(number, now_ms, content)))
        self.seat.notify()

    def _trim(self) -> None:
        oldest_ms = self.seat.clock.now_ms() - RETENTION_MS
        expired = 0
        while expired < len(self.items) and self.items[expired].record.arrived_ms < oldest_ms:
            expired += 1
        del self.items[:expired]
        self.starting_sequence_number += expired


def _content(
    table: Any, old: Attributes | None, new: Attributes | None, *, number: int, now_ms: int
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""
    view = table.stream_specification["StreamViewType"]
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    some = new or old or {}
    parts = {"Keys": {name: some[name] for name in names}}
    if new and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        parts["NewImage"] = new
    if old and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        parts["OldImage"] = old
    user = _user.get()
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": table.region_name,
        "dynamodb": {
            "ApproximateCreationDateTime": now_ms // 1000,
            **parts,
            "SequenceNumber": str(number),
            "SizeBytes": sum(map(attribute_value.size_bytes, parts.values())),
            "StreamViewType": view,
        },
        **({"userIdentity": user} if user else {}),
    }
