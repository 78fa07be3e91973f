"""One shard as a mapping reads it: in order, one batch at a time, a failing batch blocks the rest.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from emulator.invocation import Outcome
from emulator.limits import EVENT_BYTES_MAX
from emulator.mapping.back_off import back_off_seconds
from emulator.mapping.sqs_event import ENVELOPE_BYTES, SEPARATOR_BYTES, event_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from emulator.cloud.stream import Shard, StreamRecord

#: Longest wait between two tries of a batch; AWS names no number.
BACK_OFF_SECONDS_MAX = 60

#: A record as JSON for the event; None if the filters do not let it through.
Encode = Callable[["StreamRecord"], "bytes | None"]


class Read(msgspec.Struct, frozen=True):
    """A record that has been read and not yet been done with."""

    sequence_number: int
    arrived_ms: int
    #: its record of the event, as JSON
    encoded: bytes


class ShardBatch(msgspec.Struct, eq=False):
    """Records for one invocation, and what has become of them so far."""

    records: list[Read]
    #: invocations that failed, those not counted that only led to a split
    failures: int = 0
    #: tries in a row that did not succeed, throttles too: for the back-off
    tries: int = 0
    #: how often the function was started with it, and the last invocation
    invocations: int = 0
    request_id: str = ""
    outcome: Outcome | None = None
    due_ms: int = 0

    @property
    def sequence_numbers(self) -> list[str]:
        return [str(record.sequence_number) for record in self.records]

    def event(self) -> bytes:
        return event_of([record.encoded for record in self.records])

    def back_off(self, now_ms: int) -> int:
        """Wait longer after each try; returns the seconds."""
        self.tries += 1
        wait_seconds = back_off_seconds(self.tries, longest_seconds=BACK_OFF_SECONDS_MAX)
        self.due_ms = now_ms + wait_seconds * 1000
        return wait_seconds


class ShardReader:
    """How far a shard has been read, and what of it waits or is on its way to the function."""

    def __init__(self, position: int) -> None:
        """``position`` is the sequence number after which reading starts."""
        self._position = position
        self._gathered: list[Read] = []
        self._event_bytes = ENVELOPE_BYTES
        self._opened_ms = 0
        self._is_full = False
        #: in order; only the first is tried
        self._batches: deque[ShardBatch] = deque()
        self._is_running = False

    def is_done(self, shard: Shard) -> bool:
        """Whether everything that is in the shard has been read and done with."""
        busy = self._is_running or self._batches or self._gathered
        return not busy and self._position >= shard.latest()

    def due_ms(self, window_seconds: int) -> int | None:
        """When the next batch is to be tried: None while one runs, or nothing has been read."""
        if self._is_running:
            return None
        if self._batches:
            return self._batches[0].due_ms
        if not self._gathered:
            return None
        return self._opened_ms if self._is_full else self._opened_ms + window_seconds * 1000

    def gather(self, shard: Shard, encode: Encode, *, batch_size: int, now_ms: int) -> None:
        """Read on, up to a full batch, unless an earlier one is not done with.

        The window starts with the batch's first record.
        """
        if self._is_running or self._batches:
            return
        # the size may have become smaller
        self._is_full = self._is_full or len(self._gathered) >= batch_size
        while not self._is_full and self._position < shard.latest():
            records = shard.records_after(self._position, batch_size - len(self._gathered))
            if not records:
                # the rest was too old, and is gone
                self._position = shard.latest()
                return
            for record in records:
                if not self._add(record, encode(record), now_ms):
                    break
            self._is_full = self._is_full or len(self._gathered) >= batch_size

    def _add(self, record: StreamRecord, encoded: bytes | None, now_ms: int) -> bool:
        """False if the event has no room for the record, which is the next batch's first then."""
        if encoded is not None:
            size_bytes = len(encoded) + SEPARATOR_BYTES
            self._is_full = bool(self._gathered) and (
                self._event_bytes + size_bytes > EVENT_BYTES_MAX
            )
            if self._is_full:
                return False
            if not self._gathered:
                self._opened_ms = now_ms
            self._gathered.append(Read(record.sequence_number, record.arrived_ms, encoded))
            self._event_bytes += size_bytes
        self._position = record.sequence_number
        return True

    def first(self) -> ShardBatch | None:
        """The batch to try next, made of what has been gathered if there is no other."""
        if not self._batches and self._gathered:
            self._batches.append(ShardBatch(self._gathered))
            self._gathered = []
            self._event_bytes = ENVELOPE_BYTES
            self._is_full = False
        return self._batches[0] if self._batches else None

    def expire(self, oldest_ms: int) -> ShardBatch | None:
        """Take the records that arrived before ``oldest_ms`` out of the first batch."""
        batch = self._batches[0]
        kept = [record for record in batch.records if record.arrived_ms >= oldest_ms]
        if len(kept) == len(batch.records):
            return None
        expired = msgspec.structs.replace(batch, records=batch.records[: -len(kept) or None])
        batch.records = kept
        if not kept:
            self._batches.popleft()
        return expired

    def start(self, request_id: str) -> None:
        """The first batch is on its way to the function."""
        self._is_running = True
        self._batches[0].invocations += 1
        self._batches[0].request_id = request_id

    def finish(self, outcome: Outcome | None) -> None:
        """The first batch's invocation is over, however it ended."""
        self._is_running = False
        self._batches[0].outcome = outcome

    def remove(self) -> None:
        """The first batch is done with, or given up."""
        self._batches.popleft()

    def fail(self, failed: Collection[str], *, bisect: bool, now_ms: int) -> ShardBatch:
        """The first batch failed, or only from the first of the sequence numbers ``failed`` on.

        What stands before that is done with. Returns what is to be tried again; ``bisect`` splits
        it if no record is named, and that does not count as a failure.
        """
        batch = self._batches[0]
        if failed:
            first = min(map(int, failed))
            batch.records = [r for r in batch.records if r.sequence_number >= first]
        elif bisect and len(batch.records) > 1:
            middle = len(batch.records) // 2
            second = msgspec.structs.replace(batch, records=batch.records[middle:])
            self._batches.insert(1, second)
            batch.records = batch.records[:middle]
            batch.failures -= 1
        batch.failures += 1
        batch.back_off(now_ms)
        return batch
