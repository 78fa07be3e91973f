"""moto's attribute values in DynamoDB's JSON, and their size by DynamoDB's rules."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a list or a map takes beside its members, and each member beside itself.
_COLLECTION_BYTES, _MEMBER_BYTES = 3, 1


def plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """An item's attributes, name to moto's value, as JSON: ``{"id": {"S": "1"}}``."""
    return {name: _plain(value) for name, value in attributes.items()}


def size_bytes(attributes: Mapping[str, Any]) -> int:
    """What an item, given as JSON or in moto's values, takes up.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _size(value) for name, value in attributes.items())


def _plain(value: Any) -> dict[str, Any]:
    kind, content = _typed(value)
    if kind == "M":
        return {kind: {name: _plain(member) for name, member in content.items()}}
    if kind == "L":
        return {kind: [_plain(member) for member in content]}
    if kind == "BS":
        return {kind: [_text(member) for member in content]}
    return {kind: _text(content)} if kind == "B" else {kind: content}


def _typed(value: Any) -> tuple[str, Any]:
    """Members of moto's lists and maps are sometimes values, sometimes already JSON."""
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        return kind, content
    return value.type, value.value


def _text(binary: bytes | str) -> str:
    return base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary


def _size(value: Any) -> int:
    kind, content = _typed(value)
    if kind == "M":
        members = (len(name.encode()) + _size(member) for name, member in content.items())
        return _COLLECTION_BYTES + sum(size + _MEMBER_BYTES for size in members)
    if kind == "L":
        return _COLLECTION_BYTES + sum(_size(member) + _MEMBER_BYTES for member in content)
    if kind in ("SS", "NS", "BS"):
        return sum(_size({kind[0]: member}) for member in content)
    if kind in ("NULL", "BOOL"):
        return 1
    if kind == "B":
        return len(content if isinstance(content, bytes) else base64.b64decode(content))
    return _number_size(content) if kind == "N" else len(content.encode())


def _number_size(text: str) -> int:
    """A byte for two significant digits, one more, and one for a minus."""
    mantissa = text.lower().partition("e")[0]
    digits = mantissa.lstrip("+-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + mantissa.startswith("-")
