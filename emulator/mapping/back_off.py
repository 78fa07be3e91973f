"""How long a throttled invocation waits for its next try."""

from __future__ import annotations


def back_off_seconds(tries: int, *, longest_seconds: int) -> int:
    """1, 2, 4 … seconds after the first, second, third … throttle, ``longest_seconds`` at most."""
    return min(1 << min(tries - 1, 30), longest_seconds)
