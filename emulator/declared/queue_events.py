"""The SQS events of a project: what decorators and the merged template say, and AWS to that.

The template's word counts where both have one, as in ``chalice package --merge-template``.
https://aws.github.io/chalice/topics/cfn.html
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.utils import to_cfn_resource_name

from emulator import template
from emulator.declared import merged_events
from emulator.declared.refusal import DeployRefusedError, refused
from emulator.limits import BATCH_SIZE_DEFAULT
from emulator.mapping import validation
from emulator.mapping.filtering import InvalidFilterPatternError, patterns_of
from emulator.mapping.parameters import unfit_for_queue
from emulator.mapping.sqs import QueueMappingSpec
from emulator.sqs.attributes import QueueAttributes
from emulator.template import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chalice import Chalice
    from chalice.app import SQSEventConfig

    from emulator.invocation import FunctionSpec
    from emulator.mapping.validation import MappingRefusedError
    from emulator.template import Names

#: A decorator's arguments, by the property that Chalice makes of them.
ARGUMENTS = {
    "BatchSize": "batch_size",
    "MaximumBatchingWindowInSeconds": "maximum_batching_window_in_seconds",
    "MaximumConcurrency": "maximum_concurrency",
}
#: What the emulator reads of an event; the rest is for AWS.
_KNOWN = {
    "BatchSize", "Enabled", "FilterCriteria", "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds", "Queue", "ScalingConfig",
}  # fmt: skip
#: What Chalice ends the name of the event with.
_EVENT = "SqsEventSource"
_VISIBILITY_SECONDS_DEFAULT = 30
#: names a mapping by what it maps
_MAPPINGS = uuid.UUID("5a4f2a3e-6c1d-4a54-9c55-1d5a0f4b7c11")


def mapping_uuid(what: str) -> str:
    """The same for the same mapping after every reload."""
    return str(uuid.uuid5(_MAPPINGS, what))


class QueueEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The event of one ``on_sqs_message``, with the places its settings come from."""

    spec: QueueMappingSpec
    #: what the template merges into the event
    merged: dict[str, Any]
    #: file and line of the decorator
    source: str
    timeout_seconds: int
    #: the queue's resource; None if the template has none
    queue: Resource | None

    def where(self, setting: str) -> str:
        """The setting to change, with its file."""
        if setting == "VisibilityTimeout":
            name = self.queue.logical_id if self.queue else self.spec.queue_name
            return (
                f"{template.PATH}: {name}.VisibilityTimeout, or .chalice/config.json: "
                f"lambda_timeout of {self.spec.function}"
            )
        scaling = self.merged.get("ScalingConfig")
        scaled = isinstance(scaling, dict) and setting in scaling
        if setting in self.merged or scaled or setting not in ARGUMENTS:
            return f"{template.PATH}: {event_path(self.spec.function)}.{setting}"
        return f"{self.source}: {self.spec.function}, {ARGUMENTS[setting]}"

    def attributes(self) -> QueueAttributes:
        """The queue as AWS would find it."""
        properties = self.queue.properties if self.queue else {}
        seconds = _whole(properties.get("VisibilityTimeout", _VISIBILITY_SECONDS_DEFAULT))
        name = self.spec.queue_name
        return QueueAttributes(
            name=name,
            arn=name,
            fifo=name.endswith(".fifo"),
            # what cannot be read is refused where the queue is created
            visibility_timeout_seconds=self.timeout_seconds if seconds is None else seconds,
        )


def event_path(function: str) -> str:
    """Where the template keeps the event that Chalice makes for a function."""
    logical_id = to_cfn_resource_name(function)
    return f"{logical_id}.Events.{logical_id}{_EVENT}"


def read(
    sources: Sequence[SQSEventConfig],
    functions: dict[str, FunctionSpec],
    resources: Sequence[Resource],
    *,
    app: Chalice,
    names: Names,
    directory: Path,
) -> list[QueueEvent]:
    """The SQS events of ``app``. Raises DeployRefusedError for a setting that cannot be read."""
    queues = {r.name("QueueName", ""): r for r in resources if r.type == "AWS::SQS::Queue"}
    events = []
    for source in sources:
        merged = _merged(source.name, resources)
        place = decorated_at(app, source.name, directory)
        events.append(
            QueueEvent(
                spec=_spec(source, merged, names, place=place),
                merged=merged,
                source=place,
                timeout_seconds=functions[source.name].timeout_seconds,
                queue=queues.get(queue_name(source)),
            )
        )
    return events


def queue_name(source: SQSEventConfig) -> str:
    """The queue a decorator names, by name or by ARN."""
    return str(source.queue or source.queue_arn.rsplit(":", 1)[-1])


