"""What a function's answer becomes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.api_gateway import refusal
from emulator.http.message import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

_Value = str | int | float | bool


class _Answer(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The members that a function may answer with, and no others."""

    status_code: int | str = 200
    headers: dict[str, _Value | None] | None = None
    multi_value_headers: dict[str, list[_Value]] | None = None
    body: str | None = None
    is_base64_encoded: bool | None = False


def response(answer: Any, *, request_id: str, wants_binary: bool) -> Response:
    """``wants_binary``: the client accepts a binary type, so base64 is decoded for it.

    Raises Refusal for an answer in another form.
    """
    try:
        found = msgspec.convert(answer, _Answer)
        status = int(found.status_code)
        body = (found.body or "").encode()
        if found.is_base64_encoded and wants_binary:
            body = base64.b64decode(body)
    except (ValueError, binascii.Error) as error:
        raise refusal.malformed(f"malformed answer of the function: {error}") from None
    headers = list(_headers(found))
    # without a type, API Gateway calls a body JSON
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Response(status, [*headers, ("x-amzn-RequestId", request_id)], body)


def _headers(answer: _Answer) -> Iterator[tuple[str, str]]:
    """Of a name in both members, the one with many values counts."""
    many = answer.multi_value_headers or {}
    for name, value in (answer.headers or {}).items():
        if name not in many and value is not None:
            yield name, _text(value)
    for name, values in many.items():
        for value in values:
            yield name, _text(value)


def _text(value: _Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
