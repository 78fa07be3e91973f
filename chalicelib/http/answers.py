"""What routes answer with: a job, JSON, a problem."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import clock
from chalicelib.http import http_message, representation
from chalicelib.http.http_message import HTML, JSON, PROBLEM_JSON, HttpAnswer
from chalicelib.http.pages import problem_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.http.http_message import HttpRequest
    from chalicelib.jobs.model import Job
    from chalicelib.jobs.problems import ProblemError
#: Of what changes with a deployment only.
LASTING = {"Cache-Control": "public, max-age=600"}


def of_job(
    request: HttpRequest,
    job: Job,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """The job as it stands, as short as the client prefers."""
    minimal = request.preferences.minimal
    shown = representation.document(job, root=request.root, minimal=minimal)
    return json(shown, status=status, headers={**about(job), **(headers or {})})


def about(job: Job) -> dict[str, str]:
    """What every answer about a job says of it."""
    return representation.headers(job, now_ms=clock.now_ms())


def json(value: Any, *, headers: Mapping[str, str], status: int = 200) -> HttpAnswer:
    told = {"Content-Type": JSON, **headers}
    return HttpAnswer(status=status, headers=told, body=msgspec.json.encode(value))


def lasting(request: HttpRequest, media_type: str, content: bytes) -> HttpAnswer:
    """What changes with a deployment only; 304 if the client has it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {**LASTING, "ETag": etag, "X-Content-Type-Options": "nosniff"}
    if http_message.matches(request, etag):
        return HttpAnswer(status=304, headers=headers)
    return HttpAnswer(headers={"Content-Type": media_type, **headers}, body=content)


def of_problem(raised: ProblemError, request: HttpRequest) -> HttpAnswer:
    """The problem as the body, and as headers what a client may act on. Browsers get a page."""
    body = representation.problem(raised, root=request.root, instance=request.request_id)
    headers = {"Cache-Control": "no-store", "Vary": "Accept", **raised.headers}
    if raised.job_id and raised.type.slug == "not-enqueued":
        headers["Location"] = body["job"]
    status = raised.type.status or 500
    if http_message.form(request, PROBLEM_JSON, JSON, HTML) == HTML:
        return problem_page.of_problem(request, body, text=raised.type.text, headers=headers)
    headers = {"Content-Type": PROBLEM_JSON, **headers}
    return HttpAnswer(status=status, headers=headers, body=msgspec.json.encode(body))


def with_preferences(request: HttpRequest, answer: HttpAnswer, *, waited: int | None) -> HttpAnswer:
    """The answer, telling which preferences it heeds; ``waited`` is how long it might have waited.

    https://www.rfc-editor.org/rfc/rfc7240#section-3
    """
    preferred = request.preferences
    applied = [
        f"wait={waited}" if waited else "",
        "respond-async" if preferred.respond_async and answer.status == 202 else "",
        "return=minimal" if preferred.minimal and answer.body else "",
    ]
    told = ", ".join(filter(None, applied))
    headers = {**answer.headers, **({"Preference-Applied": told} if told else {})}
    return msgspec.structs.replace(answer, headers=headers)
