"""The event source mapping of a stream: each shard in order, one batch of it at a time.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from emulator import arn
from emulator.cloud.stream import Shard
from emulator.invocation import Function
from emulator.mapping import batch_response, destination, stream_event
from emulator.mapping.batch_response import MalformedResponseError
from emulator.mapping.destination import BatchEnding
from emulator.mapping.filtering import Filters
from emulator.mapping.shard_reader import ShardBatch, ShardReader

if TYPE_CHECKING:
    import threading

    from emulator.clock import Clock
    from emulator.cloud.stream import StreamRecord
    from emulator.invocation import Outcome
    from emulator.journal import Journal
    from emulator.mapping.destination import Send
    from emulator.mapping.source import Work

#: The shards there are, of the stream with that ARN.
Shards = Callable[[str], Sequence["Shard"]]

#: MaximumRetryAttempts and MaximumRecordAgeInSeconds without an end.
INFINITE = -1
BATCH_SIZE_DEFAULT = 100


class StreamMappingSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping, as a project declares it.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
    """

    uuid: str
    stream_arn: str
    #: the function's name in app.py
    function: str
    #: LATEST or TRIM_HORIZON, for the shards there are when the mapping is made
    starting_position: str = "LATEST"
    batch_size: int = BATCH_SIZE_DEFAULT
    window_seconds: int = 0
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = INFINITE
    maximum_record_age_seconds: int = INFINITE
    #: ARN of where the numbers of given up records go
    on_failure: str | None = None
    #: the patterns of FilterCriteria, as JSON texts; none: every record passes
    filter_patterns: list[str] = []
    enabled: bool = True

    @property
    def stream_name(self) -> str:
        """The table's or the stream's name."""
        return arn.parse(self.stream_arn).resource.split("/")[1]


class _Run(msgspec.Struct, eq=False, kw_only=True):
    """One invocation with a batch of a shard."""

    shard: Shard
    reader: ShardReader
    batch: ShardBatch
    function: Function


