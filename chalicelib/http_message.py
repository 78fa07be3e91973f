"""Requests and answers as plain values, and what of a request is refused before it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from chalicelib import limits
from chalicelib.problems import ProblemError

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

_JSON_TYPE = re.compile(r"application/(json|[a-z0-9!#$&^_.-]+\+json)")
_CHARSET = re.compile(r'charset\s*=\s*"?utf-?8"?')


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the gateway passed it on."""

    #: the route's path, such as ``/jobs/{job_id}``
    route: str
    #: names in lower case
    headers: Mapping[str, str]
    query: tuple[str, ...] = ()
    body: bytes = b""
    request_id: str = ""

    @property
    def root(self) -> str:
        """The relative reference from this request's URL to the API's root."""
        return "../" * (self.route.count("/") - 1)


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the client gets."""

    status: int = 200
    headers: dict[str, str]
    body: bytes = b""


def json_body(request: HttpRequest) -> bytes:
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
    if len(request.body) > limits.BODY_BYTES_MAX:
        raise _too_large(len(request.body))
    return request.body


def refuse_query(request: HttpRequest) -> None:
    """Raises ProblemError if there is a query: a typing error must not pass in silence."""
    if request.query:
        parameter = request.query[0]
        detail = f'There is no query parameter "{parameter}" here'
        raise ProblemError("bad-query", detail, parameter=parameter)


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


def _too_large(actual_bytes: int) -> ProblemError:
    detail = f"The body has {actual_bytes} bytes, {limits.BODY_BYTES_MAX} are allowed"
    return ProblemError("body-too-large", detail, limit=limits.BODY_BYTES_MAX, actual=actual_bytes)
