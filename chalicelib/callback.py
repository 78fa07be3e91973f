"""What a client asked to be told when its job ends, and how far telling it has come."""

from __future__ import annotations

import enum

import msgspec

#: The ends that can be told, all of them unless the client chooses.
EVENTS = ("succeeded", "failed", "canceled")


class Outcome(str, enum.Enum):
    """How telling it ended."""

    DELIVERED = "delivered"
    #: every attempt failed, or the receiver wanted no more
    FAILED = "failed"
    #: the URL leads where callbacks do not go
    REFUSED = "refused"


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One job's callback. Times are milliseconds since 1970."""

    url: str
    events: tuple[str, ...] = EVENTS
    #: deliveries that were tried
    attempts: int = 0
    #: when the next is expected; None before the first
    next_at_ms: int | None = None
    #: None while there is none
    outcome: Outcome | None = None
