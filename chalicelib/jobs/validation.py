"""All that is wrong with a value, not only the first thing, each with a JSON pointer.

https://www.rfc-editor.org/rfc/rfc6901
"""

from __future__ import annotations

import difflib
import itertools
import types
import typing
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import limits

if TYPE_CHECKING:
    from collections.abc import Iterator


NAME_CHARACTERS_COMPARED = 64


class InputError(msgspec.Struct, frozen=True):
    """One thing wrong, and where."""

    pointer: str
    detail: str


def errors_of(value: Any, expected: Any, pointer: str = "") -> list[InputError]:
    """What keeps ``value`` from being of type ``expected``; empty if nothing does."""
    return list(itertools.islice(_errors(value, expected, pointer), limits.INPUT_ERRORS_MAX))


def _errors(value: Any, expected: Any, pointer: str) -> Iterator[InputError]:
    try:
        msgspec.convert(value, expected)
    except msgspec.ValidationError as error:
        detail = str(error).partition(" - at ")[0]
    else:
        return
    inner = _inner(value, expected, pointer)
    yield next(inner, InputError(pointer, detail))
    yield from inner


def _inner(value: Any, expected: Any, pointer: str) -> Iterator[InputError]:
    """The same errors, told of the parts that have them."""
    bare = _bare(expected)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, dict):
        yield from _in_struct(value, bare, pointer)
    elif typing.get_origin(bare) is dict and isinstance(value, dict):
        item_type = typing.get_args(bare)[1]
        for name, item in value.items():
            yield from _errors(item, item_type, join(pointer, name))
    elif typing.get_origin(bare) is list and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _errors(item, typing.get_args(bare)[0], join(pointer, str(index)))


def _bare(expected: Any) -> Any:
    """The type without what is noted to it, and without None."""
    arguments = typing.get_args(expected)
    if hasattr(expected, "__metadata__"):
        return arguments[0]
    others = [argument for argument in arguments if argument is not types.NoneType]
    optional = typing.get_origin(expected) in {typing.Union, types.UnionType} and len(others) == 1
    return others[0] if optional else expected


def _in_struct(
    value: dict[str, Any], struct: type[msgspec.Struct], pointer: str
) -> Iterator[InputError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name in value:
        if name not in fields:
            yield InputError(join(pointer, name), _unknown(name, list(fields)))
    for name, field in fields.items():
        if name in value:
            yield from _errors(value[name], field.type, join(pointer, name))
        elif field.required:
            yield InputError(join(pointer, name), "Required, but missing")


def _unknown(name: str, known: list[str]) -> str:
    # comparing costs the product of the lengths, and nobody mistypes a longer name
    close = difflib.get_close_matches(name[:NAME_CHARACTERS_COMPARED], known, n=1)
    if close:
        return f'Unknown member; did you mean "{close[0]}"?'
    return f"Unknown member; there are: {', '.join(known)}"


def join(pointer: str, name: str) -> str:
    """The pointer to member or element ``name`` of what ``pointer`` points to."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
