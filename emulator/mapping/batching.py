"""Gathers received messages into the batches a function is invoked with.

A batch is handed over as soon as it has its size, its window is over, or its event would pass what
Lambda accepts. https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from emulator.limits import EVENT_BYTES_MAX, RECEIVE_MESSAGES_MAX
from emulator.mapping.sqs_event import ENVELOPE_BYTES, SEPARATOR_BYTES, event_of
from emulator.sqs.message import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it was received for a batch."""

    delivery: Delivery
    #: its record of the event, as JSON
    record: bytes
    received_at_ms: int
    #: when its visibility timeout is over, if nobody changes it
    visible_at_ms: int

    @property
    def message_id(self) -> str:
        return self.delivery.message.message_id

    @property
    def receive_count(self) -> int:
        return self.delivery.message.receive_count

    @property
    def event_bytes(self) -> int:
        return len(self.record) + SEPARATOR_BYTES


class Batch(msgspec.Struct, frozen=True):
    """Messages for one invocation, in the order in which they were received."""

    messages: Sequence[Received]

    @property
    def message_ids(self) -> list[str]:
        return [message.message_id for message in self.messages]

    @property
    def receive_counts(self) -> list[int]:
        return [message.receive_count for message in self.messages]

    @property
    def visible_at_ms(self) -> int:
        """When the first of the messages is back on the queue."""
        return min(message.visible_at_ms for message in self.messages)

    def event(self) -> bytes:
        return event_of([message.record for message in self.messages])


class Batcher:
    """The messages received and not yet handed over, and when they are to be."""

    def __init__(
        self, *, batch_size: int, window_seconds: int, event_bytes_max: int = EVENT_BYTES_MAX
    ) -> None:
        self._batch_size = batch_size
        self._window_ms = window_seconds * 1000
        self._event_bytes_max = event_bytes_max
        self._messages: deque[Received] = deque()
        self._event_bytes = ENVELOPE_BYTES

    def wanted(self) -> int:
        """How many messages the next receive is to ask for: a queue never gives more than ten."""
        return min(self._batch_size - len(self._messages), RECEIVE_MESSAGES_MAX)

    def add(self, messages: Iterable[Received]) -> None:
        for message in messages:
            self._messages.append(message)
            self._event_bytes += message.event_bytes

    def due_ms(self) -> int | None:
        """When the batch is to be handed over: None while it is empty.

        The window starts with the batch's first message.
        """
        if not self._messages:
            return None
        opened_at_ms = self._messages[0].received_at_ms
        return opened_at_ms if self._is_full() else opened_at_ms + self._window_ms

    def is_due(self, now_ms: int) -> bool:
        due_ms = self.due_ms()
        return due_ms is not None and due_ms <= now_ms

    def take(self, now_ms: int) -> Batch | None:
        """The batch; what its event has no room for stays, as the start of the next.

        Messages that waited so long for a batch that they are back on the queue are dropped;
        None if that leaves none.
        """
        taken: list[Received] = []
        event_bytes = ENVELOPE_BYTES
        while self._messages and len(taken) < self._batch_size:
            message = self._messages[0]
            is_back = message.received_at_ms < now_ms and message.visible_at_ms <= now_ms
            if taken and event_bytes + message.event_bytes > self._event_bytes_max:
                break
            self._messages.popleft()
            self._event_bytes -= message.event_bytes
            if not is_back:
                taken.append(message)
                event_bytes += message.event_bytes
        return Batch(taken) if taken else None

    def clear(self) -> None:
        """Drop everything: it returns to the queue by itself."""
        self._messages.clear()
        self._event_bytes = ENVELOPE_BYTES

    def _is_full(self) -> bool:
        return self.wanted() <= 0 or self._event_bytes >= self._event_bytes_max
