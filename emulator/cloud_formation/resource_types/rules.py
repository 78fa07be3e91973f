"""Rules of event buses, with a pattern or a schedule.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import ResourceType, UnknownAttributeError

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

_RULE = (
    "Description", "EventBusName", "EventPattern", "RoleArn", "ScheduleExpression", "State",
)  # fmt: skip


class Rule(ResourceType):
    type = "AWS::Events::Rule"
    named_by = "Name"
    name_chars_max = 64
    known = frozenset({"Name", "Targets", "Tags", *_RULE})
    fixed = frozenset({"Name", "EventBusName"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        self._put(aws, wanted.name, before=[], wanted=wanted)
        return wanted.name

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        before = [target["Id"] for target in resource.properties.get("Targets", [])]
        self._put(aws, resource.physical_resource_id, before=before, wanted=wanted)

    def _put(self, aws: Calls, name: str, *, before: list[str], wanted: Wanted) -> None:
        bus = wanted.only("EventBusName")
        aws("events", "PutRule", Name=name, Tags=wanted.tag_list(), **wanted.only(*_RULE))
        targets = wanted.properties.get("Targets", [])
        if gone := set(before) - {target["Id"] for target in targets}:
            aws("events", "RemoveTargets", Rule=name, Ids=sorted(gone), **bus)
        if targets:
            aws("events", "PutTargets", Rule=name, Targets=targets, **bus)

    def delete(self, aws: Calls, resource: Resource) -> None:
        name, bus = resource.physical_resource_id, resource.wanted.only("EventBusName")
        if ids := [target["Id"] for target in resource.properties.get("Targets", [])]:
            aws("events", "RemoveTargets", Rule=name, Ids=ids, **bus)
        aws("events", "DeleteRule", Name=name, **bus)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        if name != "Arn":
            raise UnknownAttributeError(resource, name)
        bus = resource.wanted.only("EventBusName")
        return aws("events", "DescribeRule", Name=resource.physical_resource_id, **bus)["Arn"]


TYPES = (Rule(),)
