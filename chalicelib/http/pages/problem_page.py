"""Problems for people: one that happened, and what a type of them means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.http.pages import page
from chalicelib.http.pages.html import Html, element, prose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.http.http_message import HttpAnswer, HttpRequest
    from chalicelib.jobs.problems import ProblemType

_RETRY = {
    "no": "The same request will not succeed.",
    "yes": "The same request may succeed later.",
    "maybe": "The same request may succeed later, or not.",
}
_COMMON = {"type", "title", "status", "detail", "instance", "job"}


def of_problem(
    request: HttpRequest, body: Mapping[str, Any], *, text: str, headers: Mapping[str, str]
) -> HttpAnswer:
    """The page of a request that was refused; ``body`` is what other clients get."""
    more = {name: value for name, value in body.items() if name not in _COMMON}
    kind = body["type"].rpartition("/")[2]
    return page.answer(
        request,
        body["title"],
        _heading(body["title"], body["status"]),
        element("p", body["detail"], role="alert"),
        element("p", element("a", "See the job", href=body["job"])) if "job" in body else None,
        element("p", prose(text)),
        element("pre", element("code", _pretty(more)), tabindex=0) if more else None,
        page.facts({"Kind": element("a", kind, href=body["type"]), "Request": body["instance"]}),
        status=body["status"],
        headers=headers,
    )


def of_type(request: HttpRequest, kind: ProblemType, *, headers: Mapping[str, str]) -> HttpAnswer:
    """The page of a problem type."""
    retry = _RETRY[kind.retry] if kind.status else "It stands in a job's error."
    return page.answer(
        request,
        kind.title,
        _heading(kind.title, kind.status),
        element("p", prose(kind.text)),
        element("p", retry),
        page.facts({"Kind": kind.slug}),
        headers=headers,
    )


def _heading(title: str, status: int | None) -> Html:
    return element("h1", title, " ", page.badge(str(status)) if status else None)


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
