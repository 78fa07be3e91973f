"""A batch from a queue: what is done is deleted here, what is not comes back.

Right whether or not the mapping has ReportBatchItemFailures: the done ones are deleted before the
function raises, and raising deletes nothing more. If all are done, Lambda deletes them.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib import ids, logs
from chalicelib.errors import (
    MessageRefusedError,
    MessagesLeftError,
    StaleAttemptError,
    UnavailableError,
)
from chalicelib.job_message import JobMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.job_queue import JobQueue, Received


def process(
    queue: JobQueue, messages: Sequence[Received], handle: Callable[[Received], bool]
) -> None:
    """Handle every message; ``handle`` says whether it is done with it.

    Raises MessagesLeftError if any must come back.
    """
    done: list[Received] = []
    left: list[Received] = []
    for message in messages:
        (done if _handled(handle, message) else left).append(message)
    if left:
        queue.acknowledge(done)
        names = ", ".join(message.message_id for message in left)
        raise MessagesLeftError(f"{len(left)} of {len(messages)} come back: {names}")


def decode(message: Received, id_key: bytes) -> JobMessage:
    """The job a message is about. Raises MessageRefusedError if it was not written here."""
    content = JobMessage.decode(message.body)
    if ids.minted(id_key, content.tenant, content.id) != content.id:
        raise MessageRefusedError("the job's id was not made here")
    return content


def _handled(handle: Callable[[Received], bool], message: Received) -> bool:
    try:
        return handle(message)
    except StaleAttemptError:
        logs.record("attempt-stale", message_id=message.message_id)
    except (MessageRefusedError, UnavailableError) as error:
        action = "message-refused" if isinstance(error, MessageRefusedError) else "unavailable"
        logs.record(action, level=logging.ERROR, message_id=message.message_id, error=error)
    return False
