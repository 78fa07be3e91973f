"""Every ``on_sqs_message``: what Lambda refuses of it, and what loses messages.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator import template
from emulator.checking.finding import Place, finding
from emulator.checking.subject import redrives
from emulator.declared.queue_events import ARGUMENTS, event_path
from emulator.limits import (
    BATCH_SIZE_FIFO_MAX,
    BATCH_SIZE_MAX,
    BATCHING_WINDOW_SECONDS_MAX,
    MAXIMUM_CONCURRENCY_MAX,
    MAXIMUM_CONCURRENCY_MIN,
)
from emulator.mapping import validation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files, Finding
    from emulator.checking.subject import Subject
    from emulator.declared.queue_events import QueueEvent
    from emulator.template import Resource


def findings(subject: Subject) -> Iterator[Finding]:
    for event in subject.found.queue_events:
        refused = list(_refusals(event, subject.files))
        yield from refused
        yield from _advice(event, subject.files)
        yield from _partial_batches(event, subject.files)
        if not refused:
            yield from _filters(event, subject.files)
        queue = subject.queue(event.spec.queue_name)
        if queue is not None and not _keeps_dead_letters(queue, subject):
            yield _no_dead_letters(queue, subject.files)


def _refusals(event: QueueEvent, files: Files) -> Iterator[Finding]:
    for refusal in validation.refusals(
        event.spec, event.attributes(), function_timeout_seconds=event.timeout_seconds
    ):
        place = place_of(event, refusal.setting, files)
        yield finding(
            "mapping-refused", place, f"{refusal}", severity="refused",
            write=_accepted(event, refusal.setting, place),
        )  # fmt: skip


def _advice(event: QueueEvent, files: Files) -> Iterator[Finding]:
    redrive = event.queue.properties.get("RedrivePolicy") if event.queue else None
    count = redrive.get("maxReceiveCount") if isinstance(redrive, dict) else None
    for setting, advice in validation.advice(
        event.spec, event.attributes(), function_timeout_seconds=event.timeout_seconds,
        max_receive_count=int(str(count)) if str(count).isdecimal() else None,
    ):  # fmt: skip
        rule = "visibility-timeout" if setting == "VisibilityTimeout" else "receive-count"
        place = place_of(event, setting, files)
        yield finding(rule, place, advice, write=_accepted(event, setting, place))


def _partial_batches(event: QueueEvent, files: Files) -> Iterator[Finding]:
    if event.spec.report_batch_item_failures or event.spec.batch_size == 1:
        return
    keys = [*event_path(event.spec.function).split("."), "Properties", "FunctionResponseTypes"]
    keys.insert(1, "Properties")
    body: Any = ["ReportBatchItemFailures"]
    for key in reversed(keys):
        body = {key: body}
    yield finding(
        "no-partial-batches",
        place_of(event, "FunctionResponseTypes", files),
        "one message that fails brings the whole batch back; return batchItemFailures, and declare "
        "that you do",
        write=json.dumps(body)[1:-1],
    )


def _filters(event: QueueEvent, files: Files) -> Iterator[Finding]:
    if blind := validation.unseen_by_filters(event.spec):
        yield finding(
            "blind-filter",
            place_of(event, "FilterCriteria", files),
            f"filters see a message's body only: {', '.join(blind)} matches nothing, and what does "
            "not match is deleted",
            write='patterns of the form "{\\"body\\": {…}}"',
        )


def _keeps_dead_letters(queue: Resource, subject: Subject) -> bool:
    """Whether it gives messages up, or is where others give them up to."""
    queues = subject.of_type("AWS::SQS::Queue")
    return redrives(queue) or queue in [subject.dead_letter_queue(other) for other in queues]


def _no_dead_letters(queue: Resource, files: Files) -> Finding:
    return finding(
        "no-dead-letter-queue",
        files.in_template(f"{queue.logical_id}.RedrivePolicy"),
        "a message that always fails comes back until it is too old, and is lost then",
        write='"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["…", "Arn"]}, '
        f'"maxReceiveCount": {validation.MAX_RECEIVE_COUNT}}}, and the queue that it names',
    )


def place_of(event: QueueEvent, setting: str, files: Files) -> Place:
    """Where a setting of an event stands: template, or decorator."""
    if setting in ("VisibilityTimeout", "RedrivePolicy") and event.queue is not None:
        return files.in_template(f"{event.queue.logical_id}.{setting}")
    file, _, rest = event.where(setting).partition(": ")
    if file != template.PATH:
        return Place(*_decorator(event), rest)
    path = f"{event_path(event.spec.function)}.Properties.{setting}"
    return files.in_template(path)._replace(setting=rest)


def _decorator(event: QueueEvent) -> tuple[str, int | None]:
    file, _, line = event.source.partition(":")
    return file, int(line) if line else None


def _accepted(event: QueueEvent, setting: str, place: Place) -> str:
    """A value that AWS takes and advises, as the place has it: a member, or an argument."""
    value = _value(event, setting)
    if setting in ARGUMENTS and place.file != template.PATH:
        return f"{ARGUMENTS[setting]}={value}"
    return f'"{setting}": {value}'


def _value(event: QueueEvent, setting: str) -> Any:
    spec, fifo = event.spec, event.spec.queue_name.endswith(".fifo")
    if setting == "VisibilityTimeout":
        times = validation.VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT
        return times * event.timeout_seconds + spec.window_seconds
    if setting == "RedrivePolicy":
        return f'{{…, "maxReceiveCount": {validation.MAX_RECEIVE_COUNT}}}'
    if setting == "BatchSize":
        return max(1, min(spec.batch_size, BATCH_SIZE_FIFO_MAX if fifo else BATCH_SIZE_MAX))
    if setting == "MaximumBatchingWindowInSeconds":
        return 0 if fifo else max(1, min(spec.window_seconds, BATCHING_WINDOW_SECONDS_MAX))
    if setting == "MaximumConcurrency":
        wanted = spec.maximum_concurrency or 0
        return max(MAXIMUM_CONCURRENCY_MIN, min(wanted, MAXIMUM_CONCURRENCY_MAX))
    return '{"Filters": [{"Pattern": "…"}]} with at most five patterns of EventBridge\'s'
