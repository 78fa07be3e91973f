"""What Lambda sends on by itself: a value that those make who know nothing of the cloud."""

from __future__ import annotations

import msgspec


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A result that goes to a destination, or an event that goes to a dead-letter queue."""

    #: ARN of where it goes
    target: str
    #: ARN of the function
    sender: str
    body: str
    #: message attributes of a queue or topic: name to type and text
    attributes: dict[str, tuple[str, str]] = {}
    #: EventBridge's name for it
    detail_type: str = "Lambda Function Invocation Result - Failure"
