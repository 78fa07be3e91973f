"""The service's only reader of the machine's clock; a test moves it by moving ``time``."""

from __future__ import annotations

import datetime
import time


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def sleep(seconds: float) -> None:
    """Do nothing for a while."""
    time.sleep(seconds)


def rfc3339(at_ms: int) -> str:
    """A time as clients see it: UTC, to the millisecond. https://www.rfc-editor.org/rfc/rfc3339"""
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"
