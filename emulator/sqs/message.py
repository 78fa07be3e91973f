"""A message, as a value: what was sent, and how often it was received."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Who sent it: there is one account here, and everybody in it is the same user.
SENDER_ID = "AIDAIENQZJOLO23YVJ4VO"


class MessageAttribute(msgspec.Struct, frozen=True):
    """One of the sender's own attributes; exactly one of the two values is set."""

    #: ``String``, ``Number`` or ``Binary``, with an optional suffix such as ``Number.float``
    data_type: str
    string_value: str | None = None
    binary_value: bytes | None = None

    @property
    def value_bytes(self) -> bytes:
        return self.binary_value or (self.string_value or "").encode()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message; a receive or a move replaces it by a changed copy."""

    message_id: str
    #: the sent string, unchanged
    body: str
    sent_at_ms: int
    attributes: dict[str, MessageAttribute] = {}
    #: ``AWSTraceHeader``, if the sender gave one
    system_attributes: dict[str, str] = {}
    sender_id: str = SENDER_ID
    group_id: str | None = None
    deduplication_id: str | None = None
    #: FIFO queues only: 20 digits, growing with every send
    sequence_number: str | None = None
    receive_count: int = 0
    first_received_at_ms: int | None = None
    #: the queue it was moved from by a redrive policy
    dead_letter_source_arn: str | None = None

    @property
    def md5_of_body(self) -> str:
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()

    @property
    def md5_of_attributes(self) -> str | None:
        """The digest of the sender's attributes; None if there are none."""
        return md5_of(self.attributes) if self.attributes else None


class Delivery(msgspec.Struct, frozen=True):
    """A message handed out: as it was at that receive, with the handle to delete it."""

    message: Message
    receipt_handle: str


def md5_of(attributes: Mapping[str, MessageAttribute]) -> str:
    """The digest that AWS's clients compare: name, type and value, each with its length.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name, attribute in sorted(attributes.items()):
        digest.update(_with_length(name.encode()))
        digest.update(_with_length(attribute.data_type.encode()))
        digest.update(b"\x01" if attribute.binary_value is None else b"\x02")
        digest.update(_with_length(attribute.value_bytes))
    return digest.hexdigest()


def size_bytes(body: str, attributes: Mapping[str, MessageAttribute]) -> int:
    """What counts towards the size limit: the body and the name, type and value of attributes."""
    return len(body.encode()) + sum(
        len(name.encode()) + len(attribute.data_type.encode()) + len(attribute.value_bytes)
        for name, attribute in attributes.items()
    )


def _with_length(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
