"""A template's text, JSON or YAML, decoded. YAML's short forms become the functions they stand for.

moto's reader takes seconds for a large template, and runs what a tag of YAML names.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import yaml
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.utils import yaml_tag_constructor


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's tags; a date stays the text that it is."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_multi_constructor("!", lambda loader, suffix, node: _tagged(loader, suffix, node))


def _tagged(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {f"Fn::{suffix}": loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode) and suffix != "GetAtt":
        return {f"Fn::{suffix}": loader.construct_sequence(node, deep=True)}
    return yaml_tag_constructor(loader, f"!{suffix}", node)


def decoded(text: str) -> dict[str, Any]:
    """Raises ValidationError if it is no template."""
    try:
        template = _parsed(text)
    except (ValueError, yaml.YAMLError) as error:
        raise ValidationError(message=f"Template format error: {error}") from None
    resources = template.get("Resources") if isinstance(template, dict) else None
    if not isinstance(resources, dict) or not resources:
        raise ValidationError(
            message="Template format error: At least one Resources member must be defined."
        )
    template = _with_lists(template)
    for logical_id, body in template["Resources"].items():
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
            raise ValidationError(
                message=f"Template format error: [/Resources/{logical_id}] Every Resources object "
                "must contain a Type member."
            )
    return dict(template)


def _with_lists(value: Any) -> Any:
    """Fn::GetAtt in its short form, ``"Name.Attribute"``, is written as a list."""
    if isinstance(value, list):
        return [_with_lists(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item.split(".", 1) if name == "Fn::GetAtt" and isinstance(item, str)
        else _with_lists(item)
        for name, item in value.items()
    }  # fmt: skip


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Loader=_Loader)
