"""Event filtering: which records of a source a mapping hands to its function.

A record that no filter matches is dropped before any invocation, from a queue for good.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.mapping import event_pattern
from emulator.mapping.event_pattern import EventPatternError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from emulator.mapping.event_pattern import Matcher


class InvalidFilterPatternError(ValueError):
    """A pattern that Lambda refuses, in its words; ``reason`` says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__("Invalid filter pattern definition.")
        self.reason = reason


class Filters:
    """The filters of one mapping, joined by or; without any, every record passes."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """``patterns`` are the JSON texts of FilterCriteria. Raises InvalidFilterPatternError."""
        self._patterns = [_Pattern(pattern) for pattern in patterns]

    def match(self, record: Mapping[str, Any], *, data_key: str | None = None) -> bool:
        """Whether the function is to get ``record``, as far as filters may see it.

        ``data_key`` names the member that holds the producer's text: ``body`` of a queue's record,
        ``data`` of a stream's, once it is decoded from Base64. A pattern with an object there sees
        into JSON, one with a list compares plain text; the other kind of text does not match.
        """
        if not self._patterns:
            return True
        text = record.get(data_key) if data_key else None
        content = _content(text) if isinstance(text, str) else None
        return any(pattern.match(record, data_key, content) for pattern in self._patterns)


class _Pattern:
    def __init__(self, text: str) -> None:
        try:
            self._matches: Matcher = event_pattern.parse(text)
            self._rules: dict[str, Any] = event_pattern.decode(text)
        except EventPatternError as error:
            raise InvalidFilterPatternError(str(error)) from None

    def match(self, record: Mapping[str, Any], data_key: str | None, content: Any) -> bool:
        """``content`` is the data if it is JSON, None if it is plain text."""
        wants_json = isinstance(self._rules.get(data_key or ""), dict)
        if data_key in self._rules and wants_json != (content is not None):
            return False
        return self._matches({**record, data_key: content} if wants_json else dict(record))


def patterns_of(criteria: Any) -> list[str]:
    """The patterns of a FilterCriteria, ``{"Filters": [{"Pattern": "…"}]}``; none if it is empty.

    Raises InvalidFilterPatternError for another shape.
    """
    filters = criteria.get("Filters") if isinstance(criteria, dict) else criteria
    if filters is None:
        return []
    if not isinstance(filters, list):
        raise InvalidFilterPatternError("Filters is a list")
    patterns = [f.get("Pattern") if isinstance(f, dict) else None for f in filters]
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise InvalidFilterPatternError('a filter is {"Pattern": "…"}, the pattern as text')
    return [str(pattern) for pattern in patterns]


def _content(text: str) -> Any:
    """The text's JSON object or array; None for any other text, which is plain."""
    try:
        content = event_pattern.decode(text)
    except ValueError:
        return None
    return content if isinstance(content, (dict, list)) else None
