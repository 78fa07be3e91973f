"""Requests and answers as plain values, and what of a request is refused before it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chalicelib import limits
from chalicelib.http import negotiation, preferences
from chalicelib.jobs import problems
from chalicelib.jobs.model import TENANT
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests import submission

JSON = "application/json"
HTML = "text/html"
PROBLEM_JSON = "application/problem+json"

#: The query parameter that names a form, and its values.
FORMAT = "format"
FORMATS = {"json": JSON, "html": HTML}

_JSON_TYPE = re.compile(r"application/(json|[a-z0-9!#$&^_.-]+\+json)")
_CHARSET = re.compile(r'charset\s*=\s*"?utf-?8"?')
_QUOTED_KEY = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the gateway passed it on."""

    method: str = "GET"
    #: the route's path, such as ``/jobs/{job_id}``
    route: str
    #: what stands for the names in the route, percent-decoded
    path_values: Mapping[str, str] = {}
    #: names in lower case; of a header that is there twice the values, with a comma between
    headers: Mapping[str, str] = {}
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    request_id: str = ""
    tenant: str = TENANT
    #: how long the function may still take
    remaining_ms: int = 0

    @property
    def root(self) -> str:
        """The relative reference from this request's URL to the API's root."""
        path = self.route
        for name, value in self.path_values.items():
            path = path.replace(f"{{{name}+}}", value)
        return "../" * (path.count("/") - 1)

    @property
    def job_id(self) -> str:
        """The id in the path, as it was sent."""
        return self.path_values["job_id"]

    @property
    def preferences(self) -> preferences.Preferences:
        return preferences.parse(self.headers.get("prefer", ""))


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the client gets."""

    status: int = 200
    headers: dict[str, str]
    body: bytes = b""


def without_body(answer: HttpAnswer) -> HttpAnswer:
    """The answer to HEAD: as to GET, with the length that the body would have."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    return msgspec.structs.replace(answer, headers=headers, body=b"")


def json_body(request: HttpRequest, limit_bytes: int = limits.BODY_BYTES_MAX) -> bytes:
    """The body, which says that it is JSON in UTF-8 and is not too large.

    Raises ProblemError.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", ""}:
        raise _unsupported(f'The content encoding "{encoding}" is not supported, only identity')
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    if not _JSON_TYPE.fullmatch(media_type.strip()):
        raise _unsupported(f'The body is of type "{media_type.strip()}", not JSON')
    for parameter in map(str.strip, parameters):
        if parameter.startswith("charset") and not _CHARSET.fullmatch(parameter):
            raise _unsupported("The charset of JSON is UTF-8")
    if len(request.body) > limit_bytes:
        raise problems.body_too_large(len(request.body), limit_bytes)
    return request.body


def idempotency_key(request: HttpRequest, operation: str) -> submission.Key | None:
    """The client's key for this operation, bare or as a quoted string, which is the same key.

    Raises ProblemError.
    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
    """
    sent = request.headers.get("idempotency-key")
    if sent is None:
        return None
    text = sent.strip()
    quoted = _QUOTED_KEY.fullmatch(text)
    if quoted:
        text = quoted[1].replace("\\\\", "\\")
    if not submission.is_key(text):
        limit = limits.IDEMPOTENCY_KEY_CHARACTERS_MAX
        detail = f"An idempotency key is one header of 1 to {limit} visible ASCII characters"
        raise ProblemError("bad-header", detail, header="Idempotency-Key")
    return submission.Key(operation, text)


def refuse_idempotency_key(request: HttpRequest) -> None:
    """Raises ProblemError if there is one: its sender believes to be safe, and would not be."""
    if "idempotency-key" in request.headers:
        detail = 'Give each job of a batch a "key" of its own'
        raise ProblemError("bad-header", detail, header="Idempotency-Key")


def query_values(request: HttpRequest, *known: str) -> dict[str, str]:
    """The query's parameters. Raises ProblemError for others: typing errors are not passed over."""
    values: dict[str, str] = {}
    for name, value in request.query:
        if name not in known:
            raise bad_query(name, f'There is no query parameter "{name}" here')
        if name in values:
            raise bad_query(name, f'The query parameter "{name}" is there twice')
        values[name] = value
    return values


def bad_query(parameter: str, detail: str) -> ProblemError:
    return ProblemError("bad-query", detail, parameter=parameter)


def form(request: HttpRequest, *offers: str) -> str | None:
    """The media type that the client wants of these; None if none.

    ``format`` in the query counts more than Accept, because a link cannot send a header.
    """
    asked = next((FORMATS.get(value) for name, value in request.query if name == FORMAT), None)
    accept = request.headers.get("accept", "")
    return asked if asked in offers else negotiation.choose(accept, offers)


def refuse_foreign_pages(request: HttpRequest) -> None:
    """Raises ProblemError if a browser sends this for a page of another site.

    Forms need no consent of the server's, and ids may be known: whoever can see a list of jobs
    must not be made to cancel them. ``Sec-Fetch-Site`` cannot be set by a page; without it, a
    proxy's ``X-Forwarded-Host`` counts like ``Host``, since no form can send that either.

    https://www.w3.org/TR/fetch-metadata/ https://www.rfc-editor.org/rfc/rfc6454#section-7
    """
    site, origin = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
    if site not in {"same-origin", "none"} if site else origin not in {None, *_own(request)}:
        raise ProblemError("cross-site", "Use the API's own pages, or a client outside a browser")


def _own(request: HttpRequest) -> set[str]:
    """The origins that this API may have for its clients."""
    hosts = [request.headers.get(name, "") for name in ("host", "x-forwarded-host")]
    named = [host.partition(",")[0].strip() for host in hosts]
    return {f"{scheme}://{host}" for scheme in ("http", "https") for host in named if host}


def matches(request: HttpRequest, etag: str) -> bool:
    """Whether the client's copy is the current one: If-None-Match, compared weakly.

    https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
    """
    listed = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix("W/") for tag in listed.split(",")]
    return listed.strip() == "*" or etag in tags


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(
        "unsupported-media-type",
        detail,
        headers={"Accept-Post": JSON},
        accepts=[JSON, "application/*+json"],
    )
