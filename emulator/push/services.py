"""Seats every service that pushes events to functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.push import bucket, event_bus, topic

if TYPE_CHECKING:
    from emulator.push.seat import PushSeat


def seat(push_seat: PushSeat) -> None:
    """Let topics, buckets and event buses deliver to functions through ``push_seat``."""
    topic.seat(push_seat)
    bucket.seat(push_seat)
    event_bus.seat(push_seat)
