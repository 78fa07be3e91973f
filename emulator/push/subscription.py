"""What a decorator subscribes its function to: a topic, a bucket, events of the bus."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class TopicSubscription(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``@app.on_sns_message``"""

    #: the function's name in app.py
    function: str
    topic_arn: str
    #: FilterPolicy and FilterPolicyScope, as JSON; the merged template may add them
    settings: str = "{}"

    def __str__(self) -> str:
        return f"{self.function} <- topic {self.topic_arn.rpartition(':')[2]}"


class BucketNotification(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``@app.on_s3_event``"""

    function: str
    bucket: str
    #: ``s3:ObjectCreated:*`` and the like
    events: tuple[str, ...]
    prefix: str | None = None
    suffix: str | None = None

    def __str__(self) -> str:
        return f"{self.function} <- bucket {self.bucket}"


class EventRule(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``@app.on_cw_event``"""

    function: str
    #: the rule's name
    name: str
    #: the event pattern, as JSON
    pattern: str

    def __str__(self) -> str:
        return f"{self.function} <- events {self.pattern}"


Subscription: TypeAlias = TopicSubscription | BucketNotification | EventRule
