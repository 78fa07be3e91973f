"""What API Gateway answers by itself, in the words that the project's template gives it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from emulator.http.message import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Where a REST API's OpenAPI document has them.
KEY = "x-amazon-apigateway-gateway-responses"

_HEADER = "gatewayresponse.header."
_LITERAL = re.compile(r"'(.*)'")
_VARIABLE = re.compile(r"\$context(?:\.[A-Za-z]+)+")
_JSON = "application/json"


class Definition(msgspec.Struct, frozen=True, rename="camel"):
    """One gateway response of an OpenAPI document.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.gatewayResponse.html
    """

    #: None: that of API Gateway's own answer
    status_code: int | str | None = None
    response_parameters: dict[str, str] = {}
    response_templates: dict[str, str] = {}


class GatewayResponses:
    """The definitions by type, such as ``UNAUTHORIZED``; all others are API Gateway's own."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions

    def answer(
        self, kind: str, own: Response, *, variables: Mapping[str, str] | None = None
    ) -> Response:
        """``own``, API Gateway's own answer with its ``message``, as the template redefines it.

        A type that is not defined is as its class of statuses, ``DEFAULT_4XX`` or ``DEFAULT_5XX``.
        """
        default = f"DEFAULT_{own.status // 100}XX"
        definition = self._definitions.get(kind, self._definitions.get(default))
        if definition is None:
            return own
        message = _message(own.body)
        known = {
            "$context.error.message": message,
            "$context.error.messageString": msgspec.json.encode(message).decode(),
            "$context.error.responseType": kind,
            **{f"$context.{name}": value for name, value in (variables or {}).items()},
        }
        return Response(
            int(definition.status_code or own.status),
            _headers(own.headers, definition.response_parameters),
            _body(own.body, definition.response_templates, known),
        )


def _message(body: bytes) -> str:
    """The text of an answer of API Gateway's, which spells the member's name in two ways."""
    told = {name.lower(): value for name, value in msgspec.json.decode(body or b"{}").items()}
    return str(told.get("message") or "")


def _headers(
    own: Iterable[tuple[str, str]], parameters: Mapping[str, str]
) -> list[tuple[str, str]]:
    said = literals(parameters, _HEADER)
    lower = {name.lower() for name in said}
    return [*((n, v) for n, v in own if n.lower() not in lower), *said.items()]


def literals(parameters: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The headers that mappings set; only literals, because nothing of the request is mapped here.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
    """
    return {
        name.removeprefix(prefix): found[1]
        for name, value in parameters.items()
        if name.startswith(prefix) and (found := _LITERAL.fullmatch(value))
    }


def _body(own: bytes, templates: Mapping[str, str], known: Mapping[str, str]) -> bytes:
    """The template for JSON with its variables, not more of its language."""
    template = templates.get(_JSON)
    if template is None:
        return own
    return _VARIABLE.sub(lambda found: known.get(found[0], ""), template).encode()
