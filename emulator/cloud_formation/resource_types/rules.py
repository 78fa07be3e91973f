"""Rules of event buses, with a pattern or a schedule.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import (
    ResourceType,
    refuse_existing,
)

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

_RULE = (
    "Description", "EventBusName", "EventPattern", "RoleArn", "ScheduleExpression", "State",
)  # fmt: skip


class Rule(ResourceType):
    type = "AWS::Events::Rule"
    attributes = frozenset({"Arn"})
    named_by = "Name"
    name_chars_max = 64
    known = frozenset({"Name", "Targets", "Tags", *_RULE})
    fixed = frozenset({"Name", "EventBusName"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        bus = wanted.only("EventBusName")
        # PutRule itself changes a rule that is there
        refuse_existing(wanted.name, lambda: aws("events", "DescribeRule", Name=wanted.name, **bus))
        _put(aws, wanted.name, wanted)
        return wanted.name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        _set_targets(aws, physical_id, before=[], wanted=wanted)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        name = resource.physical_resource_id
        _put(aws, name, wanted)
        _set_targets(aws, name, before=resource.properties.get("Targets", []), wanted=wanted)

    def delete(self, aws: Calls, resource: Resource) -> None:
        name, bus = resource.physical_resource_id, resource.wanted.only("EventBusName")
        if ids := [target["Id"] for target in resource.properties.get("Targets", [])]:
            aws("events", "RemoveTargets", Rule=name, Ids=ids, **bus)
        aws("events", "DeleteRule", Name=name, **bus)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        bus = resource.wanted.only("EventBusName")
        return aws("events", "DescribeRule", Name=resource.physical_resource_id, **bus)["Arn"]


def _put(aws: Calls, name: str, wanted: Wanted) -> None:
    aws("events", "PutRule", Name=name, Tags=wanted.tag_list(), **wanted.only(*_RULE))


def _set_targets(aws: Calls, name: str, *, before: list[dict[str, Any]], wanted: Wanted) -> None:
    bus = wanted.only("EventBusName")
    targets = wanted.properties.get("Targets", [])
    if gone := {target["Id"] for target in before} - {target["Id"] for target in targets}:
        aws("events", "RemoveTargets", Rule=name, Ids=sorted(gone), **bus)
    if targets:
        aws("events", "PutTargets", Rule=name, Targets=targets, **bus)


TYPES = (Rule(),)
