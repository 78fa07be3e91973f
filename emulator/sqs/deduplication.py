"""The five minutes in which a FIFO queue remembers what it took."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from emulator.limits import DEDUPLICATION_SECONDS

if TYPE_CHECKING:
    from emulator.sqs.message import Message


class Deduplication:
    """The messages of the last five minutes by deduplication id, deleted ones included.

    ``scope`` is the message group in which an id counts, None for the whole queue.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
    """

    def __init__(self) -> None:
        # oldest first, because the window starts with the first message and is never extended
        self._taken: OrderedDict[tuple[str | None, str | None], tuple[int, Message]] = OrderedDict()

    def first(self, now_ms: int, deduplication_id: str, *, scope: str | None) -> Message | None:
        """The message a send with this id repeats, or None."""
        self._forget(now_ms)
        known = self._taken.get((scope, deduplication_id))
        return known[1] if known else None

    def remember(self, now_ms: int, message: Message, *, scope: str | None) -> None:
        key = (scope, message.deduplication_id)
        self._taken[key] = (now_ms, message)
        self._taken.move_to_end(key)

    def _forget(self, now_ms: int) -> None:
        while self._taken:
            taken_at_ms, _ = next(iter(self._taken.values()))
            if taken_at_ms + DEDUPLICATION_SECONDS * 1000 > now_ms:
                return
            self._taken.popitem(last=False)


def content_id(body: str) -> str:
    """The id of content-based deduplication: the body counts, attributes do not."""
    return hashlib.sha256(body.encode()).hexdigest()
