"""Functions: their versions, aliases, permissions, mappings and asynchronous settings.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import ResourceType

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

#: what both CreateFunction and UpdateFunctionConfiguration take
_CONFIGURATION = (
    "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "FileSystemConfigs",
    "Handler", "ImageConfig", "KMSKeyArn", "Layers", "LoggingConfig", "MemorySize", "Role",
    "Runtime", "SnapStart", "Timeout", "TracingConfig", "VpcConfig",
)  # fmt: skip
#: what a setting is once the template says nothing of it any more
_DEFAULTS: dict[str, Any] = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
#: how an inline function's only file is called
_INLINE = "index.py"


class Function(ResourceType):
    type = "AWS::Lambda::Function"
    attributes = frozenset({"Arn"})
    named_by = "FunctionName"
    name_chars_max = 64
    known = frozenset(
        {
            *_CONFIGURATION, "Architectures", "Code", "FunctionName", "PackageType",
            "RecursiveLoop", "ReservedConcurrentExecutions", "Tags",
        }
    )  # fmt: skip
    fixed = frozenset({"FunctionName", "PackageType"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        aws(
            "lambda", "CreateFunction", FunctionName=wanted.name, Code=_code(wanted),
            Tags=wanted.tags, **wanted.only(*_CONFIGURATION, "Architectures", "PackageType"),
        )  # fmt: skip
        return wanted.name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        _set(aws, physical_id, before={}, wanted=wanted)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        name = resource.physical_resource_id
        left = {k: v for k, v in _DEFAULTS.items() if k in resource.properties}
        configuration = {**left, **wanted.only(*_CONFIGURATION)}
        aws("lambda", "UpdateFunctionConfiguration", FunctionName=name, **configuration)
        if resource.properties.get("Code") != wanted.properties.get("Code"):
            aws("lambda", "UpdateFunctionCode", FunctionName=name, **_code(wanted))
        _set(aws, name, before=resource.properties, wanted=wanted)
        _tag(aws, resource, wanted)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("lambda", "DeleteFunction", FunctionName=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        return _arn(aws, resource.physical_resource_id)


def _arn(aws: Calls, name: str) -> str:
    answer = aws("lambda", "GetFunctionConfiguration", FunctionName=name)
    return str(answer["FunctionArn"])


def _code(wanted: Wanted) -> dict[str, Any]:
    code = dict(wanted.properties.get("Code") or {})
    if "ZipFile" in code:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as package:
            package.writestr(_INLINE, code["ZipFile"])
        code["ZipFile"] = content.getvalue()
    return code


def _set(aws: Calls, name: str, *, before: dict[str, Any], wanted: Wanted) -> None:
    reserved = wanted.properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        aws(
            "lambda", "PutFunctionConcurrency", FunctionName=name,
            ReservedConcurrentExecutions=reserved,
        )  # fmt: skip
    elif "ReservedConcurrentExecutions" in before:
        aws("lambda", "DeleteFunctionConcurrency", FunctionName=name)
    loop = wanted.properties.get("RecursiveLoop")
    if loop != before.get("RecursiveLoop"):
        chosen = loop or "Terminate"
        aws("lambda", "PutFunctionRecursionConfig", FunctionName=name, RecursiveLoop=chosen)


def _tag(aws: Calls, resource: Resource, wanted: Wanted) -> None:
    before, after = resource.wanted.tags, wanted.tags
    if before == after:
        return
    arn = _arn(aws, resource.physical_resource_id)
    if gone := before.keys() - after.keys():
        aws("lambda", "UntagResource", Resource=arn, TagKeys=sorted(gone))
    if after:
        aws("lambda", "TagResource", Resource=arn, Tags=after)


class Version(ResourceType):
    type = "AWS::Lambda::Version"
    attributes = frozenset({"FunctionArn", "Version"})
    known = frozenset({"FunctionName", "Description", "CodeSha256"})
    fixed = known

    def create(self, aws: Calls, wanted: Wanted) -> str:
        answer = aws("lambda", "PublishVersion", **wanted.properties)
        return f"{_unqualified(answer['FunctionArn'])}:{answer['Version']}"

    def delete(self, aws: Calls, resource: Resource) -> None:
        arn, _, version = resource.physical_resource_id.rpartition(":")
        aws("lambda", "DeleteFunction", FunctionName=arn, Qualifier=version)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        arn = resource.physical_resource_id
        known = {"FunctionArn": arn, "Version": arn.rpartition(":")[2]}
        return known[name]


def _unqualified(arn: str) -> str:
    """``arn:aws:lambda:<region>:<account>:function:<name>``"""
    return ":".join(arn.split(":")[:7])


class Alias(ResourceType):
    type = "AWS::Lambda::Alias"
    attributes = frozenset({"AliasArn"})
    known = frozenset({"FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"})
    fixed = frozenset({"FunctionName", "Name"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        return str(aws("lambda", "CreateAlias", **wanted.only(*self.known))["AliasArn"])

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        aws("lambda", "UpdateAlias", **wanted.only(*self.known))

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("lambda", "DeleteAlias", **resource.wanted.only("FunctionName", "Name"))


class Permission(ResourceType):
    type = "AWS::Lambda::Permission"
    known = frozenset(
        {
            "Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType", "Principal",
            "PrincipalOrgID", "SourceAccount", "SourceArn",
        }
    )  # fmt: skip
    fixed = known

    def create(self, aws: Calls, wanted: Wanted) -> str:
        aws("lambda", "AddPermission", StatementId=wanted.name, **wanted.only(*self.known))
        return wanted.name

    def delete(self, aws: Calls, resource: Resource) -> None:
        function = resource.properties["FunctionName"]
        statement = resource.physical_resource_id
        aws("lambda", "RemovePermission", FunctionName=function, StatementId=statement)


class EventSourceMapping(ResourceType):
    type = "AWS::Lambda::EventSourceMapping"
    attributes = frozenset({"Id"})
    _start = frozenset({"EventSourceArn", "StartingPosition", "StartingPositionTimestamp"})
    known = _start | {
        "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled",
        "FilterCriteria", "FunctionName", "FunctionResponseTypes", "KmsKeyArn",
        "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts",
        "MetricsConfig", "ParallelizationFactor", "ProvisionedPollerConfig", "ScalingConfig",
        "TumblingWindowInSeconds", "Tags",
    }  # fmt: skip
    fixed = _start

    def create(self, aws: Calls, wanted: Wanted) -> str:
        given = wanted.only(*self.known - {"Tags"})
        answer = aws("lambda", "CreateEventSourceMapping", Tags=wanted.tags or None, **given)
        return str(answer["UUID"])

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        given = wanted.only(*self.known - self._start - {"Tags"})
        uuid = resource.physical_resource_id
        aws("lambda", "UpdateEventSourceMapping", UUID=uuid, **given)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("lambda", "DeleteEventSourceMapping", UUID=resource.physical_resource_id)


class EventInvokeConfig(ResourceType):
    type = "AWS::Lambda::EventInvokeConfig"
    known = frozenset(
        {
            "DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds",
            "MaximumRetryAttempts", "Qualifier",
        }
    )  # fmt: skip
    fixed = frozenset({"FunctionName", "Qualifier"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        aws("lambda", "PutFunctionEventInvokeConfig", **wanted.only(*self.known))
        return wanted.name

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self.create(aws, wanted)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("lambda", "DeleteFunctionEventInvokeConfig", **resource.wanted.only(*self.fixed))


TYPES = (
    Function(), Version(), Alias(), Permission(), EventSourceMapping(), EventInvokeConfig(),
)  # fmt: skip
