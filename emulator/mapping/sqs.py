"""The event source mapping of a queue: receive, gather, invoke, delete or leave.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.limits import BATCH_SIZE_DEFAULT
from emulator.mapping import batch_response, recursion
from emulator.mapping.back_off import back_off_seconds
from emulator.mapping.batch_response import MalformedResponseError
from emulator.mapping.batching import Batch, Batcher, Received
from emulator.mapping.polling import Poller
from emulator.mapping.scaling import Scaling
from emulator.runtime.concurrency import CONCURRENCY_MAX
from emulator.sqs.errors import SqsError

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from emulator.clock import Clock
    from emulator.invocation import Function, Outcome
    from emulator.journal import Journal
    from emulator.mapping.source import Work
    from emulator.sqs.queue import Queue

#: Longest wait between two tries of a throttled batch; AWS names no number.
THROTTLE_BACK_OFF_SECONDS_MAX = 10


class QueueMappingSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping, as a project declares it."""

    uuid: str
    queue_name: str
    #: the function's name in app.py
    function: str
    batch_size: int = BATCH_SIZE_DEFAULT
    window_seconds: int = 0
    #: most batches at once; None: as many as scaling allows
    maximum_concurrency: int | None = None
    #: whether FunctionResponseTypes holds ReportBatchItemFailures
    report_batch_item_failures: bool = False
    #: the patterns of FilterCriteria, as JSON texts; none: every message passes
    filter_patterns: list[str] = []
    enabled: bool = True


class _Attempt(msgspec.Struct, eq=False):
    """A batch on its way to the function, with the throttles it met."""

    batch: Batch
    throttles: int = 0
    due_ms: int = 0


