"""Which resource of an API a path belongs to.

The most specific one wins, whatever its methods; ``{path+}`` takes everything below.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How well a segment of a route fits: the better one wins at the first segment that differs.
_LITERAL, _VARIABLE, _GREEDY = range(3)


class Match(NamedTuple):
    """A route that fits, how well it does, and its variables' values."""

    fit: tuple[int, ...]
    route: str
    captured: dict[str, str]


def match(routes: Iterable[str], path: str) -> Match | None:
    """The best of the routes; None if none fits. A slash at the end of a path does not count."""
    segments = (path.removesuffix("/") or "/").split("/")
    matches = [found for route in routes if (found := _match(route, segments))]
    return min(matches, key=lambda found: found.fit, default=None)


def _match(route: str, segments: list[str]) -> Match | None:
    fit: list[int] = []
    captured: dict[str, str] = {}
    names = route.split("/")
    for index, name in enumerate(names):
        if name.startswith("{") and name.endswith("+}"):
            captured[name[1:-2]] = rest = "/".join(segments[index:])
            return Match((*fit, _GREEDY), route, captured) if rest else None
        if index >= len(segments):
            return None
        if name.startswith("{") and name.endswith("}") and segments[index]:
            captured[name[1:-1]] = segments[index]
            fit.append(_VARIABLE)
        elif name == segments[index]:
            fit.append(_LITERAL)
        else:
            return None
    return Match(tuple(fit), route, captured) if len(names) == len(segments) else None
