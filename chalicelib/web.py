"""Between Chalice and the routes: its request becomes a value, an answer becomes its response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from chalice import Response

from chalicelib import logs, problems, representation
from chalicelib.http_message import PROBLEM_JSON, HttpAnswer, HttpRequest
from chalicelib.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalice.app import Request


def answer(request: Request, route: Callable[..., HttpAnswer], **arguments: str) -> Response:
    """Call a route's method for Chalice's request; problems become answers."""
    received = _received(request)
    try:
        given = route(received, **arguments)
    except ProblemError as raised:
        given = _problem_answer(raised, received.root, received.request_id)
        logs.record("refused", slug=raised.type.slug, request_id=received.request_id)
    headers = {**given.headers, "X-Request-Id": received.request_id}
    return Response(body=given.body.decode(), headers=headers, status_code=given.status)


def unify(response: Response, request: Request) -> Response:
    """Chalice's own answers to a wrong method or a bug of ours, as problems like all others."""
    if response.status_code < 400 or response.headers.get("Content-Type") == PROBLEM_JSON:
        return response
    received = _received(request)
    allow = response.headers.get("Allow")
    raised = _of_chalice(response.status_code, allow, received)
    given = _problem_answer(raised, received.root, received.request_id)
    headers = {**given.headers, "X-Request-Id": received.request_id}
    return Response(body=given.body.decode(), headers=headers, status_code=given.status)


def _of_chalice(status: int, allow: str | None, received: HttpRequest) -> ProblemError:
    problem_type = problems.of_status(status)
    if allow is None:
        return ProblemError(problem_type.slug, f"Request {received.request_id}")
    return ProblemError(
        problem_type.slug,
        f"{received.route} has the methods {allow}",
        headers={"Allow": allow},
        allow=allow.split(", "),
    )


def _received(request: Request) -> HttpRequest:
    return HttpRequest(
        route=request.path,
        headers=_lower(request.headers),
        query=tuple(request.query_params or ()),
        body=request.raw_body,
        request_id=_request_id(request),
    )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _request_id(request: Request) -> str:
    """API Gateway's id, which its own log has too; the function's where there is no gateway."""
    context: dict[str, Any] = request.context
    return str(context.get("requestId") or request.lambda_context.aws_request_id)


def _problem_answer(raised: ProblemError, root: str, request_id: str) -> HttpAnswer:
    body = representation.problem(raised, root=root, instance=request_id)
    return HttpAnswer(
        status=raised.type.status or 500,
        headers={"Content-Type": PROBLEM_JSON, "Cache-Control": "no-store", **raised.headers},
        body=msgspec.json.encode(body),
    )