class StreamMapping:
    """A source that hands a stream's records to a function.

    Every method but the work it hands out is called under ``condition``.
    """

    def __init__(
        self, spec: StreamMappingSpec, function: Function, shards: Shards, *, send: Send,
        clock: Clock, condition: threading.Condition, journal: Journal,
    ) -> None:  # fmt: skip
        self._shards = shards
        self._send = send
        self._clock = clock
        self._condition = condition
        self._journal = journal
        self.update(spec, function)
        from_now_on = spec.starting_position == "LATEST"
        self._readers = {
            shard.shard_id: ShardReader(shard.latest() if from_now_on else 0)
            for shard in shards(spec.stream_arn)
        }

    def __str__(self) -> str:
        return f"{self.spec.function} <- {self.spec.stream_name}"

    def update(self, spec: StreamMappingSpec, function: Function) -> None:
        """Go on with other settings or another function from where reading stands."""
        self.spec = spec
        self._function = function
        self._filters = Filters(spec.filter_patterns)
        self._enabled = spec.enabled

    def enable(self) -> None:
        self._enabled = True
        self._condition.notify_all()

    def disable(self) -> None:
        """Start no more batches; reading goes on from where it stands once enabled again."""
        self._enabled = False

    def pending(self, now_ms: int) -> bool:
        return self._enabled and not all(
            reader.is_done(shard) for shard, reader in self._open_readers()
        )

    def next_due_ms(self, now_ms: int) -> int | None:
        if not self._enabled:
            return None
        due = [reader.due_ms(self.spec.window_seconds) for _, reader in self._open_readers()]
        return min((at_ms for at_ms in due if at_ms is not None), default=None)

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out the next batch of a shard, if there is one and the function takes it."""
        if not self._enabled:
            return ()
        for shard, reader in self._open_readers():
            encode = functools.partial(self._encode, shard)
            reader.gather(shard, encode, batch_size=self.spec.batch_size, now_ms=now_ms)
            while (batch := self._due(shard, reader, now_ms)) is not None:
                if self._function.try_acquire():
                    reader.start(str(uuid.uuid4()))
                    run = _Run(shard=shard, reader=reader, batch=batch, function=self._function)
                    return (functools.partial(self._invoke, run),)
                self._throttle(batch, now_ms)
        return ()

    def _open_readers(self) -> list[tuple[Shard, ShardReader]]:
        """The shards that may be read: of split and merged ones the parents first."""
        shards = {shard.shard_id: shard for shard in self._shards(self.spec.stream_arn)}
        self._readers = {i: self._readers.get(i) or ShardReader(0) for i in shards}
        finished = {
            i for i, s in shards.items() if not s.is_open and self._readers[i].is_done(s)
        } | {parent for s in shards.values() for parent in s.parent_ids if parent not in shards}
        return [
            (shard, self._readers[i])
            for i, shard in shards.items()
            if finished.issuperset(shard.parent_ids)
        ]

    def _encode(self, shard: Shard, record: StreamRecord) -> bytes | None:
        if not stream_event.passes(record, self._filters):
            return None
        return stream_event.encode_record(record, shard, self._function.spec)

    def _due(self, shard: Shard, reader: ShardReader, now_ms: int) -> ShardBatch | None:
        """The batch to try now, without what has become too old; that goes to the destination."""
        age_ms = shard.retention_ms
        if self.spec.maximum_record_age_seconds != INFINITE:
            age_ms = min(age_ms, self.spec.maximum_record_age_seconds * 1000)
        while (due_ms := reader.due_ms(self.spec.window_seconds)) is not None and due_ms <= now_ms:
            batch = reader.first()
            expired = reader.expire(now_ms - age_ms)
            if expired is None:
                return batch
            self._give_up(shard, expired, destination.RECORD_AGE_EXCEEDED)
        return None

    def _throttle(self, batch: ShardBatch, now_ms: int) -> None:
        wait_seconds = batch.back_off(now_ms)
        self._journal.record(self.spec.function, "throttle", next_try_in_seconds=wait_seconds)

    def _invoke(self, run: _Run) -> None:
        """Run the function on a batch and act on how it ended. Called without the lock."""
        self._journal.record(
            self.spec.function, "invoke",
            source=self.spec.stream_name, records=len(run.batch.records),
            attempt=run.batch.invocations, request_id=run.batch.request_id,
        )  # fmt: skip
        started_ms = self._clock.now_ms()
        outcome: Outcome | None = None
        try:
            outcome = run.function.invoke(run.batch.event(), request_id=run.batch.request_id)
        finally:
            with self._condition:
                run.function.release()
                run.reader.finish(outcome)
                if outcome is not None:
                    self._settle(run, outcome, started_ms)
                self._condition.notify_all()

    def _settle(self, run: _Run, outcome: Outcome, started_ms: int) -> None:
        now_ms = self._clock.now_ms()
        failed, problem = self._failed(run.batch, outcome)
        if not failed and problem is None:
            run.reader.remove()
            self._record_result(outcome, now_ms - started_ms)
            return
        batch = run.reader.fail(
            failed, bisect=self.spec.bisect_batch_on_function_error, now_ms=now_ms
        )
        kept = {"kept": len(batch.records)} if failed else {}
        error = {"error": problem} if problem else {}
        self._record_result(outcome, now_ms - started_ms, **kept, **error)
        most = self.spec.maximum_retry_attempts
        if most != INFINITE and batch.failures > most:
            run.reader.remove()
            self._give_up(run.shard, batch, destination.RETRY_ATTEMPTS_EXHAUSTED)
        else:
            wait_seconds = (batch.due_ms - now_ms) / 1000
            self._journal.record(self.spec.function, "retry", next_try_in_seconds=wait_seconds)

    def _failed(self, batch: ShardBatch, outcome: Outcome) -> tuple[set[str], str | None]:
        """The sequence numbers reported as failed, and what went wrong with the whole batch."""
        if not outcome.ok:
            return set(), outcome.error
        if not self.spec.report_batch_item_failures:
            return set(), None
        try:
            numbers = batch_response.failed_message_ids(outcome.payload, batch.sequence_numbers)
        except MalformedResponseError as error:
            return set(), str(error)
        return numbers, None

    def _record_result(self, outcome: Outcome, duration_ms: int, **more: Any) -> None:
        more |= outcome.usage_data()
        self._journal.record(self.spec.function, "result", duration_ms=duration_ms, **more)

    def _give_up(self, shard: Shard, batch: ShardBatch, condition: str) -> None:
        """The shard goes on without these records; only their numbers go to the destination."""
        self._journal.record(
            self.spec.function, "drop", records=len(batch.records), condition=condition
        )
        if self.spec.on_failure is None:
            return
        ending = BatchEnding(
            function=self._function.spec, shard=shard, batch=batch,
            condition=condition, at_ms=self._clock.now_ms(),
        )  # fmt: skip
        self._send(destination.batch_record(ending, self.spec.on_failure))
