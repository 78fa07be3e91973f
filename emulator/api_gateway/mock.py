"""Mock integrations: API Gateway answers by itself, as it does to the preflights of CORS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from emulator.api_gateway import refusal
from emulator.api_gateway.gateway_responses import literals
from emulator.http.message import Response

if TYPE_CHECKING:
    from emulator.api_gateway.definition import Integration

_HEADER = "method.response.header."
_JSON = "application/json"
#: What begins a variable or a statement of the templates' language.
_LANGUAGE = ("$", "#")


class _MockRequest(msgspec.Struct, rename="camel"):
    status_code: int


def response(integration: Integration, request_id: str) -> Response:
    """What the template for JSON says, if that is plain text.

    Raises Refusal.
    """
    request = _plain(integration.request_templates.get(_JSON, ""))
    try:
        status = msgspec.json.decode(request, type=_MockRequest).status_code
    except msgspec.DecodeError as error:
        raise refusal.misconfigured(f"a mock's request template: {error}") from None
    chosen = integration.responses.get(str(status), integration.responses.get(""))
    if chosen is None:
        raise refusal.misconfigured(f"the mock has no response for status {status}")
    headers = literals(chosen.response_parameters, _HEADER)
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _JSON
    body = _plain(chosen.response_templates.get(_JSON, ""))
    pairs = [*headers.items(), ("x-amzn-RequestId", request_id)]
    return Response(chosen.status_code, pairs, body.encode())


def _plain(template: str) -> str:
    if any(mark in template for mark in _LANGUAGE):
        raise refusal.misconfigured(f"this template of a mock is not plain text: {template}")
    return template
