"""Queues and the mappings that read them: what Lambda and SQS refuse, and what loses messages.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator import template
from emulator.checking.finding import Finding
from emulator.declared.queue_events import event_path
from emulator.mapping import validation
from emulator.sqs.attributes import check_attributes, dead_letter_target
from emulator.sqs.errors import SqsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files
    from emulator.declared.project import Declared
    from emulator.declared.queue_events import QueueEvent
    from emulator.template import Resource

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
RETENTION_SECONDS_DEFAULT = 345_600
_NO_ATTRIBUTES = {"QueueName", "Tags"}


def findings(found: Declared, files: Files) -> Iterator[Finding]:
    """About every queue of the template, and every ``on_sqs_message``."""
    queues = [r for r in found.resources if r.type == "AWS::SQS::Queue"]
    queues = [queue for queue in queues if queue.logical_id not in found.missing]
    for queue in queues:
        yield from _attributes(queue, files)
        yield from _retention(queue, queues, files)
    targets = {dead_letter_target(queue.properties) for queue in queues}
    for event in found.queue_events:
        yield from _mapping(event, files)
        if event.queue is None or event.queue.logical_id in found.missing:
            yield _finding(
                "queue-not-in-template",
                f"{template.PATH} does not have the queue {event.spec.queue_name}: what is "
                "packaged deploys only where it is there already",
                **_of(event, "Queue", files),
            )
        elif not _redrives(event.queue) and not _is_target(event.queue, targets):
            yield _finding(
                "no-dead-letter-queue",
                "a message that always fails comes back until it is too old, and is lost then",
                **files.in_template(f"{event.queue.logical_id}.RedrivePolicy"),
            )


def _mapping(event: QueueEvent, files: Files) -> Iterator[Finding]:
    timeout = event.timeout_seconds
    queue = event.attributes()
    for refusal in validation.refusals(event.spec, queue, function_timeout_seconds=timeout):
        yield _finding(
            "mapping-refused", f"{refusal}", severity="refused",
            **_of(event, refusal.setting, files),
        )  # fmt: skip
    redrive = event.queue.properties.get("RedrivePolicy") if event.queue else None
    count = redrive.get("maxReceiveCount") if isinstance(redrive, dict) else None
    for setting, advice in validation.advice(
        event.spec, queue, function_timeout_seconds=timeout,
        max_receive_count=int(str(count)) if str(count).isdecimal() else None,
    ):  # fmt: skip
        rule = "visibility-timeout" if setting == "VisibilityTimeout" else "receive-count"
        yield _finding(rule, advice, **_of(event, setting, files))
    if not event.spec.report_batch_item_failures and event.spec.batch_size > 1:
        yield _finding(
            "no-partial-batches",
            "one message that fails brings the whole batch back; declare ReportBatchItemFailures, "
            "and return batchItemFailures",
            **_of(event, "FunctionResponseTypes", files),
        )
    if blind := validation.unseen_by_filters(event.spec):
        yield _finding(
            "blind-filter",
            f"filters see a message's body only: {', '.join(blind)} matches nothing, and what does "
            "not match is deleted",
            **_of(event, "FilterCriteria", files),
        )


def _attributes(queue: Resource, files: Files) -> Iterator[Finding]:
    fifo = queue.name("QueueName", "").endswith(".fifo")
    for name in queue.properties.keys() - _NO_ATTRIBUTES:
        if refusal := _refusal({name: queue.properties[name]}, fifo=fifo):
            place = files.in_template(f"{queue.logical_id}.{name}")
            yield _finding("queue-refused", refusal, severity="refused", **place)


def _refusal(attributes: dict[str, Any], *, fifo: bool) -> str:
    """What SQS says to attributes; nothing if it takes them."""
    try:
        check_attributes(attributes, fifo=fifo)
    except SqsError as error:
        return str(error)
    return ""


def _retention(queue: Resource, queues: list[Resource], files: Files) -> Iterator[Finding]:
    """A dead letter keeps the age of its message.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    name = _name_of(dead_letter_target(queue.properties)) if _redrives(queue) else None
    for target in queues:
        if target.name("QueueName", "") == name and _seconds(target) <= _seconds(queue):
            yield _finding(
                "dead-letter-retention",
                f"{_seconds(target)} s is no longer than the {_seconds(queue)} s of "
                f"{queue.logical_id}: a dead letter keeps its age, and is soon gone",
                **files.in_template(f"{target.logical_id}.MessageRetentionPeriod"),
            )


def _of(event: QueueEvent, setting: str, files: Files) -> dict[str, Any]:
    """Where a setting of an event stands: template, or decorator."""
    if setting in ("VisibilityTimeout", "RedrivePolicy") and event.queue is not None:
        return files.in_template(f"{event.queue.logical_id}.{setting}")
    file, _, rest = event.where(setting).partition(": ")
    if setting == "Queue":
        file, rest = event.source, f"{event.spec.function}, queue"
    if file == template.PATH:
        logical_id, *path = f"{event_path(event.spec.function)}.Properties.{setting}".split(".")
        place = files.in_template(".".join([logical_id, *path]))
        return {**place, "setting": rest}
    file, _, line = file.partition(":")
    return {"file": file, "line": int(line) if line else None, "setting": rest}


def _redrives(queue: Resource) -> bool:
    return isinstance(queue.properties.get("RedrivePolicy"), dict)


def _is_target(queue: Resource, targets: set[str | None]) -> bool:
    return queue.name("QueueName", "") in {_name_of(target) for target in targets}


def _name_of(arn: str | None) -> str:
    return str(arn).rpartition(":")[2]


def _seconds(queue: Resource) -> int:
    value = str(queue.properties.get("MessageRetentionPeriod", RETENTION_SECONDS_DEFAULT))
    return int(value) if value.isdecimal() else RETENTION_SECONDS_DEFAULT


def _finding(rule: str, text: str, *, severity: Any = "hurts", **place: Any) -> Finding:
    return Finding(rule=rule, text=text, severity=severity, **place)
