"""What topics, buckets and event buses need to know of the emulator to call functions."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import msgspec

from emulator.clock import Clock

#: Has the function of an ARN (first) invoked with a JSON event (second) by and by; the third tells
#: the user who sent it. Never raises, never runs the function while the sender waits.
Deliver = Callable[[str, bytes, str], None]


class PushSeat(msgspec.Struct, frozen=True):
    """Shared by the seats of all services that push events to functions."""

    clock: Clock
    deliver: Deliver
    #: tells the user of what is not delivered: who, and why
    warn: Callable[[str, str], None]
    #: wakes whoever waits for the next thing that is due
    changed: Callable[[], None]

    def timestamp(self) -> str:
        """Now, as ``2026-01-01T00:00:00.000Z``."""
        now_ms = self.clock.now_ms()
        at = datetime.datetime.fromtimestamp(now_ms // 1000, datetime.timezone.utc)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{now_ms % 1000:03d}Z"
