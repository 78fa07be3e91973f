"""The order in which a template's resources can be made: each after what it refers to.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
"""

from __future__ import annotations

import graphlib
import re
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
#: the names that are there without being declared
_PSEUDO = "AWS::"


def order(template: dict[str, Any]) -> list[str]:
    """The logical ids, dependencies first; raises ValidationError for what AWS does not take."""
    resources = template["Resources"]
    known = {*resources, *template.get("Parameters", {})}
    graph: dict[str, list[str]] = {}
    for logical_id, body in resources.items():
        used = {*references(body), *_listed(body.get("DependsOn", []))}
        missing = sorted(name for name in used - known if not name.startswith(_PSEUDO))
        if missing:
            raise ValidationError(
                message="Template format error: Unresolved resource dependencies "
                f"[{', '.join(missing)}] in the Resources block of the template"
            )
        graph[logical_id] = sorted(used & resources.keys())
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        names = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{names}]") from None


def references(value: Any) -> Iterator[str]:
    """Whatever ``value`` refers to: resources, parameters, pseudo parameters."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for name, argument in value.items():
            yield from _FUNCTIONS.get(name, references)(argument)


def _ref(argument: Any) -> Iterator[str]:
    yield str(argument)


def _get_att(argument: Any) -> Iterator[str]:
    yield str(argument[0])


def _sub(argument: Any) -> Iterator[str]:
    text, own = argument if isinstance(argument, list) else (argument, {})
    yield from references(own)
    for name in _VARIABLE.findall(text):
        if name not in own:
            yield name.split(".")[0]


_FUNCTIONS = {"Ref": _ref, "Fn::GetAtt": _get_att, "Fn::Sub": _sub}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
