"""What a mapping takes from its queue: messages that pass its filters, as records of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.mapping.batching import Received
from emulator.mapping.filtering import Filters
from emulator.mapping.sqs_event import encode_record

if TYPE_CHECKING:
    from emulator.journal import Journal
    from emulator.mapping.sqs import QueueMappingSpec
    from emulator.sqs.message import Delivery
    from emulator.sqs.queue import Queue

#: How much longer than its window and the function's timeout a batch stays hidden, if that is
#: longer than the queue's visibility timeout.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
WINDOW_MARGIN_SECONDS = 30


class Poller:
    """Receives for one mapping."""

    def __init__(
        self, spec: QueueMappingSpec, queue: Queue, *,
        function_timeout_seconds: int, journal: Journal,
    ) -> None:  # fmt: skip
        self._spec = spec
        self._queue = queue
        self._busy_seconds = spec.window_seconds + function_timeout_seconds
        self._journal = journal
        self._filters = Filters(spec.filter_patterns)

    def receive(self, now_ms: int, count: int) -> list[Received] | None:
        """Up to ``count`` messages of one receive; None if the queue has none to give.

        What no filter matches is deleted.
        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
        """
        hidden_seconds = self._hidden_seconds()
        deliveries = self._queue.receive(now_ms, count, visibility_timeout_seconds=hidden_seconds)
        if not deliveries:
            return None
        taken: list[Delivery] = []
        dropped: list[Delivery] = []
        for delivery in deliveries:
            (taken if self._passes(delivery) else dropped).append(delivery)
        self._record("receive", deliveries)
        self._drop(dropped, now_ms)
        return [self._received(delivery, now_ms, hidden_seconds) for delivery in taken]

    def _passes(self, delivery: Delivery) -> bool:
        # of a message filters see nothing but its body
        return self._filters.match({"body": delivery.message.body}, data_key="body")

    def _drop(self, deliveries: list[Delivery], now_ms: int) -> None:
        for delivery in deliveries:
            self._queue.delete(now_ms, delivery.receipt_handle)
        if deliveries:
            self._record("filter", deliveries)

    def _received(self, delivery: Delivery, now_ms: int, hidden_seconds: int) -> Received:
        record = encode_record(
            delivery,
            queue_arn=self._queue.attributes.arn,
            has_window=self._spec.window_seconds > 0,
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
        if self._spec.window_seconds and self._busy_seconds > visibility_seconds:
            return self._busy_seconds + WINDOW_MARGIN_SECONDS
        return visibility_seconds

    def _record(self, action: str, deliveries: list[Delivery]) -> None:
        ids = [delivery.message.message_id for delivery in deliveries]
        who = self._spec.function
        self._journal.record(self._spec.queue_name, action, message_ids=ids, by=who)
