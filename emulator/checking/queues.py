"""Queues of the template: what SQS refuses, and what loses messages.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.checking.finding import finding
from emulator.limits import RETENTION_SECONDS_DEFAULT, RETENTION_SECONDS_MAX
from emulator.sqs.attributes import accepted, check_attributes
from emulator.sqs.errors import SqsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files, Finding
    from emulator.checking.subject import Subject
    from emulator.template import Resource

_NO_ATTRIBUTES = {"QueueName", "Tags"}


def findings(subject: Subject) -> Iterator[Finding]:
    for queue in subject.of_type("AWS::SQS::Queue"):
        fifo = subject.name_of(queue).endswith(".fifo")
        yield from _attributes(queue, subject.files, fifo=fifo)
        target = subject.dead_letter_queue(queue)
        if target is not None:
            yield from _types(queue, target, subject)
            if not fifo:
                yield from _retention(queue, target, subject.files)


def _attributes(queue: Resource, files: Files, *, fifo: bool) -> Iterator[Finding]:
    for name in sorted(queue.properties.keys() - _NO_ATTRIBUTES):
        if refusal := _refusal({name: queue.properties[name]}, fifo=fifo):
            yield finding(
                "queue-refused",
                files.in_template(f"{queue.logical_id}.{name}"),
                refusal,
                write=f'"{name}": {accepted(name)}' if accepted(name) else f"no {name}",
                severity="refused",
            )


def _refusal(attributes: dict[str, Any], *, fifo: bool) -> str:
    """What SQS says to attributes; nothing if it takes them."""
    try:
        check_attributes(attributes, fifo=fifo)
    except SqsError as error:
        return str(error)
    return ""


def _types(queue: Resource, target: Resource, subject: Subject) -> Iterator[Finding]:
    fifo = subject.name_of(queue).endswith(".fifo")
    if fifo != subject.name_of(target).endswith(".fifo"):
        kind = "a FIFO" if fifo else "a standard"
        yield finding(
            "dead-letter-type",
            subject.files.in_template(f"{queue.logical_id}.RedrivePolicy"),
            f"the dead-letter queue of {kind} queue is one, too, and {target.logical_id} is not",
            write=f"the ARN of {kind} queue",
            severity="refused",
        )


def _retention(queue: Resource, target: Resource, files: Files) -> Iterator[Finding]:
    """A dead letter keeps the age of its message; in a FIFO queue it begins anew."""
    if _seconds(target) > _seconds(queue):
        return
    yield finding(
        "dead-letter-retention",
        files.in_template(f"{target.logical_id}.MessageRetentionPeriod"),
        f"{_seconds(target)} s is no longer than the {_seconds(queue)} s of {queue.logical_id}: "
        "a dead letter keeps its age, and is soon gone",
        write=f'"MessageRetentionPeriod": {RETENTION_SECONDS_MAX}'
        if _seconds(queue) < RETENTION_SECONDS_MAX
        else f'a shorter "MessageRetentionPeriod" of {queue.logical_id}: {RETENTION_SECONDS_MAX} '
        "is the longest",
    )


def _seconds(queue: Resource) -> int:
    value = str(queue.properties.get("MessageRetentionPeriod", RETENTION_SECONDS_DEFAULT))
    return int(value) if value.isdecimal() else RETENTION_SECONDS_DEFAULT
