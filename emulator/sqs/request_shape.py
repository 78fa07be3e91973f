"""Whether a request is one of SQS's at all: the types of its members, and the ones it needs.

Some of AWS's clients look before they send and others do not, and what is taken for a failure of
the service they send again and again.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.sqs.errors import MissingParameterError, SqsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, Shape

#: How the service calls what it wants, and in Python what it is in JSON.
_SCALARS: dict[str, tuple[str, type]] = {
    "blob": ("a Blob", str),
    "boolean": ("a Boolean", bool),
    "integer": ("an Integer", int),
    "long": ("a Long", int),
    "string": ("a String", str),
}
_TOKENS: dict[type, str] = {str: "STRING_VALUE", list: "START_ARRAY", dict: "START_OBJECT"}
_CONTAINERS: dict[str, type] = {"list": list, "map": dict, "structure": dict}


class SerializationError(SqsError):
    """The body is no JSON, or a member of it has another type than it should."""

    code = "SerializationException"


def check(operation: OperationModel, body: bytes) -> None:
    """Look at the body of the JSON protocol. Raises SerializationError or MissingParameterError."""
    try:
        content = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SerializationError("The body is no JSON.") from None
    check_content(operation, content)


def check_content(operation: OperationModel, content: Any) -> None:
    """Look at a request that is decoded, of whatever protocol. Raises as ``check`` does."""
    if operation.input_shape is not None:
        _check(operation.input_shape, content, path="")


def _check(shape: Shape, value: Any, *, path: str) -> None:
    if shape.type_name in _SCALARS:
        _check_scalar(shape, value)
        return
    if not isinstance(value, _CONTAINERS[shape.type_name]):
        found = "list" if isinstance(value, list) else "structure or map"
        text = (
            f"Start of {found} found where not expected."
            if isinstance(value, (list, dict))
            else f"Unexpected token {_token(value)} where a {shape.type_name} is expected."
        )
        raise SerializationError(text)
    for inner, content, name in _members(shape, value):
        where = f"{path}.{name}" if path else name
        if content is not None:
            _check(inner, content, path=where)
        elif shape.type_name == "list":
            raise SerializationError("A list holds null.")
        elif shape.type_name == "structure" and name in shape.required_members:
            raise MissingParameterError(where)


def _members(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any, str]]:
    """What is in a container, and how it is called; of a structure also what is not there."""
    if shape.type_name == "structure":
        for name, inner in shape.members.items():
            yield inner, value.get(name), name
    elif shape.type_name == "list":
        for place, content in enumerate(value, start=1):
            yield shape.member, content, str(place)
    else:
        for key, content in value.items():
            yield shape.value, content, key


def _check_scalar(shape: Shape, value: Any) -> None:
    name, wanted = _SCALARS[shape.type_name]
    if shape.type_name == "blob" and isinstance(value, bytes):
        return
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise SerializationError(f"{_token(value)} can not be converted to {name}")
    if shape.type_name == "blob":
        try:
            base64.b64decode(str(value))
        except ValueError:
            raise SerializationError("A Blob is no base64.") from None


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return f"{value}_VALUE".upper()
    return _TOKENS.get(type(value), "NUMBER_VALUE")