class SqsMapping:
    """A source that hands a queue's messages to a function, batch by batch.

    Every method but the work it hands out is called under ``condition``.
    """

    def __init__(
        self, spec: QueueMappingSpec, queue: Queue, function: Function, *,
        clock: Clock, condition: threading.Condition, journal: Journal,
    ) -> None:  # fmt: skip
        self.spec = spec
        self._queue = queue
        self._function = function
        self._clock = clock
        self._condition = condition
        self._journal = journal
        self._poller = Poller(
            spec, queue, function_timeout_seconds=function.spec.timeout_seconds, journal=journal
        )
        self._batcher = Batcher(batch_size=spec.batch_size, window_seconds=spec.window_seconds)
        self._scaling = Scaling(
            most=_most_at_once(spec, function), backs_off=not spec.report_batch_item_failures
        )
        self._throttled: list[_Attempt] = []
        self._running = 0
        self._enabled = spec.enabled
        self._has_warned = False

    def __str__(self) -> str:
        return f"{self.spec.function} <- {self.spec.queue_name}"

    def enable(self) -> None:
        self._enabled = True
        self._condition.notify_all()

    def disable(self) -> None:
        """Start no more batches. Running ones finish; gathered messages return by themselves."""
        self._enabled = False
        self._batcher.clear()
        self._throttled.clear()

    def pending(self, now_ms: int) -> bool:
        if self._running:
            return True
        counts = self._queue.counts(now_ms)
        return self._enabled and bool(counts.visible or counts.in_flight or counts.delayed)

    def next_due_ms(self, now_ms: int) -> int | None:
        if not self._enabled:
            return None
        due = [attempt.due_ms for attempt in self._throttled]
        if self._has_room():
            gathered_ms = self._batcher.due_ms()
            visible_ms = self._queue.next_visible_at_ms(now_ms)
            due += [at_ms for at_ms in (gathered_ms, visible_ms) if at_ms is not None]
        elif (grows_at_ms := self._scaling.next_ms()) is not None:
            due.append(grows_at_ms)
        return min(due, default=None)

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out the next batch, if there is one and the function takes it."""
        if not self._enabled:
            return ()
        self._scale(now_ms)
        while attempt := self._next_attempt(now_ms):
            if self._function.try_acquire():
                self._running += 1
                return (functools.partial(self._invoke, attempt.batch),)
            self._hold(attempt, now_ms)
        return ()

    def _has_room(self) -> bool:
        """Whether one more batch may be on its way; a throttled one keeps its place."""
        return self._running + len(self._throttled) < self._scaling.limit

    def _scale(self, now_ms: int) -> None:
        """Let the limit follow what waits in the queue."""
        if self._queue.next_visible_at_ms(now_ms) != now_ms:
            self._scaling.nothing_waits(self._running)
        elif self._throttled:
            self._scaling.throttled()
        else:
            self._scaling.messages_wait(now_ms)

    def _next_attempt(self, now_ms: int) -> _Attempt | None:
        for attempt in [a for a in self._throttled if a.due_ms <= now_ms]:
            self._throttled.remove(attempt)
            if attempt.batch.visible_at_ms > now_ms:
                return attempt
            self._record_retry(attempt.batch.messages, now_ms, reason="throttled")
        batch = self._gather(now_ms) if self._has_room() else None
        return _Attempt(batch) if batch else None

    def _gather(self, now_ms: int) -> Batch | None:
        while not self._batcher.is_due(now_ms):
            received = self._poller.receive(now_ms, self._batcher.wanted())
            if received is None:
                return None
            received = recursion.without_loops(
                now_ms, received,
                queue=self._queue, function=self._function.spec, journal=self._journal,
            )  # fmt: skip
            self._batcher.add(received)
        return self._batcher.take(now_ms)

    def _hold(self, attempt: _Attempt, now_ms: int) -> None:
        """Keep a throttled batch in flight: try again with back-off while it is hidden.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        attempt.throttles += 1
        wait_seconds = back_off_seconds(
            attempt.throttles, longest_seconds=THROTTLE_BACK_OFF_SECONDS_MAX
        )
        visible_at_ms = max(attempt.batch.visible_at_ms, now_ms + 1000)
        attempt.due_ms = min(now_ms + wait_seconds * 1000, visible_at_ms)
        self._throttled.append(attempt)
        self._journal.record(
            self.spec.function, "throttle",
            message_ids=attempt.batch.message_ids,
            next_try_in_seconds=(attempt.due_ms - now_ms) / 1000,
        )  # fmt: skip

    def _invoke(self, batch: Batch) -> None:
        """Run the function on ``batch`` and act on how it ended. Called without the lock."""
        request_id = str(uuid.uuid4())
        self._journal.record(
            self.spec.function, "invoke",
            message_ids=batch.message_ids, receive_counts=batch.receive_counts,
            request_id=request_id,
        )  # fmt: skip
        started_ms = self._clock.now_ms()
        outcome: Outcome | None = None
        try:
            outcome = self._function.invoke(
                batch.event(), request_id=request_id, trace_header=self._trace_header(batch)
            )
        finally:
            with self._condition:
                self._function.release()
                self._running -= 1
                if outcome is not None:
                    self._settle(batch, outcome, started_ms)
                self._condition.notify_all()

    def _trace_header(self, batch: Batch) -> str | None:
        return recursion.leading_trace_header(batch.messages, self._function.spec.arn)

    def _settle(self, batch: Batch, outcome: Outcome, started_ms: int) -> None:
        """Delete what succeeded. What failed is left as it is, and returns by itself."""
        now_ms = self._clock.now_ms()
        failed, problem = self._failed(batch, outcome)
        self._scaling.batch_ended(failed=not outcome.ok)
        kept = [
            message
            for message in batch.messages
            if message.message_id in failed or not self._delete(message, now_ms)
        ]
        self._journal.record(
            self.spec.function, "result",
            queue=self.spec.queue_name, duration_ms=now_ms - started_ms,
            deleted=len(batch.messages) - len(kept), kept=len(kept),
            **outcome.usage_data(), **({"error": problem} if problem else {}),
        )  # fmt: skip
        if kept:
            self._record_retry(kept, now_ms)

    def _delete(self, message: Received, now_ms: int) -> bool:
        """False if the queue refuses: on a FIFO queue, once the visibility timeout is over."""
        try:
            self._queue.delete(now_ms, message.delivery.receipt_handle)
        except SqsError:
            return False
        return True

    def _failed(self, batch: Batch, outcome: Outcome) -> tuple[set[str], str | None]:
        """The ids of the messages to keep, and what went wrong with the batch as a whole."""
        everything = set(batch.message_ids)
        if not outcome.ok:
            return everything, outcome.error
        if not self.spec.report_batch_item_failures:
            self._warn_of_ignored_report(outcome)
            return set(), None
        try:
            return batch_response.failed_message_ids(outcome.payload, everything), None
        except MalformedResponseError as error:
            return everything, str(error)

    def _warn_of_ignored_report(self, outcome: Outcome) -> None:
        if self._has_warned or not batch_response.reports_failures(outcome.payload):
            return
        self._has_warned = True
        lines = batch_response.template_to_declare(self.spec.function)
        self._journal.record(
            self.spec.function, "warning",
            text="batchItemFailures was ignored and every message deleted, as on AWS: the mapping "
            f"does not declare ReportBatchItemFailures. Add to .chalice/resources.json: {lines}",
        )  # fmt: skip

    def _record_retry(self, messages: Sequence[Received], now_ms: int, **more: Any) -> None:
        redrive = self._queue.attributes.redrive
        # the function may have changed it, as one that backs off does
        visible_at_ms = min(
            self._queue.visible_at_ms(message.message_id) or now_ms for message in messages
        )
        self._journal.record(
            self.spec.queue_name, "retry",
            message_ids=[message.message_id for message in messages],
            receive_counts=[message.receive_count for message in messages],
            max_receive_count=redrive.max_receive_count if redrive else None,
            visible_in_seconds=max(0, visible_at_ms - now_ms) / 1000,
            **more,
        )  # fmt: skip


def _most_at_once(spec: QueueMappingSpec, function: Function) -> int | None:
    """What caps the mapping: MaximumConcurrency, and the account's limit, which is ours here.

    Reserved concurrency does not: the mapping runs into it and is throttled.
    """
    if function.spec.reserved_concurrency is not None:
        return spec.maximum_concurrency
    return min(spec.maximum_concurrency or CONCURRENCY_MAX, CONCURRENCY_MAX)