def check(events: Sequence[QueueEvent]) -> None:
    """Raises DeployRefusedError for everything that AWS would not deploy, at once."""
    problems = [
        f"{event.spec.function} <- {event.spec.queue_name}: {refusal}\n"
        f"    {refusal.hint}Change {event.where(refusal.setting)}."
        for event in events
        for refusal in _refusals(event)
    ]
    if problems:
        raise refused(*problems)


def _refusals(event: QueueEvent) -> Iterator[MappingRefusedError]:
    yield from unfit_for_queue(event.merged)
    yield from validation.refusals(
        event.spec, event.attributes(), function_timeout_seconds=event.timeout_seconds
    )


def notes(events: Sequence[QueueEvent]) -> list[str]:
    """What AWS takes and advises against, and what has no effect here."""
    return [note for event in events for note in _notes(event)]


def _notes(event: QueueEvent) -> Iterator[str]:
    if event.queue is not None:
        redrive = event.queue.properties.get("RedrivePolicy")
        count = _whole(redrive.get("maxReceiveCount")) if isinstance(redrive, dict) else None
        for setting, advice in validation.advice(
            event.spec,
            event.attributes(),
            function_timeout_seconds=event.timeout_seconds,
            max_receive_count=count,
        ):
            yield f"{template.PATH}: {event.queue.logical_id}.{setting}: {advice}"
    if blind := validation.unseen_by_filters(event.spec):
        yield (
            f"{event.where('FilterCriteria')}: filters see a message's body only. "
            f"{', '.join(blind)} matches nothing, and what does not match is deleted"
        )
    for setting in sorted(event.merged.keys() - _KNOWN):
        yield f"{event.where(setting)} is taken and has no effect locally"


def _merged(function: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What the template adds to the event that Chalice makes for ``function``."""
    logical_id = to_cfn_resource_name(function)
    name = logical_id + _EVENT
    for other, event in merged_events.events(function, resources).items():
        if other != name and not (isinstance(event, dict) and "Type" in event):
            raise refused(
                f"{template.PATH}: {logical_id}.Events.{other} has no Type. "
                f"The event that Chalice makes is called {name}."
            )
    return merged_events.event_properties(function, _EVENT, resources)


def _spec(
    source: SQSEventConfig, merged: dict[str, Any], names: Names, *, place: str
) -> QueueMappingSpec:
    scaling = merged.get("ScalingConfig")
    own = {**merged, **(scaling if isinstance(scaling, dict) else {})}
    given = {
        "BatchSize": source.batch_size,
        "MaximumBatchingWindowInSeconds": source.maximum_batching_window_in_seconds,
        "MaximumConcurrency": source.maximum_concurrency,
    }
    path = f"{template.PATH}: {event_path(source.name)}"
    numbers = {
        name: _number(
            name,
            own.get(name, value),
            where=f"{path}.{name}" if name in own else f"{place}: {source.name}",
        )
        for name, value in given.items()
        if name in own or value is not None
    }
    try:
        patterns = patterns_of(merged.get("FilterCriteria"))
    except InvalidFilterPatternError as error:
        raise DeployRefusedError(f"{path}.FilterCriteria: {error} {error.reason}.") from None
    return QueueMappingSpec(
        uuid=mapping_uuid(f"{names.physical(source.name)} {queue_name(source)}"),
        queue_name=queue_name(source),
        function=source.name,
        batch_size=numbers.get("BatchSize", BATCH_SIZE_DEFAULT),
        window_seconds=numbers.get("MaximumBatchingWindowInSeconds", 0),
        maximum_concurrency=numbers.get("MaximumConcurrency"),
        report_batch_item_failures=merged_events.reports_failed_items(merged),
        filter_patterns=patterns,
        enabled=merged_events.is_true(merged.get("Enabled", True)),
    )


def _number(name: str, value: Any, *, where: str) -> int:
    number = _whole(value)
    if number is None:
        raise DeployRefusedError(f"{where}: {name} must be a whole number, not {value!r}.")
    return number


def _whole(value: Any) -> int | None:
    """CloudFormation takes numbers as texts, too."""
    try:
        return int(str(value))
    except ValueError:
        return None


def decorated_at(app: Chalice, function: str, directory: Path) -> str:
    """File and line of a function's decorator, as far as Python knows them."""
    code = getattr(getattr(app.handler_map.get(function), "func", None), "__code__", None)
    if code is None:
        return "app.py"
    return f"{os.path.relpath(code.co_filename, directory)}:{code.co_firstlineno}"
