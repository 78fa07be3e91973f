"""What a rule's target gets: the event, a part of it, a constant, or a text made from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r'(?P<quote>"?)<(?P<name>[\w.-]+)>(?P=quote)')
_STEP = re.compile(r"[^.\[\]]+")


def target_input(target: Mapping[str, Any], event: Mapping[str, Any]) -> bytes:
    """What is sent to ``target``, as the template or PutTargets describes it, as JSON."""
    if target.get("Input"):
        return str(target["Input"]).encode()
    if target.get("InputPath"):
        return msgspec.json.encode(_find(event, target["InputPath"]))
    if target.get("InputTransformer"):
        return _transformed(target["InputTransformer"], event).encode()
    return msgspec.json.encode(event)


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """A value stands in the template as JSON; in a longer text it stands as text."""
    values = {
        name: _find(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()
    }
    values["aws.events.event.json"] = event
    values["aws.events.event"] = {k: v for k, v in event.items() if k != "detail"}

    def replace(match: re.Match[str]) -> str:
        value = values.get(match["name"])
        if match["quote"] or not isinstance(value, str):
            return msgspec.json.encode(value).decode()
        inside = match.string[: match.start()].count('"') % 2
        text = msgspec.json.encode(value).decode()
        return text[1:-1] if inside else text

    return _PLACEHOLDER.sub(replace, str(transformer.get("InputTemplate", "")))


def _find(event: Any, path: str) -> Any:
    """``$.detail.items[0].id``; None where there is nothing."""
    value = event
    for step in _STEP.findall(path.removeprefix("$")):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
