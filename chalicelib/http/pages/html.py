"""HTML from values: whatever is not made here is text, and is escaped."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_EMPTY = frozenset({"input", "link", "meta", "br"})
_CODE = re.compile(r"`([^`]+)`")
#: XML's own rule, less strictly: no control characters, which browsers show as nothing.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | int | float | None
Attribute = str | int | float | bool | None


def escape(value: Content) -> Html:
    """A value as text of a page, or of an attribute in quotes."""
    if isinstance(value, Html):
        return value
    shown = "" if value is None else str(value)
    # a lone surrogate cannot be encoded, and a control character could not be seen
    shown = _CONTROL.sub("\ufffd", shown).encode("utf-8", "replace").decode()
    return Html(html.escape(shown, quote=True))


def element(name: str, /, *content: Content, **attributes: Attribute) -> Html:
    """``<name attributes>content</name>``; ``class_`` and ``aria_label`` are written for Python.

    An attribute that is None or False is left out, one that is True has no value.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(content)}</{name}>")


def join(parts: Iterable[Content]) -> Html:
    return Html("".join(map(escape, parts)))


def prose(text: str) -> Html:
    """Plain text in which ``backticks`` mark code."""
    pieces = _CODE.split(text)
    return join(element("code", one) if n % 2 else one for n, one in enumerate(pieces))


def table(head: Iterable[Content], rows: Iterable[Iterable[Content]], *, caption: str) -> Html:
    """The first cell of each row is its heading; ``caption`` is for those who cannot see it."""
    heads = join(element("th", cell, scope="col") for cell in head)
    body = join(_row(list(row)) for row in rows)
    title = element("caption", caption, class_="unseen")
    made = element("table", title, element("thead", element("tr", heads)), element("tbody", body))
    # wide ones scroll by themselves, by keyboard too
    return element("div", made, class_="wide", tabindex=0, role="group", aria_label=caption)


def _row(cells: list[Content]) -> Html:
    first, *others = cells
    return element(
        "tr", element("th", first, scope="row"), join(element("td", cell) for cell in others)
    )


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'
