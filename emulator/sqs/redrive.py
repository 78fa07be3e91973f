"""Dead letters: messages that were received too often."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from emulator.sqs.message import Message


class DeadLetterTarget(Protocol):
    """The queue that takes dead letters."""

    def accept_dead_letter(self, now_ms: int, message: Message, source_arn: str) -> None:
        """Take over a message that left the queue ``source_arn``."""


class Redrive(msgspec.Struct, frozen=True):
    """A queue's redrive policy.

    A receive that would raise a message's receive count above the maximum moves it instead.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """

    max_receive_count: int
    target: DeadLetterTarget

    def takes(self, message: Message) -> bool:
        return message.receive_count >= self.max_receive_count


def dead_letter(
    now_ms: int, message: Message, source_arn: str, *, sequence_number: str | None
) -> Message:
    """The message as the dead-letter queue has it; a FIFO queue gives a ``sequence_number``.

    In a standard queue its age goes on. A FIFO queue takes it as sent anew, and the message's own
    id tells it from all others.
    """
    moved = msgspec.structs.replace(message, dead_letter_source_arn=source_arn)
    if sequence_number is None:
        return moved
    return msgspec.structs.replace(
        moved,
        sent_at_ms=now_ms,
        deduplication_id=message.message_id,
        sequence_number=sequence_number,
    )


def redriven(now_ms: int, message: Message, *, sequence_number: str | None) -> Message:
    """A dead letter that a move task moves: the same content in a new message.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
    """
    return msgspec.structs.replace(
        message,
        message_id=str(uuid.uuid4()),
        sent_at_ms=now_ms,
        sequence_number=sequence_number,
        receive_count=0,
        first_received_at_ms=None,
        dead_letter_source_arn=None,
    )
