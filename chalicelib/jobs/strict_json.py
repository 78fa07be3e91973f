"""JSON as a careful server reads it: what two readers could understand differently is refused.

https://www.rfc-editor.org/rfc/rfc7493 (I-JSON), but for long integers, which are kept exactly.
"""

from __future__ import annotations

import collections
import itertools
import json
import math
import re
from typing import Any

from chalicelib import limits
from chalicelib.errors import ServiceError

_BOM = b"\xef\xbb\xbf"
#: in text that is known to be JSON, so strings do end
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class MalformedJsonError(ServiceError):
    """The text is not JSON, or not unambiguous. ``offset`` is in bytes, None if not known."""

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


def decode(body: bytes) -> tuple[bytes, Any]:
    """The body without its byte order mark, and its value. Raises MalformedJsonError."""
    skipped = len(_BOM) if body.startswith(_BOM) else 0
    text = body[skipped:]
    try:
        return text, _value(text.decode())
    except UnicodeDecodeError as error:
        message, offset = f"byte {error.start + skipped} is not UTF-8", error.start
    except json.JSONDecodeError as error:
        message, offset = error.msg, len(error.doc[: error.pos].encode())
    raise MalformedJsonError(message, offset=offset + skipped)


def _value(text: str) -> Any:
    try:
        value = _Reader().decode(text)
    except RecursionError:
        raise _too_deep() from None
    if _depth(text) > limits.JSON_DEPTH_MAX:
        raise _too_deep()
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(value)
    return value


def _too_deep() -> MalformedJsonError:
    return MalformedJsonError(f"nested deeper than {limits.JSON_DEPTH_MAX} levels")


def _depth(text: str) -> int:
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    return max(itertools.accumulate(1 if b in "[{" else -1 for b in brackets), default=0)


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MalformedJsonError("a string holds half of a surrogate pair") from None


class _Reader:
    """Python's JSON reader, with what it lets pass refused."""

    def __init__(self) -> None:
        self._members = 0

    def decode(self, text: str) -> Any:
        return json.loads(
            text,
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_float=self._float,
            parse_int=self._int,
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._members += len(pairs)
        if self._members > limits.JSON_MEMBERS_MAX:
            raise MalformedJsonError(f"more than {limits.JSON_MEMBERS_MAX} members")
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = collections.Counter(name for name, _ in pairs)
            ((twice, _),) = counts.most_common(1)
            raise MalformedJsonError(f"member {json.dumps(twice[:64])} is repeated")
        return found

    @staticmethod
    def _constant(name: str) -> Any:
        raise MalformedJsonError(f"{name} is not JSON")

    @staticmethod
    def _float(text: str) -> float:
        number = float(text)
        if len(text) > limits.NUMBER_CHARACTERS_MAX or math.isinf(number):
            raise MalformedJsonError("a number is too large")
        return number

    @staticmethod
    def _int(text: str) -> int:
        if len(text) > limits.NUMBER_CHARACTERS_MAX:
            raise MalformedJsonError("a number is too long")
        return int(text)
