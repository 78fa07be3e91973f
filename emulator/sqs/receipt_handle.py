"""Receipt handles that say what they are for, so that no queue has to remember old ones.

A handle holds the message id, the receive it belongs to, and a checksum over both and the queue's
ARN. A handle of a deleted message is thereby told from one that was never given out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from typing import NamedTuple

from emulator.sqs.errors import ReceiptHandleIsInvalidError

_CHECKSUM_BYTES = 16
_COUNT_BYTES = 8


class Receipt(NamedTuple):
    """What a receipt handle says."""

    message_id: str
    #: the message's receive count at the receive that gave the handle out
    receive_count: int


def make(queue_arn: str, receipt: Receipt) -> str:
    count = receipt.receive_count.to_bytes(_COUNT_BYTES, "big")
    content = uuid.UUID(receipt.message_id).bytes + count
    return base64.b64encode(content + _checksum(queue_arn, content)).decode()


def read(queue_arn: str, receipt_handle: str) -> Receipt:
    """Raises ReceiptHandleIsInvalidError for what this queue never gave out."""
    try:
        decoded = base64.b64decode(receipt_handle, validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptHandleIsInvalidError(receipt_handle) from None
    content, checksum = decoded[:-_CHECKSUM_BYTES], decoded[-_CHECKSUM_BYTES:]
    if checksum != _checksum(queue_arn, content):
        raise ReceiptHandleIsInvalidError(receipt_handle)
    return Receipt(str(uuid.UUID(bytes=content[:16])), int.from_bytes(content[16:], "big"))


def _checksum(queue_arn: str, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=_key(queue_arn), digest_size=_CHECKSUM_BYTES).digest()


def _key(queue_arn: str) -> bytes:
    return hashlib.sha256(queue_arn.encode()).digest()
