"""Dead letters: messages that were received too often."""

from __future__ import annotations

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


def standard_dead_letter(message: Message, source_arn: str) -> Message:
    """The message in a standard dead-letter queue: its age and its receive count go on."""
    return msgspec.structs.replace(message, dead_letter_source_arn=source_arn)


def fifo_dead_letter(
    now_ms: int, message: Message, *, source_arn: str, sequence_number: str
) -> Message:
    """The message in a FIFO dead-letter queue: sent anew, its own id tells it from all others."""
    return msgspec.structs.replace(
        message,
        dead_letter_source_arn=source_arn,
        sent_at_ms=now_ms,
        deduplication_id=message.message_id,
        sequence_number=sequence_number,
    )
