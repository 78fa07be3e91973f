"""A project's JSON files, read with errors that say where, and the lines of what stands in them."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # there, and not in the stubs
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SPACE = re.compile(r"[\s,:]*")


class JsonFileError(ValueError):
    """A file is no JSON; the message is ``file:line:column: what is wrong``."""


def read(path: Path) -> Any:
    """Raises FileNotFoundError, and JsonFileError also for a name that an object has twice."""
    return decode(path.read_bytes(), source=str(path))


def decode(text: bytes, *, source: str) -> Any:
    """Raises JsonFileError."""
    try:
        # as Chalice reads it: without the mark that some editors begin a file with
        return json.loads(text.decode(), object_pairs_hook=_members_once)
    except json.JSONDecodeError as error:
        where = f"{source}:{error.lineno}:{error.colno}"
        raise JsonFileError(f"{where}: this is no JSON: {error.msg}") from None
    except ValueError as error:
        raise JsonFileError(f"{source}: this is no JSON: {error}") from None


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'"{twice}" stands twice in one object')
    return members


def line_of(text: str, keys: Sequence[str]) -> int:
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
