"""A template's text, JSON or YAML, decoded. YAML's short forms become the functions they stand for.

moto's reader takes seconds for a large template, and runs what a tag of YAML names.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import yaml
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.utils import yaml_tag_constructor

if TYPE_CHECKING:
    from collections.abc import Iterator

#: what a template's parts are, by name
_SECTIONS = ("Resources", "Parameters", "Conditions", "Mappings", "Outputs")

#: what a resource's attributes have as texts
_TEXTS = {"Condition", "DeletionPolicy", "UpdateReplacePolicy"}


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
        raise _refusal(str(error)) from None
    if not isinstance(template, dict) or not template.get("Resources"):
        raise _refusal("At least one Resources member must be defined.")
    for section in _SECTIONS:
        _check_section(section, template.setdefault(section, {}))
    for logical_id, body in template["Resources"].items():
        _check_resource(logical_id, body)
    return dict(_with_lists(template))


def _check_section(section: str, members: Any) -> None:
    if not isinstance(members, dict):
        raise _refusal(f"[/{section}] must be an object.")
    for name, body in members.items():
        if not isinstance(body, dict):
            raise _refusal(f"[/{section}/{name}] must be an object.")


def _check_resource(logical_id: str, body: dict[str, Any]) -> None:
    where = f"[/Resources/{logical_id}]"
    if not isinstance(body.get("Type"), str):
        raise _refusal(f"{where} Every Resources object must contain a Type member.")
    if not isinstance(body.setdefault("Properties", {}), dict):
        raise _refusal(f"{where} Properties must be an object.")
    for name in _TEXTS & body.keys():
        if not isinstance(body[name], str):
            raise _refusal(f"{where} {name} must be a text.")


def _refusal(problem: str) -> ValidationError:
    return ValidationError(message=f"Template format error: {problem}")


@contextmanager
def evaluated() -> Iterator[None]:
    """What moto stumbles over in a template is told as the template's fault."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise _refusal(f"a function cannot be evaluated: {error}") from None


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
