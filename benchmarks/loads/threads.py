"""Sixteen threads at once, and what they saw."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

Seen = TypeVar("Seen")

THREADS = 16
#: What a call may raise: the client's own errors, and from moto in this process those of a
#: dictionary or a list that another thread changes meanwhile.
CALL_ERRORS = (BotoCoreError, ClientError, RuntimeError, LookupError, TypeError, ValueError)


def at_once(work: Callable[[int], Seen]) -> list[Seen]:
    """``work(number)`` in every thread, all released at the same moment."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> Seen:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
