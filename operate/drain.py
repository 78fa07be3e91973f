"""Every message that waits out of the queue of jobs: into a file, or its job canceled.

A job must not be lost: a message is deleted after it is safe on the disk, or after its job has
ended. What is in the file goes back with ``restore``; until then its job is still queued, and its
deadline still ends it.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import click
import msgspec

from chalicelib import clock
from chalicelib.errors import MessageRefusedError
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests import control
from chalicelib.store.job_queue import Outgoing
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.work import failing
from operate import progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalicelib.store.job_queue import Received
    from operate.place import Place

#: How long a message is out of sight while it is seen to.
HIDDEN_SECONDS = 300
#: Messages that are sent back between two looks at the progress.
RESTORED_AT_ONCE = 100


SAVED = "saved"
CANCELED = "canceled"
ENDED = "ended before"
#: not written by this service; or it is to be canceled, and a worker is at it
LEFT = "left"


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a line of the file."""

    message_id: str
    body: str


def save(place: Place, file: Path) -> Counter[str]:
    """Put the message of every job that waits into a new ``file``.

    Returns how many were SAVED, and how many were LEFT. Raises ClickException if the file is there
    already.
    """
    try:
        # inputs stand in it: for its owner only
        file.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be made: {error.strerror}") from None
    became: Counter[str] = Counter()
    with file.open("ab") as out:
        for messages in _batches(place):
            ours = [message for message in messages if _content(message) is not None]
            for message in ours:
                line = Saved(message_id=message.message_id, body=message.body)
                out.write(msgspec.json.encode(line) + b"\n")
            out.flush()
            os.fsync(out.fileno())
            place.queue.acknowledge(ours)
            became.update({SAVED: len(ours), LEFT: len(messages) - len(ours)})
    return became


def cancel(place: Place) -> Counter[str]:
    """End the job of every message that waits, as its client may; then delete the message.

    Returns how many were CANCELED, how many had ENDED before, and how many were LEFT.
    """
    became: Counter[str] = Counter()
    for messages in _batches(place):
        what = {message.receipt_handle: _cancel(place, message) for message in messages}
        place.queue.acknowledge([m for m in messages if what[m.receipt_handle] != LEFT])
        became.update(what.values())
    return became


def restore(place: Place, file: Path) -> tuple[int, int]:
    """Send what is in ``file`` again; returns how many were sent, and how many were not.

    A job that is sent twice runs once, so this may be repeated. Raises ClickException if the file
    is not one that ``save`` has made, and then sends nothing.
    """
    messages = [Outgoing(message) for message in _read(file)]
    failed = 0
    with progress.bar(place.names.queue, len(messages)) as bar:
        for start in range(0, len(messages), RESTORED_AT_ONCE):
            some = messages[start : start + RESTORED_AT_ONCE]
            failed += sum(error is not None for error in place.queue.send(some))
            bar.update(len(some))
    return len(messages) - failed, failed


def _batches(place: Place) -> Iterator[list[Received]]:
    """Messages as they come, with a bar, until none waits any more."""
    waiting = place.queue.counts().waiting
    with progress.bar(place.names.queue, waiting) as bar:
        while messages := place.queue.receive(hidden_seconds=HIDDEN_SECONDS):
            yield messages
            bar.update(len(messages))


def _cancel(place: Place, message: Received) -> str:
    content = _content(message)
    if content is None:
        return LEFT
    job = place.jobs.get(content.tenant, content.id)
    now_ms = clock.now_ms()
    try:
        if job is None or job.purged or job.terminal or job.overdue(now_ms):
            failing.settle(place.jobs, job, now_ms=now_ms, given=bytes(content.input))
            return ENDED
        return CANCELED if control.cancel(place.jobs, job).terminal else LEFT
    except (ConditionFailedError, ProblemError):
        # it has ended at this moment, or been deleted
        return ENDED


def _content(message: Received) -> JobMessage | None:
    """None: this service did not write it."""
    try:
        return JobMessage.decode(message.body)
    except MessageRefusedError:
        return None


def _read(file: Path) -> list[JobMessage]:
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None
    return [_message(line, f"{file}:{number}") for number, line in enumerate(lines, 1)]


def _message(line: bytes, where: str) -> JobMessage:
    try:
        return JobMessage.decode(msgspec.json.decode(line, type=Saved).body)
    except (msgspec.DecodeError, MessageRefusedError) as error:
        raise click.ClickException(f"{where} is no saved job: {error}") from None
