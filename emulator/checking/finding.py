"""One thing to change: where it stands, what is wrong with it, what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import msgspec

from emulator import json_file, template
from emulator.checking.rules import PAGES
from emulator.local import configuration

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = configuration.PATH
_MISSING = object()
Severity: TypeAlias = Literal["refused", "hurts"]


class Place(NamedTuple):
    """Where something stands, or should."""

    #: from the project's folder
    file: str
    #: from 1: of the setting, or of what should have it; None where the file has no such place
    line: int | None
    #: what to change, by the file's own names
    setting: str

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """``refused``: AWS does not take it. ``hurts``: it does, and loses or slows something."""

    severity: Severity
    rule: str
    file: str
    line: int | None
    setting: str
    #: what is wrong
    text: str
    #: what to write there instead
    write: str
    #: where AWS says so
    page: str

    def __str__(self) -> str:
        place = Place(self.file, self.line, self.setting)
        return (
            f"{place}: {self.severity}: {self.setting}: {self.text} [{self.rule}]\n"
            f"    write {self.write}\n    {self.page}"
        )


def finding(
    rule: str, place: Place, text: str, *, write: str, severity: Severity = "hurts"
) -> Finding:
    """A finding with its rule's page."""
    return Finding(
        severity=severity, rule=rule, text=text, write=write, page=PAGES[rule], **place._asdict()
    )


class Files:
    """The project's JSON files, with the lines of what stands in them."""

    def __init__(self, directory: Path, stage: str) -> None:
        self.directory = directory
        self._stage = stage

    def in_template(self, path: str) -> Place:
        """The place of ``JobsQueue.VisibilityTimeout``, a resource's property."""
        return self.at(template.PATH, _property(path), path)

    def in_config(self, setting: str, function: str = "") -> Place:
        """The innermost place of config.json that has a setting: function, stage, project."""
        stage, own = ["stages", self._stage], ["lambda_functions", function]
        keys = setting.split(".")
        for way in ([*stage, *own, *keys], [*own, *keys], [*stage, *keys], keys):
            if self.has(CONFIG, way):
                return self.at(CONFIG, way, ".".join(way))
        return self.at(CONFIG, stage, setting)

    def of_function(self, path: str, setting: str, function: str) -> Place:
        """A setting of a function: of the template, which wins, or of config.json."""
        if self.has(template.PATH, _property(path)):
            return self.in_template(path)
        return self.in_config(setting, function)

    def at(self, file: str, keys: list[str], setting: str) -> Place:
        """The place of a member, or of the last one on the way to it that is there."""
        source = self.directory / file
        line = json_file.line_of(source.read_text(), keys) if source.exists() else None
        return Place(file, line, setting)

    def has(self, file: str, keys: list[str]) -> bool:
        """Whether a JSON file has a member."""
        return self.get(file, keys, _MISSING) is not _MISSING

    def get(self, file: str, keys: list[str], default: Any = None) -> Any:
        """A member of a JSON file, ``default`` if it has none."""
        found = self.read(file)
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                return default
            found = found[key]
        return found

    def read(self, file: str) -> Any:
        """What a JSON file holds, an empty object if there is none. Raises ValueError."""
        source = self.directory / file
        return json_file.read(source) if source.exists() else {}


def _property(path: str) -> list[str]:
    logical_id, *rest = path.split(".")
    return ["Resources", logical_id, *(["Properties", *rest] if rest else [])]
