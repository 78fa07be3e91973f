"""Moments at which something is due, earliest first."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = TypeVar("Key")

#: Below this size a heap with cancelled entries is not worth sweeping.
_SWEEP_FROM = 64


class Deadlines(Generic[Key]):
    """One moment for each key; setting, cancelling and taking cost O(log n), amortised.

    A cancelled or replaced moment stays in the heap until it comes up or until such leftovers
    outnumber the rest. Keys that are due at the same moment come in the order they were set.
    """

    def __init__(self) -> None:
        self._due: dict[Key, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._ordinal = 0

    def set(self, key: Key, at_ms: int) -> None:
        """Make ``key`` due at ``at_ms``, and at no other moment."""
        self._ordinal += 1
        self._due[key] = at_ms, self._ordinal
        heapq.heappush(self._heap, (at_ms, self._ordinal, key))
        if len(self._heap) > 2 * len(self._due) + _SWEEP_FROM:
            self._heap = [entry for entry in self._heap if self._holds(entry)]
            heapq.heapify(self._heap)

    def cancel(self, key: Key) -> None:
        self._due.pop(key, None)

    def get(self, key: Key) -> int | None:
        """When ``key`` is due, None if it is not."""
        due = self._due.get(key)
        return due and due[0]

    def pop_due(self, now_ms: int) -> Iterator[Key]:
        """Take out every key that is due at ``now_ms`` or before, in order."""
        while (at_ms := self.next_ms()) is not None and at_ms <= now_ms:
            _, _, key = heapq.heappop(self._heap)
            del self._due[key]
            yield key

    def next_ms(self) -> int | None:
        """The earliest moment, or None."""
        while self._heap and not self._holds(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _holds(self, entry: tuple[int, int, Key]) -> bool:
        at_ms, ordinal, key = entry
        return self._due.get(key) == (at_ms, ordinal)
