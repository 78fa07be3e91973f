"""A pytest plugin for moto's own tests: our queues in moto's place, as in the emulator."""

from __future__ import annotations

import threading
import time

from emulator.cloud import moto_caches
from emulator.cloud.aws import ACCOUNT_ID
from emulator.sqs import backend


class WallClock:
    """The time as moto's tests see it, who freeze and move it."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def wait(self, condition: threading.Condition, until_ms: int | None) -> None:
        condition.wait(None if until_ms is None else max(0, until_ms - self.now_ms()) / 1000)


def pytest_configure() -> None:
    moto_caches.install(ACCOUNT_ID)
    backend.seat(clock=WallClock(), condition=threading.Condition(threading.RLock()))
