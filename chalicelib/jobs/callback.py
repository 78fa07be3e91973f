"""What a client asked to be told when its job ends, and how far telling it has come."""

from __future__ import annotations

import enum

import msgspec


class Event(str, enum.Enum):
    """An end that can be told: a job's status."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


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
    events: tuple[str, ...] = tuple(event.value for event in Event)
    #: deliveries that were tried
    attempts: int = 0
    #: when the next is expected; None before the first
    next_at_ms: int | None = None
    #: None while there is none
    outcome: Outcome | None = None

    def wait_seconds(self, now_ms: int) -> int:
        """How long the next delivery is to wait still."""
        return max(0, -(-((self.next_at_ms or now_ms) - now_ms) // 1000))
