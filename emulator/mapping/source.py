"""What the scheduler knows of anything that starts work by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

#: Something to run outside the lock: as a rule, one invocation of a function.
Work = Callable[[], None]


class Source(Protocol):
    """An event source, stepped under the cloud's lock. Its string is its name for the user."""

    def step(self, now_ms: int) -> Sequence[Work]:
        """Do what is due at ``now_ms`` and return what is to be run.

        A source that has more to hand out may do so in the next step: it is stepped until it
        returns nothing. So, where work runs in place, each piece is taken up when it can start.
        """

    def next_due_ms(self, now_ms: int) -> int | None:
        """When ``step`` will have something to do if nothing else changes; None if never."""

    def pending(self, now_ms: int) -> bool:
        """Whether there is work that a test would wait for."""
