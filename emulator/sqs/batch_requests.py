"""What the three batch requests of SQS refuse as a whole; anything else fails entry by entry.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.limits import MESSAGE_BYTES_MAX, RECEIVE_MESSAGES_MAX
from emulator.sqs.errors import SqsError
from emulator.sqs.message import size_bytes
from emulator.sqs.sending import check_fifo_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from emulator.sqs.attributes import QueueAttributes
    from emulator.sqs.sending import Draft

Entry = TypeVar("Entry")
Result = TypeVar("Result")

_ENTRY_ID = re.compile(r"[\w-]{1,80}", re.ASCII)


class BatchRefusedError(SqsError):
    """No entry of a batch request is looked at."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_entry_ids(ids: Sequence[str], *, action: str) -> None:
    """Raises BatchRefusedError; ``action`` is ``SendMessage``, ``DeleteMessage`` …"""
    if not ids:
        raise BatchRefusedError(
            "AWS.SimpleQueueService.EmptyBatchRequest",
            f"There should be at least one {action}BatchRequestEntry in the request.",
        )
    if len(ids) > RECEIVE_MESSAGES_MAX:
        raise BatchRefusedError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {RECEIVE_MESSAGES_MAX}. "
            f"You have sent {len(ids)}.",
        )
    if not all(_ENTRY_ID.fullmatch(entry_id) for entry_id in ids):
        raise BatchRefusedError(
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        )
    seen: set[str] = set()
    for entry_id in ids:
        if entry_id in seen:
            raise BatchRefusedError("BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")
        seen.add(entry_id)


def check_fifo_batch(queue: QueueAttributes, drafts: Iterable[Draft]) -> None:
    """Raises what SendMessage would: one message without its ids is an error of the whole batch."""
    if queue.fifo:
        for draft in drafts:
            check_fifo_ids(queue, draft)


def check_batch_size(drafts: Iterable[Draft]) -> None:
    """Raises BatchRefusedError if all messages together are longer than one may be."""
    total_bytes = sum(size_bytes(draft.body, draft.attributes) for draft in drafts)
    if total_bytes > MESSAGE_BYTES_MAX:
        raise BatchRefusedError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. "
            f"You have sent {total_bytes} bytes.",
        )


def each_entry(
    entries: Iterable[tuple[str, Entry]], act: Callable[[Entry], Result]
) -> tuple[list[tuple[str, Result]], list[dict[str, Any]]]:
    """Do something with each entry; returns the results by entry id, and what SQS says of the rest.

    One entry's failure is none of another's business.
    """
    done: list[tuple[str, Result]] = []
    failed: list[dict[str, Any]] = []
    for entry_id, entry in entries:
        with _failing_into(failed, entry_id):
            done.append((entry_id, act(entry)))
    return done, failed


@contextlib.contextmanager
def _failing_into(failed: list[dict[str, Any]], entry_id: str) -> Iterator[None]:
    try:
        yield
    except SqsError as error:
        failed.append(
            {"Id": entry_id, "SenderFault": True, "Code": error.code, "Message": str(error)}
        )
