"""Tables of DynamoDB, and streams of Kinesis.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_DynamoDB.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import ResourceType

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

#: what CreateTable takes as it is; of it, what UpdateTable takes too
_CREATE = (
    "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes",
    "KeySchema", "LocalSecondaryIndexes", "ProvisionedThroughput", "TableClass",
)  # fmt: skip
_UPDATE = ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput", "TableClass")
#: what a table is given once it exists: by which call, and what it is without the property
_SETTINGS = {
    "TimeToLiveSpecification": ("UpdateTimeToLive", {"Enabled": False}),
    "PointInTimeRecoverySpecification": (
        "UpdateContinuousBackups",
        {"PointInTimeRecoveryEnabled": False},
    ),
}
_ATTRIBUTES = {"Arn": "TableArn", "StreamArn": "LatestStreamArn"}


class Table(ResourceType):
    type = "AWS::DynamoDB::Table"
    attributes = frozenset(_ATTRIBUTES)
    named_by = "TableName"
    known = frozenset(
        {"TableName", "StreamSpecification", "SSESpecification", "Tags", *_CREATE, *_SETTINGS}
    )
    fixed = frozenset({"TableName", "KeySchema", "LocalSecondaryIndexes"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        name = wanted.name
        aws(
            "dynamodb", "CreateTable", TableName=name, Tags=wanted.tag_list(),
            StreamSpecification=_stream(wanted), **wanted.only(*_CREATE),
            SSESpecification=_encryption(wanted),
        )  # fmt: skip
        return name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        for setting, (operation, _) in _SETTINGS.items():
            if setting in wanted.properties:
                aws("dynamodb", operation, TableName=physical_id, **wanted.only(setting))

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        name = resource.physical_resource_id
        changed = {
            key: value
            for key, value in wanted.only(*_UPDATE).items()
            if resource.properties.get(key) != value
        }
        stream = _stream(wanted)
        if stream != _stream(resource.wanted):
            changed["StreamSpecification"] = stream or {"StreamEnabled": False}
        if changed:
            aws("dynamodb", "UpdateTable", TableName=name, **changed)
        for change in _index_changes(resource.properties, wanted.properties):
            aws(
                "dynamodb", "UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[change],
                **wanted.only("AttributeDefinitions"),
            )  # fmt: skip
        self._set(aws, resource, wanted)

    def _set(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        for setting, (operation, off) in _SETTINGS.items():
            before, after = resource.properties.get(setting), wanted.properties.get(setting)
            if before != after:
                value = after or {**(before or {}), **off}
                aws(
                    "dynamodb",
                    operation,
                    TableName=resource.physical_resource_id,
                    **{setting: value},
                )

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("dynamodb", "DeleteTable", TableName=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        answer = aws("dynamodb", "DescribeTable", TableName=resource.physical_resource_id)
        return answer["Table"].get(_ATTRIBUTES[name])


def _stream(wanted: Wanted) -> dict[str, Any] | None:
    """In a template the view says that there is a stream."""
    stream = wanted.properties.get("StreamSpecification")
    return stream and {"StreamEnabled": True, **stream}


def _encryption(wanted: Wanted) -> dict[str, Any] | None:
    given = wanted.properties.get("SSESpecification")
    return given and {("Enabled" if k == "SSEEnabled" else k): v for k, v in given.items()}


def _index_changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """One for each index that comes or goes; DynamoDB takes one a call."""
    old, new = (
        {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}
        for properties in (before, after)
    )
    gone = [{"Delete": {"IndexName": n}} for n, index in old.items() if new.get(n) != index]
    return gone + [{"Create": index} for n, index in new.items() if old.get(n) != index]


class Stream(ResourceType):
    type = "AWS::Kinesis::Stream"
    attributes = frozenset({"Arn"})
    named_by = "Name"
    known = frozenset({"Name", "ShardCount", "StreamModeDetails", "RetentionPeriodHours", "Tags"})
    fixed = frozenset({"Name", "ShardCount", "StreamModeDetails", "RetentionPeriodHours"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        name = wanted.name
        given = wanted.only("ShardCount", "StreamModeDetails") or {"ShardCount": 1}
        aws("kinesis", "CreateStream", StreamName=name, **given)
        return name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        if hours := wanted.properties.get("RetentionPeriodHours"):
            aws(
                "kinesis", "IncreaseStreamRetentionPeriod", StreamName=physical_id,
                RetentionPeriodHours=hours,
            )  # fmt: skip
        if wanted.tags:
            aws("kinesis", "AddTagsToStream", StreamName=physical_id, Tags=wanted.tags)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("kinesis", "DeleteStream", StreamName=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        stream = resource.physical_resource_id
        answer = aws("kinesis", "DescribeStreamSummary", StreamName=stream)
        return answer["StreamDescriptionSummary"]["StreamARN"]


TYPES = (Table(), Stream())
