"""Between Chalice and the API: its request becomes a value, an answer becomes its response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from chalice import Response

from chalicelib import logs
from chalicelib.http import answers, http_message, identity
from chalicelib.http.http_message import HttpAnswer, HttpRequest
from chalicelib.jobs import problems
from chalicelib.jobs.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import Request

    from chalicelib.http.api import Api

#: On every answer of ours, and on none of Chalice's.
REQUEST_ID = "X-Request-Id"


def answer(request: Request, api: Api) -> Response:
    """Answer Chalice's request; problems become answers."""
    received = _received(request)
    try:
        return _response(api.answer(_identified(received, request, api)), received)
    except ProblemError as raised:
        logs.record("refused", slug=raised.type.slug)
        return _response(answers.of_problem(raised, received), received)


def unify(response: Response, request: Request) -> Response:
    """Chalice's own answer to a bug of ours, as a problem like all others."""
    if REQUEST_ID in response.headers:
        return response
    received = _received(request)
    slug = problems.of_status(response.status_code).slug
    raised = ProblemError(slug, f"Request {received.request_id}")
    return _response(answers.of_problem(raised, received), received)


def _response(given: HttpAnswer, received: HttpRequest) -> Response:
    if received.method == "HEAD":
        given = http_message.without_body(given)
    headers = {**given.headers, REQUEST_ID: received.request_id}
    return Response(body=given.body.decode(), headers=headers, status_code=given.status)


def _received(request: Request) -> HttpRequest:
    event: dict[str, Any] = request.to_original_event()
    return HttpRequest(
        method=request.method,
        route=_route(request),
        path_values=request.uri_params or {},
        headers=_headers(_sent(event)),
        query=_query(event.get("multiValueQueryStringParameters") or {}),
        body=request.raw_body,
        request_id=request_id(request),
        remaining_ms=int(request.lambda_context.get_remaining_time_in_millis()),
    )


def _identified(received: HttpRequest, request: Request, api: Api) -> HttpRequest:
    tenant = identity.tenant(request.context, anonymous=api.anonymous)
    return msgspec.structs.replace(received, tenant=tenant)


def _route(request: Request) -> str:
    """The route's path; with a slash at its end if the request's has one, which is no route."""
    route: str = request.path
    is_slashed = str(request.context.get("path", "")).endswith("/")
    return f"{route}/" if is_slashed and not route.endswith("/") else route


def _sent(event: dict[str, Any]) -> dict[str, list[str]]:
    """Every header with all its values; Chalice's own local server and test client have one."""
    found: dict[str, list[str]] | None = event.get("multiValueHeaders")
    return found or {name: [value] for name, value in (event.get("headers") or {}).items()}


def _headers(sent: Mapping[str, list[str]]) -> dict[str, str]:
    """https://www.rfc-editor.org/rfc/rfc9110#section-5.3"""
    headers: dict[str, str] = {}
    for name, values in sent.items():
        lower = name.lower()
        headers[lower] = ", ".join([*([headers[lower]] if lower in headers else []), *values])
    return headers


def _query(sent: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, values in sent.items() for value in values)


def request_id(event: Any) -> str:
    """Of a request API Gateway's id, which its own log has too; else the function's."""
    if not isinstance(event.context, dict):
        return str(event.context.aws_request_id)
    return str(event.context.get("requestId") or event.lambda_context.aws_request_id)
