"""The frame of every page, and the headers that keep foreign things out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.http.http_message import HTML, HttpAnswer
from chalicelib.http.pages.html import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.http.http_message import HttpRequest
    from chalicelib.http.pages.html import Content

#: https://www.w3.org/TR/CSP3/
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_WITH_SCRIPT = "; script-src 'self'; connect-src 'self'"


def answer(
    request: HttpRequest,
    title: str,
    *content: Content,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    script: str | None = None,
) -> HttpAnswer:
    """A page; ``script`` is the name of the asset that it runs, if any."""
    told = {
        "Content-Type": f"{HTML}; charset=utf-8",
        "Cache-Control": "no-cache",
        "Vary": "Accept",
        "Content-Security-Policy": _POLICY + (_WITH_SCRIPT if script else ""),
        "X-Content-Type-Options": "nosniff",
        # not no-referrer: then browsers would send forms with the origin "null"
        "Referrer-Policy": "same-origin",
        **(headers or {}),
    }
    made = _frame(request.root, title, content, script)
    return HttpAnswer(status=status, headers=told, body=made.encode())


def here(request: HttpRequest) -> str:
    """A reference to the API's root that is never empty, since an empty one is the page itself."""
    return request.root or "./"


def _frame(root: str, title: str, content: tuple[Content, ...], script: str | None) -> str:
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} · Accepted"),
        element("link", rel="icon", href=f"{root}assets/icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href=f"{root}assets/style.css"),
        element("script", src=f"{root}assets/{script}", defer=True) if script else None,
    ]
    links = {"Jobs": root or "./", "API": f"{root}docs", "OpenAPI": f"{root}openapi.json"}
    menu = join(element("a", text, href=href) for text, href in links.items())
    home = element("a", "Accepted", href=root or "./", class_="home")
    body = [
        element("a", "Skip to the content", href="#content", class_="unseen"),
        element("header", home, element("nav", menu, aria_label="Main")),
        element("main", *content, id="content"),
    ]
    inner = element("head", *head) + element("body", *body)
    return f"<!doctype html>\n{element('html', Html(inner), lang='en')}\n"


def facts(pairs: Mapping[str, Content]) -> Html:
    """Names and values; what has no value is left out."""
    shown = {name: value for name, value in pairs.items() if value not in (None, "")}
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value))
            for name, value in shown.items()
        ),
    )


def time(text: str) -> Html:
    """An RFC 3339 time, as people read it."""
    date, _, clock = text.rstrip("Z").partition("T")
    return element("time", f"{date} {clock[:8]} UTC", datetime=text)


def badge(status: str) -> Html:
    return element("span", status, class_=f"badge {status}")
