"""Which route of a Chalice app a path belongs to, as API Gateway decides it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from chalice import local

#: How well a segment of a route fits: the better one wins at the first segment that differs.
_LITERAL, _VARIABLE, _GREEDY = range(3)


class _Match(NamedTuple):
    fit: tuple[int, ...]
    route: str
    captured: dict[str, str]


class RouteMatcher(local.RouteMatcher):  # type: ignore[misc]  # chalice has no types
    """Chalice's matcher with greedy variables: ``/files/{path+}`` takes every path below /files.

    The most specific route wins, whatever its method.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html

    The stage's name may stand in front, as it does in the API's own URL on AWS, unless a route of
    the app begins with that very name.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
    """

    def __init__(self, route_urls: list[str], *, stage: str | None = None) -> None:
        super().__init__(route_urls)
        self._stage = None if any(r.split("/")[1] == stage for r in route_urls) else stage

    def match_route(self, url: str) -> local.MatchResult:
        """Raises ValueError if no route fits."""
        split = urlsplit(url)
        query = parse_qs(split.query, keep_blank_values=True)
        segments = (split.path.removesuffix("/") or "/").split("/")
        if segments[1:2] == [self._stage]:
            segments = ["", *(segments[2:] or [""])]
        matches = [found for route in self.route_urls if (found := _match(route, segments))]
        if not matches:
            raise ValueError(f"no route fits {split.path}")
        best = min(matches, key=lambda match: match.fit)
        return local.MatchResult(best.route, best.captured, query)


def _match(route: str, segments: list[str]) -> _Match | None:
    fit: list[int] = []
    captured: dict[str, str] = {}
    names = route.split("/")
    for index, name in enumerate(names):
        if name.startswith("{") and name.endswith("+}"):
            captured[name[1:-2]] = rest = "/".join(segments[index:])
            return _Match((*fit, _GREEDY), route, captured) if rest else None
        if index >= len(segments):
            return None
        if name.startswith("{") and name.endswith("}") and segments[index]:
            captured[name[1:-1]] = segments[index]
            fit.append(_VARIABLE)
        elif name == segments[index]:
            fit.append(_LITERAL)
        else:
            return None
    return _Match(tuple(fit), route, captured) if len(names) == len(segments) else None
