"""One queue: messages, when they can be seen, and who has received them.

Pure: the time is an argument, nothing waits, nothing locks. Whoever shares a queue between threads
holds a lock around every call. A message that is due at a moment can be received at that moment.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.limits import VISIBILITY_TIMEOUT_SECONDS_MAX
from emulator.sqs import receipt_handle as receipts
from emulator.sqs.attributes import QueueAttributes
from emulator.sqs.deadlines import Deadlines
from emulator.sqs.deduplication import Deduplication, content_id
from emulator.sqs.errors import InvalidParameterValueError, OverLimitError
from emulator.sqs.fifo import GroupOrder
from emulator.sqs.held import Counts, Held, Order, StandardOrder, State
from emulator.sqs.message import Delivery, Message, MessageAttribute
from emulator.sqs.redrive import Redrive, dead_letter, redriven
from emulator.sqs.sending import Draft, check_draft, visible_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Counts", "Delivery", "Message", "MessageAttribute", "Queue", "QueueAttributes", "Redrive",
]  # fmt: skip


class Queue:
    """The delivery rules of SQS for one queue; every operation costs O(log n), amortised.

    ``on_receivable()`` is called after every change by which something may have become receivable
    now or earlier than before; ``on_dead_letter(source, message)`` when a message moved.
    """

    def __init__(
        self,
        attributes: QueueAttributes,
        *,
        on_receivable: Callable[[], object] = lambda: None,
        on_dead_letter: Callable[[Queue, Message], object] = lambda _source, _message: None,
    ) -> None:
        self.attributes = attributes
        self._on_receivable = on_receivable
        self._on_dead_letter = on_dead_letter
        self._sequence = 0
        self.purge()

    def purge(self) -> None:
        """Remove every message, in flight or delayed too, and forget deduplication ids."""
        self._held: dict[str, Held] = {}
        self._order: Order = GroupOrder() if self.attributes.fifo else StandardOrder()
        self._hidden_until: Deadlines[str] = Deadlines()
        self._kept_since: Deadlines[str] = Deadlines()
        self._deduplication = Deduplication()
        self._counts: Counter[State] = Counter()

    def send(self, now_ms: int, body: str, **more: Any) -> Message:
        """``send_draft`` of a body and whatever other members a Draft has."""
        return self.send_draft(now_ms, Draft(body=body, **more))

    def send_draft(self, now_ms: int, draft: Draft) -> Message:
        """Take a message; a FIFO duplicate answers the first one and stores nothing.

        Raises SqsError for what SQS refuses.
        """
        check_draft(self.attributes, draft)
        message = Message(
            message_id=str(uuid.uuid4()),
            body=draft.body,
            sent_at_ms=now_ms,
            attributes=draft.attributes,
            system_attributes=draft.system_attributes,
            group_id=draft.group_id,
            deduplication_id=draft.deduplication_id,
        )
        if self.attributes.fifo:
            deduplication_id = draft.deduplication_id or content_id(draft.body)
            scope = self._deduplication_scope(draft.group_id)
            first = self._deduplication.first(now_ms, deduplication_id, scope=scope)
            if first is not None:
                return first
            message = msgspec.structs.replace(
                message,
                deduplication_id=deduplication_id,
                sequence_number=self._next_sequence_number(),
            )
        self._take(now_ms, message, visible_after_seconds(self.attributes, draft))
        return message

    def receive(
        self, now_ms: int, max_messages: int, *, visibility_timeout_seconds: int | None = None
    ) -> list[Delivery]:
        """Hand out up to ``max_messages``; each raises the message's receive count, also with 0 s.

        Messages received too often go to the dead-letter queue instead. Nothing is handed out
        while the queue has as many messages in flight as it may.
        """
        self._settle(now_ms)
        if visibility_timeout_seconds is None:
            visibility_timeout_seconds = self.attributes.visibility_timeout_seconds
        taken, dead = self._choose(min(max_messages, self._free_in_flight()))
        for held in dead:
            self._move_to_dead_letter_queue(now_ms, held.message)
        visible_at_ms = now_ms + visibility_timeout_seconds * 1000
        return [self._deliver(now_ms, held, visible_at_ms) for held in taken]

    def delete(self, now_ms: int, receipt_handle: str) -> None:
        """Delete the message, if the handle is its latest.

        A message that is gone counts as deleted. An older handle succeeds and deletes nothing, so
        that a slow first consumer cannot acknowledge the work of the second. A FIFO queue
        refuses a handle whose visibility timeout is over (InvalidParameterValueError).
        Raises ReceiptHandleIsInvalidError for a handle of another queue or none.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
        """
        self._settle(now_ms)
        receipt = receipts.read(self.attributes.arn, receipt_handle)
        held = self._held.get(receipt.message_id)
        if held is None:
            return
        self._refuse_expired(held, receipt_handle, receipt.receive_count)
        if receipt.receive_count == held.message.receive_count:
            self._drop(receipt.message_id)
            if self.attributes.fifo:
                self._on_receivable()

    def change_visibility(
        self, now_ms: int, receipt_handle: str, visibility_timeout_seconds: int
    ) -> None:
        """Let the message become visible so many seconds from now; 0 returns it at once.

        Any handle of the message will do on a standard queue, also after the timeout is over. At
        most 12 hours from the receive. Raises InvalidParameterValueError for a message that is
        gone or an expired FIFO handle, ReceiptHandleIsInvalidError as ``delete`` does.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
        """
        self._settle(now_ms)
        receipt = receipts.read(self.attributes.arn, receipt_handle)
        held = self._held.get(receipt.message_id)
        if held is None:
            raise InvalidParameterValueError.of(
                "ReceiptHandle",
                receipt_handle,
                reason="Message does not exist or is not available for visibility timeout change.",
            )
        self._refuse_expired(held, receipt_handle, receipt.receive_count)
        visible_at_ms = now_ms + visibility_timeout_seconds * 1000
        if visible_at_ms - held.received_at_ms > VISIBILITY_TIMEOUT_SECONDS_MAX * 1000:
            raise InvalidParameterValueError.of(
                "VisibilityTimeout",
                visibility_timeout_seconds,
                reason="Total VisibilityTimeout for the message is beyond the limit "
                f"[{VISIBILITY_TIMEOUT_SECONDS_MAX} seconds]",
            )
        self._hide(held, visible_at_ms)
        self._on_receivable()

    def check_in_flight(self, now_ms: int) -> None:
        """Raises OverLimitError while as many messages are in flight as may be."""
        self._settle(now_ms)
        if not self._free_in_flight():
            raise OverLimitError

    def counts(self, now_ms: int) -> Counts:
        self._settle(now_ms)
        return Counts(
            visible=self._counts[State.VISIBLE],
            in_flight=self._counts[State.IN_FLIGHT],
            delayed=self._counts[State.DELAYED],
        )

    def next_visible_at_ms(self, now_ms: int) -> int | None:
        """``now_ms`` if something can be received, else the earliest moment something might be."""
        self._settle(now_ms)
        if self._free_in_flight() and next(self._order.deliverable(), None) is not None:
            return now_ms
        return self._hidden_until.next_ms()

    def visible_at_ms(self, message_id: str) -> int | None:
        """When a message in flight returns; None if it is visible, or not here any more."""
        return self._hidden_until.get(message_id)

    def accept_dead_letter(self, now_ms: int, message: Message, source_arn: str) -> None:
        """Take over a message that left the queue ``source_arn``, with its receive count."""
        number = self._next_sequence_number()
        self._take(now_ms, dead_letter(now_ms, message, source_arn, sequence_number=number), 0)

    def accept_redriven(self, now_ms: int, message: Message) -> None:
        """Take over a dead letter that a move task brings, as a new message."""
        new = redriven(now_ms, message, sequence_number=self._next_sequence_number())
        self._take(now_ms, new, self.attributes.delay_seconds)

    def first_visible(self, now_ms: int) -> Message | None:
        """What a receive would hand out first."""
        self._settle(now_ms)
        return next((held.message for held in self._order.deliverable()), None)

    def remove(self, now_ms: int, message_id: str) -> None:
        """Take a message out, whatever its state. Raises KeyError."""
        self._settle(now_ms)
        self._drop(message_id)

    def _take(self, now_ms: int, message: Message, delay_seconds: int) -> None:
        self._settle(now_ms)
        held = self._held[message.message_id] = Held(message, State.DELAYED)
        self._counts[State.DELAYED] += 1
        self._order.add(held)
        self._hidden_until.set(message.message_id, now_ms + delay_seconds * 1000)
        self._kept_since.set(message.message_id, message.sent_at_ms)
        if self.attributes.fifo:
            scope = self._deduplication_scope(message.group_id)
            self._deduplication.remember(now_ms, message, scope=scope)
        self._on_receivable()

    def _settle(self, now_ms: int) -> None:
        """Let everything happen that is due: hidden messages become visible, old ones vanish."""
        for message_id in self._hidden_until.pop_due(now_ms):
            held = self._held[message_id]
            self._enter(held, State.VISIBLE)
            self._order.show(held)
        kept_from_ms = now_ms - self.attributes.retention_seconds * 1000
        for message_id in self._kept_since.pop_due(kept_from_ms):
            self._drop(message_id)

    def _choose(self, max_messages: int) -> tuple[list[Held], list[Held]]:
        """What a receive hands out, and the dead letters it comes across."""
        taken: list[Held] = []
        dead: list[Held] = []
        redrive = self.attributes.redrive
        for held in self._order.deliverable():
            if len(taken) == max_messages:
                break
            if redrive is not None and redrive.takes(held.message):
                dead.append(held)
            else:
                taken.append(held)
        return taken, dead

    def _free_in_flight(self) -> int:
        return max(0, self.attributes.in_flight_max - self._counts[State.IN_FLIGHT])

    def _deliver(self, now_ms: int, held: Held, visible_at_ms: int) -> Delivery:
        message = held.message = msgspec.structs.replace(
            held.message,
            receive_count=held.message.receive_count + 1,
            first_received_at_ms=held.message.first_received_at_ms or now_ms,
        )
        held.received_at_ms = now_ms
        self._hide(held, visible_at_ms)
        receipt = receipts.Receipt(message.message_id, message.receive_count)
        return Delivery(message, receipts.make(self.attributes.arn, receipt))

    def _move_to_dead_letter_queue(self, now_ms: int, message: Message) -> None:
        if self.attributes.redrive is not None:
            self._drop(message.message_id)
            self.attributes.redrive.target.accept_dead_letter(now_ms, message, self.attributes.arn)
            self._on_dead_letter(self, message)

    def _refuse_expired(self, held: Held, receipt_handle: str, receive_count: int) -> None:
        latest = receive_count == held.message.receive_count
        if self.attributes.fifo and not (latest and held.state is State.IN_FLIGHT):
            raise InvalidParameterValueError.of(
                "ReceiptHandle", receipt_handle, reason="The receipt handle has expired."
            )

    def _hide(self, held: Held, visible_at_ms: int) -> None:
        self._enter(held, State.IN_FLIGHT)
        self._order.hide(held)
        self._hidden_until.set(held.message.message_id, visible_at_ms)

    def _enter(self, held: Held, state: State) -> None:
        self._counts[held.state] -= 1
        self._counts[state] += 1
        held.state = state

    def _drop(self, message_id: str) -> None:
        held = self._held.pop(message_id)
        self._counts[held.state] -= 1
        self._order.remove(held)
        self._hidden_until.cancel(message_id)
        self._kept_since.cancel(message_id)

    def _deduplication_scope(self, group_id: str | None) -> str | None:
        return group_id if self.attributes.deduplication_scope == "messageGroup" else None

    def _next_sequence_number(self) -> str | None:
        """None for a standard queue."""
        if not self.attributes.fifo:
            return None
        self._sequence += 1
        return f"{self._sequence:020d}"
