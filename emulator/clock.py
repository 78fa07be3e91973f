"""Time, as an argument: one clock of the machine, one that a test moves.

No other module of the emulator reads the time or waits (the linter holds this). Times are whole
milliseconds since 1970, so that adding a timeout never leaves a remainder.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable


class Clock(Protocol):
    """What every rule of the emulator knows of time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, never going backwards."""

    def wait(self, condition: threading.Condition, until_ms: int | None) -> None:
        """Wait, holding ``condition``, until it is notified or ``until_ms`` is reached.

        ``None`` waits for a notification only. May return early; callers check again.
        """


class SystemClock:
    """The machine's time, carried forward by its monotonic clock so that it cannot step back."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> int:
        return (self._offset_ns + time.monotonic_ns()) // 1_000_000

    def wait(self, condition: threading.Condition, until_ms: int | None) -> None:
        if until_ms is None:
            condition.wait()
        elif (left_ms := until_ms - self.now_ms()) > 0:
            condition.wait(left_ms / 1000)


class ClockWentBackError(ValueError):
    """A virtual clock only moves forward."""


class VirtualClock:
    """A clock that stands still until somebody moves it; waiting costs nothing."""

    #: 2026-01-01T00:00:00Z: a fixed start, so that every run of a test sees the same times.
    START_MS = 1_767_225_600_000

    def __init__(self, start_ms: int = START_MS) -> None:
        self._now_ms = start_ms
        self._listeners: list[Callable[[int], object]] = []

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, seconds: float) -> None:
        """Move ``seconds`` forward."""
        self.advance_to(self._now_ms + round(seconds * 1000))

    def advance_to(self, at_ms: int) -> None:
        """Move to ``at_ms``; raises ClockWentBackError if that is past."""
        if at_ms < self._now_ms:
            raise ClockWentBackError(f"{at_ms} is before {self._now_ms}")
        self._now_ms = at_ms
        for listener in self._listeners:
            listener(at_ms)

    def on_advance(self, listener: Callable[[int], object]) -> None:
        """Call ``listener`` with the new time after every move, and once now."""
        self._listeners.append(listener)
        listener(self._now_ms)

    def wait(self, condition: threading.Condition, until_ms: int | None) -> None:
        """Jump to ``until_ms``: nobody else runs while a test waits, so nothing can come earlier.

        With ``None`` nothing could ever come: that is a deadlock, and raises.
        """
        if until_ms is None:
            raise RuntimeError("waiting without an end on a virtual clock never returns")
        if until_ms > self._now_ms:
            self.advance_to(until_ms)
