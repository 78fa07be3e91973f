"""A cloud whose topics, buckets and buses push to functions; what they push is kept."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import boto3
import msgspec

from emulator.clock import VirtualClock
from emulator.cloud.aws import Cloud
from emulator.journal import Journal
from emulator.push import services
from emulator.push.seat import PushSeat

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work"


class Pushed(NamedTuple):
    """One event for a function."""

    arn: str
    event: dict[str, Any]
    source: str


class PushBench:
    """On virtual time; clients are answered by the cloud while a test uses the fixture."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.cloud = Cloud(self.clock, Journal(self.clock))
        self.pushed: list[Pushed] = []
        self.warnings: list[str] = []
        self.changes = 0
        services.seat(
            PushSeat(self.clock, self._deliver, lambda who, why: self.warn(who, why), self._changed)
        )

    def _changed(self) -> None:
        self.changes += 1

    def _deliver(self, arn: str, payload: bytes, source: str) -> None:
        self.pushed.append(Pushed(arn, msgspec.json.decode(payload), source))

    def warn(self, who: str, why: str) -> None:
        self.warnings.append(f"{who} {why}")

    @property
    def events(self) -> list[dict[str, Any]]:
        return [pushed.event for pushed in self.pushed]


@functools.cache
def client(service: str) -> Any:
    return boto3.session.Session().client(service, region_name="us-east-1")
