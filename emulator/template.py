"""The project's resources as CloudFormation: read, references resolved, nothing created here.

``.chalice/resources.json`` is the file that ``chalice package --merge-template`` deploys, so what
runs locally is what is deployed.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from emulator import json_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: where a Chalice project keeps the template it merges, relative to the project
PATH = ".chalice/resources.json"

#: the property that holds a resource's physical name, by type
_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::Kinesis::Stream": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
#: what stands before the name in an ARN, by type
_PATHS = {
    "AWS::DynamoDB::Table": "table/",
    "AWS::Events::Rule": "rule/",
    "AWS::Kinesis::Stream": "stream/",
}
_VARIABLE = re.compile(r"\$\{(!?)([A-Za-z0-9_.:]+)\}")


class TemplateError(ValueError):
    """The template cannot be used; the message says where and what to change."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource with its references resolved, as far as they can be without creating it."""

    logical_id: str
    #: CloudFormation's type, empty where the file only adds to a resource that Chalice makes
    type: str
    properties: dict[str, Any]

    def name(self, property_name: str, default: str) -> str:
        """The physical name the template gives, or ``default``."""
        return str(self.properties.get(property_name, default + suffix(self.properties)))


def name_property(kind: str) -> str:
    """The property with the physical name of a resource of a type that can be named here."""
    return _NAMES[kind]


def physical_name(resource: Resource, names: Names) -> str:
    """The name of a resource of such a type, given or made up."""
    return resource.name(name_property(resource.type), names.physical(resource.logical_id))


def suffix(properties: dict[str, Any]) -> str:
    """What CloudFormation ends the name of an unnamed queue or topic with."""
    is_fifo = any(properties.get(name) in (True, "true") for name in ("FifoQueue", "FifoTopic"))
    return ".fifo" if is_fifo else ""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a template's references stand for."""

    app: str
    stage: str
    region: str
    account_id: str

    def physical(self, logical_id: str) -> str:
        """The name of a resource that the template leaves unnamed."""
        return f"{self.app}-{self.stage}-{logical_id}"


def read(path: Path, names: Names) -> list[Resource]:
    """The resources of a template file, none if there is no file.

    Raises TemplateError if it is not JSON, or not a template.
    """
    try:
        document = json_file.read(path)
    except FileNotFoundError:
        return []
    except json_file.JsonFileError as error:
        raise TemplateError(f"{error}.") from None
    return resources(document, names, source=str(path))


def resources(document: Any, names: Names, *, source: str = PATH) -> list[Resource]:
    """The resources of a decoded template, in the order in which they can be created."""
    found = document.get("Resources") if isinstance(document, dict) else None
    if not isinstance(found, dict) or not _is_of_objects(found):
        raise TemplateError(f'{source} has no object "Resources" of objects: it is no template.')
    if not _is_of_objects(document.get("Parameters", {})):
        raise TemplateError(f'{source}: "Parameters" is no object of objects.')
    resolve = _Resolver(document, names)
    made = [
        Resource(
            logical_id=logical_id,
            type=str(body.get("Type", "")),
            properties=_properties(body, resolve, f"{source}: {logical_id}"),
        )
        for logical_id, body in found.items()
    ]
    _check_names(made, source)
    return made


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(member, dict) for member in value.values())


def _check_names(resources: list[Resource], source: str) -> None:
    """CloudFormation creates the first of two, and fails at the second. Raises TemplateError."""
    known: dict[tuple[str, str], str] = {}
    for resource in resources:
        name = resource.properties.get(_NAMES.get(resource.type, ""))
        if name is None:
            continue
        other = known.setdefault((resource.type, name), resource.logical_id)
        if other != resource.logical_id:
            raise TemplateError(
                f"{source}: {other} and {resource.logical_id} have one name, {name}: "
                "give each its own."
            )


def _properties(body: dict[str, Any], resolve: _Resolver, where: str) -> dict[str, Any]:
    try:
        properties = resolve.value(body.get("Properties", {}))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise TemplateError(f"{where} has a reference that cannot be read: {error}.") from None
    if not isinstance(properties, dict):
        raise TemplateError(f'{where} has "Properties" that are no object.')
    kind = body.get("Type", "")
    if not isinstance(kind, str):
        raise TemplateError(f'{where}: "Type" must be a text.')
    name = _NAMES.get(kind)
    if name in properties and not isinstance(properties[name], str):
        known = ", ".join(_Resolver.FUNCTIONS)
        raise TemplateError(f"{where}: {name} must be a text, here with {known} at most.")
    return properties


class _Resolver:
    """Replaces Ref, Fn::GetAtt, Fn::Sub and Fn::Join by what they stand for."""

    def __init__(self, document: dict[str, Any], names: Names) -> None:
        self._resources = document["Resources"]
        self._names = names
        self._known = {
            "AWS::Region": names.region,
            "AWS::AccountId": names.account_id,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": f"{names.app}-{names.stage}",
            **{
                name: str(parameter.get("Default", ""))
                for name, parameter in document.get("Parameters", {}).items()
            },
        }

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            function = self.FUNCTIONS.get(name)
            if function:
                return function(self, argument)
        return {name: self.value(item) for name, item in value.items()}

    def _ref(self, name: str) -> str:
        if name in self._known:
            return self._known[name]
        if self._type(name) == "AWS::SNS::Topic":
            return self._arn(name)
        # a queue's reference is its URL on AWS; names are what this emulator looks things up by
        return self._physical(name)

    def _get_att(self, argument: str | list[str]) -> str:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if attribute == "StreamArn":
            # the label of a table's stream is nothing that anybody looks at here
            return f"{self._arn(logical_id)}/stream/local"
        is_arn = attribute in ("Arn", "TopicArn")
        return self._arn(logical_id) if is_arn else self._physical(logical_id)

    def _sub(self, argument: str | list[Any]) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in own:
                return str(self.value(own[name]))
            return self._get_att(name) if "." in name else self._ref(name)

        return _VARIABLE.sub(replace, text)

    def _join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(str(self.value(part)) for part in parts)

    FUNCTIONS: ClassVar[dict[str, Callable[..., str]]] = {
        "Ref": _ref,
        "Fn::GetAtt": _get_att,
        "Fn::Sub": _sub,
        "Fn::Join": _join,
    }

    def _type(self, logical_id: str) -> str:
        return str(self._resources.get(logical_id, {}).get("Type", ""))

    def _physical(self, logical_id: str) -> str:
        properties = self._resources.get(logical_id, {}).get("Properties", {})
        name = properties.get(_NAMES.get(self._type(logical_id), ""))
        default = self._names.physical(logical_id) + suffix(properties)
        return default if name is None else str(self.value(name))

    def _arn(self, logical_id: str) -> str:
        kind = self._type(logical_id)
        name, where = self._physical(logical_id), f"{self._names.region}:{self._names.account_id}"
        if kind == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{name}"
        service = kind.split("::")[1].lower() if "::" in kind else "sqs"
        return f"arn:aws:{service}:{where}:{_PATHS.get(kind, '')}{name}"
