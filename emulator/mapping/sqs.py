"""The event source mapping of a queue: receive, gather, invoke, delete or leave.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.limits import BATCH_SIZE_DEFAULT, CONCURRENT_BATCHES_START
from emulator.mapping import batch_response, recursion
from emulator.mapping.back_off import back_off_seconds
from emulator.mapping.batch_response import MalformedResponseError
from emulator.mapping.batching import Batch, Batcher, Received
from emulator.mapping.sqs_event import encode_record
from emulator.sqs.errors import SqsError

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from emulator.clock import Clock
    from emulator.invocation import Function, Outcome
    from emulator.journal import Journal
    from emulator.mapping.source import Work
    from emulator.sqs.message import Delivery
    from emulator.sqs.queue import Queue

#: Longest wait between two tries of a throttled batch; AWS names no number.
THROTTLE_BACK_OFF_SECONDS_MAX = 10
#: How much longer than its window and the function's timeout a batch stays hidden, if that is
#: longer than the queue's visibility timeout.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
WINDOW_MARGIN_SECONDS = 30


class QueueMappingSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping, as a project declares it."""

    uuid: str
    queue_name: str
    #: the function's name in app.py
    function: str
    batch_size: int = BATCH_SIZE_DEFAULT
    window_seconds: int = 0
    #: most batches at once; None: what AWS starts with
    maximum_concurrency: int | None = None
    #: whether FunctionResponseTypes holds ReportBatchItemFailures
    report_batch_item_failures: bool = False
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
        self._batcher = Batcher(batch_size=spec.batch_size, window_seconds=spec.window_seconds)
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
        return min(due, default=None)

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out the next batch, if there is one and the function takes it."""
        if not self._enabled:
            return ()
        while attempt := self._next_attempt(now_ms):
            if self._function.try_acquire():
                self._running += 1
                return (functools.partial(self._invoke, attempt.batch),)
            self._hold(attempt, now_ms)
        return ()

    def _has_room(self) -> bool:
        """Whether one more batch may be on its way; a throttled one keeps its place."""
        limit = self.spec.maximum_concurrency or CONCURRENT_BATCHES_START
        return self._running + len(self._throttled) < limit

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
            if not self._receive(now_ms):
                return None
        return self._batcher.take(now_ms)

    def _receive(self, now_ms: int) -> bool:
        hidden_seconds = self._hidden_seconds()
        deliveries = self._queue.receive(
            now_ms, self._batcher.wanted(), visibility_timeout_seconds=hidden_seconds
        )
        if not deliveries:
            return False
        self._journal.record(
            self.spec.queue_name, "receive", message_ids=[d.message.message_id for d in deliveries]
        )
        deliveries = recursion.without_loops(
            now_ms, deliveries,
            queue=self._queue, function=self._function.spec, journal=self._journal,
        )  # fmt: skip
        self._batcher.add([self._received(d, now_ms, hidden_seconds) for d in deliveries])
        return True

    def _received(self, delivery: Delivery, now_ms: int, hidden_seconds: int) -> Received:
        record = encode_record(
            delivery,
            queue_arn=self._queue.attributes.arn,
            has_window=self.spec.window_seconds > 0,
        )
        return Received(
            delivery=delivery,
            record=record,
            received_at_ms=now_ms,
            visible_at_ms=now_ms + hidden_seconds * 1000,
        )

    def _hidden_seconds(self) -> int:
        """The queue's visibility timeout, or longer if a batch may wait and run past it."""
        visibility_seconds = self._queue.attributes.visibility_timeout_seconds
        busy_seconds = self.spec.window_seconds + self._function.spec.timeout_seconds
        if self.spec.window_seconds and busy_seconds > visibility_seconds:
            return busy_seconds + WINDOW_MARGIN_SECONDS
        return visibility_seconds

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
        messages = [message.delivery.message for message in batch.messages]
        return recursion.leading_trace_header(messages, self._function.spec.arn)

    def _settle(self, batch: Batch, outcome: Outcome, started_ms: int) -> None:
        """Delete what succeeded. What failed is left as it is, and returns by itself."""
        now_ms = self._clock.now_ms()
        failed, problem = self._failed(batch, outcome)
        kept = [
            message
            for message in batch.messages
            if message.message_id in failed or not self._delete(message, now_ms)
        ]
        self._journal.record(
            self.spec.function, "result",
            duration_ms=now_ms - started_ms, deleted=len(batch.messages) - len(kept),
            kept=len(kept), **outcome.usage_data(), **({"error": problem} if problem else {}),
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
