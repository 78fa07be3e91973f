"""The seat of Kinesis in moto: its API, shards that can be read in order and numbered as AWS does.

moto numbers records 1, 2, 3 …, keeps them for ever, moves them when shards are split or merged, and
goes on writing to the closed ones.
https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar

import moto.kinesis.models
from moto.kinesis.models import Record, Shard, Stream, kinesis_backends
from moto.utilities.utils import md5_hash

from emulator.cloud.stream import StreamRecord, StreamSeat

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Sequence numbers have 56 digits, so that they are in order as texts too.
_FIRST_NUMBER = 495 * 10**53
#: How far two records of a shard are apart; in between are those of other shards.
_STEP = 1 << 16
_HOUR_MS = 3_600_000


def seat(stream_seat: StreamSeat) -> None:
    """Let every stream that is created from now on be one of these."""
    KinesisShard.seat = stream_seat
    moto.kinesis.models.Shard = KinesisShard
    moto.kinesis.models.Stream = KinesisStream


def shards(account_id: str, region: str, stream_name: str) -> list[KinesisShard]:
    """The shards of a stream; none if there is no such stream."""
    stream = kinesis_backends[account_id][region].streams.get(stream_name)
    return stream.trimmed_shards() if isinstance(stream, KinesisStream) else []


class KinesisShard(Shard):  # type: ignore[misc]
    """One shard of a stream."""

    seat: ClassVar[StreamSeat]
    #: the stream's, as they are now
    stream_arn = ""
    retention_ms = 24 * _HOUR_MS

    def __init__(
        self, shard_id: int, starting_hash: int, ending_hash: int, **parents: str | None
    ) -> None:
        super().__init__(shard_id, starting_hash, ending_hash, **parents)
        self._next_number = _FIRST_NUMBER + shard_id
        self._arrived_ms: dict[int, int] = {}

    @property
    def parent_ids(self) -> list[str]:
        return [parent for parent in (self.parent, self.adjacent_parent) if parent]

    def latest(self) -> int:
        return self._next_number - _STEP

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:
        number, self._next_number = self._next_number, self._next_number + _STEP
        self.records[number] = Record(partition_key, data, number, explicit_hash_key)
        self._arrived_ms[number] = self.seat.clock.now_ms()
        self.seat.notify()
        return str(number)

    def records_after(self, sequence_number: int, limit: int) -> list[StreamRecord]:
        if not self.records:
            return []
        number = next(iter(self.records))
        if sequence_number >= number:
            number += ((sequence_number - number) // _STEP + 1) * _STEP
        last = min(number + limit * _STEP, self._next_number)
        return [self._record(number) for number in range(number, last, _STEP)]

    def _record(self, number: int) -> StreamRecord:
        """https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html"""
        record, arrived_ms = self.records[number], self._arrived_ms[number]
        content = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.partition_key,
                "sequenceNumber": str(number),
                "data": record.data,
                "approximateArrivalTimestamp": arrived_ms / 1000,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.shard_id}:{number}",
            "eventName": "aws:kinesis:record",
        }
        return StreamRecord(number, arrived_ms, content)

    def trim(self) -> None:
        """Forget what is older than the retention."""
        oldest_ms = self.seat.clock.now_ms() - self.retention_ms
        while self.records:
            number = next(iter(self.records))
            if self._arrived_ms[number] >= oldest_ms:
                return
            del self.records[number], self._arrived_ms[number]


class KinesisStream(Stream):  # type: ignore[misc]
    """A stream whose closed shards keep what they have and get nothing new."""

    def trimmed_shards(self) -> list[KinesisShard]:
        for shard in self.shards.values():
            shard.stream_arn = self.arn
            shard.retention_ms = int(self.retention_period_hours) * _HOUR_MS
            shard.trim()
        return list(self.shards.values())

    def get_shard_for_key(self, partition_key: str, explicit_hash_key: str) -> KinesisShard:
        # refuses keys that are none; the shard it finds may be closed
        super().get_shard_for_key(partition_key, explicit_hash_key)
        digest = md5_hash(partition_key.encode()).hexdigest()
        key = int(explicit_hash_key) if explicit_hash_key else int(digest, 16)
        open_shards: list[KinesisShard] = [s for s in self.shards.values() if s.is_open]
        return next(s for s in open_shards if s.starting_hash <= key <= s.ending_hash)

    def split_shard(self, shard_to_split: str, new_starting_hash_key: str) -> None:
        with self._records_left_alone():
            super().split_shard(shard_to_split, new_starting_hash_key)

    def merge_shards(self, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        with self._records_left_alone():
            super().merge_shards(shard_to_merge, adjacent_shard_to_merge)

    @contextlib.contextmanager
    def _records_left_alone(self) -> Iterator[None]:
        kept: list[tuple[Any, Any]] = [(shard, shard.records) for shard in self.shards.values()]
        for shard, _ in kept:
            shard.records = OrderedDict()
        try:
            yield
        finally:
            for shard, records in kept:
                shard.records = records
