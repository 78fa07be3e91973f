"""A batch from a queue: what is done is deleted, what is not comes back.

Where the mapping has ReportBatchItemFailures, the function names what must come back. Where it does
not, as after plain ``chalice deploy``, Lambda would delete a named message too: there the done ones
are deleted here and the function raises, which leaves the others. If all are done, both just
return. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypedDict, TypeVar

from chalicelib import logs
from chalicelib.errors import (
    MessageRefusedError,
    MessagesLeftError,
    StaleAttemptError,
    UnavailableError,
)
from chalicelib.jobs import ids
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.jobs.job_message import JobMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.store.job_queue import JobQueue, Received

_Content = TypeVar("_Content", JobMessage, CallbackMessage)


class ItemFailure(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    """What Lambda reads from the function's answer."""

    batchItemFailures: list[ItemFailure]


class Batches:
    """Works off the batches of one queue.

    ``reports_failures``: the queue's mapping has ReportBatchItemFailures.
    """

    def __init__(self, queue: JobQueue, *, reports_failures: bool) -> None:
        self._queue = queue
        self._reports_failures = reports_failures

    def process(
        self, messages: Sequence[Received], handle: Callable[[Received], bool]
    ) -> BatchResponse:
        """Handle every message; ``handle`` says whether it is done with it.

        Raises MessagesLeftError if any must come back and the answer would not say so.
        """
        done: list[Received] = []
        left: list[Received] = []
        for message in messages:
            (done if _handled(handle, message) else left).append(message)
        if left and not self._reports_failures:
            self._queue.acknowledge(done)
            names = ", ".join(message.message_id for message in left)
            raise MessagesLeftError(f"{len(left)} of {len(messages)} come back: {names}")
        return {"batchItemFailures": [{"itemIdentifier": m.message_id} for m in left]}


def decode(message: Received, id_key: bytes) -> JobMessage:
    """The job a message is about. Raises MessageRefusedError if it was not written here."""
    return decode_as(JobMessage, message, id_key)


def decode_as(kind: type[_Content], message: Received, id_key: bytes) -> _Content:
    """The same for messages of another queue."""
    content = kind.decode(message.body)
    if ids.minted(id_key, content.tenant, content.id) != content.id:
        raise MessageRefusedError("the job's id was not made here")
    logs.note_job(content.id)
    return content


def _handled(handle: Callable[[Received], bool], message: Received) -> bool:
    with logs.of_message(message.message_id):
        try:
            return handle(message)
        except StaleAttemptError:
            logs.record("attempt-stale")
        except (MessageRefusedError, UnavailableError) as error:
            action = "message-refused" if isinstance(error, MessageRefusedError) else "unavailable"
            logs.record(action, level=logging.ERROR, error=error)
    return False
