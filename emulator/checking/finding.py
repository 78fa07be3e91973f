"""One thing to change, and where it stands."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # there, and not in the stubs
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from emulator import template

if TYPE_CHECKING:
    from pathlib import Path

_SPACE = re.compile(r"[\s,:]*")


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """``refused``: AWS does not take it. ``hurts``: it does, and loses or slows something."""

    severity: Literal["refused", "hurts"]
    rule: str
    file: str
    #: None where the file has no such place
    line: int | None
    #: what to change, by the file's own names
    setting: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.severity}: {self.setting}: {self.text} [{self.rule}]"


class Files:
    """The project's JSON files, with the lines of what stands in them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def in_template(self, path: str) -> dict[str, Any]:
        """The place of ``JobsQueue.VisibilityTimeout``, a resource's property."""
        logical_id, *rest = path.split(".")
        keys = ["Resources", logical_id, *(["Properties", *rest] if rest else [])]
        return self.at(template.PATH, keys, path)

    def at(self, file: str, keys: list[str], setting: str) -> dict[str, Any]:
        """The place of a member, or of the last one on the way to it that is there."""
        source = self.directory / file
        line = line_of(source.read_text(), keys) if source.exists() else None
        return {"file": file, "line": line, "setting": setting}

    def has(self, file: str, keys: list[str]) -> bool:
        """Whether a JSON file has a member."""
        source = self.directory / file
        found = json.loads(source.read_text()) if source.exists() else {}
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return True


def line_of(text: str, keys: list[str]) -> int:
    """The line, from 1, of a member of nested JSON objects, as far as there is one."""
    position = start = _after_space(text, 0)
    for key in keys:
        found = _members(text, start).get(key)
        if found is None:
            break
        position, start = found
    return text.count("\n", 0, position) + 1


def _members(text: str, start: int) -> dict[str, tuple[int, int]]:
    """Where each member's name and value begin, of the object at ``start`` of valid JSON."""
    members: dict[str, tuple[int, int]] = {}
    if text[start] != "{":
        return members
    position = _after_space(text, start + 1)
    while text[position] != "}":
        name, after = scanstring(text, position + 1)
        value = _after_space(text, after)
        members[name] = (position, value)
        _, end = json.JSONDecoder().raw_decode(text, value)
        position = _after_space(text, end)
    return members


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
