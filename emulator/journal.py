"""One record of everything that happened, in order, for the terminal, for tests, for status."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulator.clock import Clock

#: Older entries are dropped: a journal is for looking at, not for keeping.
ENTRIES_MAX = 10_000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at_ms: int
    #: who: a queue's, function's, table's or route's name
    subject: str
    #: a stable machine name: ``request``, ``send``, ``receive``, ``invoke``, ``result``, ``retry``,
    #: ``dead-letter``, ``log``, ``note`` …
    action: str
    #: what else is known: ids, counts, durations; a number's name ends in its unit
    data: dict[str, Any] = {}


class Journal:
    """The last entries, and those who want to hear of the next one."""

    def __init__(self, clock: Clock, entries_max: int = ENTRIES_MAX) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=entries_max)
        self._listeners: list[Callable[[Entry], object]] = []
        self._lock = threading.Lock()

    def record(self, subject: str, action: str, **data: Any) -> None:
        """Add what just happened."""
        self.add(Entry(at_ms=self._clock.now_ms(), subject=subject, action=action, data=data))

    def add(self, entry: Entry) -> None:
        """Add an entry that carries its own time, as another process's do."""
        with self._lock:
            self._entries.append(entry)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(entry)

    def listen(self, listener: Callable[[Entry], object]) -> None:
        """Call ``listener`` with every later entry, in the thread that records it."""
        with self._lock:
            self._listeners.append(listener)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def entries(self, *, subject: str | None = None, action: str | None = None) -> list[Entry]:
        """The entries kept, oldest first, of one subject or action if asked."""
        return [e for e in self if subject in (None, e.subject) and action in (None, e.action)]

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))
