"""How many invocations of one function may run at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec

#: A function without reserved concurrency: on AWS the account's limit holds, here memory does.
CONCURRENCY_MAX = 16


class Concurrency:
    """The slots of one function: its reserved concurrency, or CONCURRENCY_MAX.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def __init__(self, spec: FunctionSpec) -> None:
        self.reserved = spec.reserved_concurrency
        self._limit = self._free = _limit(spec.reserved_concurrency)
        self._lock = threading.Lock()

    def resize(self, reserved: int | None) -> None:
        """Change the number of slots; what runs goes on, though it may now be too many."""
        with self._lock:
            self.reserved = reserved
            limit = _limit(reserved)
            self._free += limit - self._limit
            self._limit = limit

    def try_acquire(self) -> bool:
        """Take a slot; False if all are taken, which Lambda answers with a throttle."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
            return True

    def release(self) -> None:
        """Give a slot back."""
        with self._lock:
            self._free += 1


def _limit(reserved: int | None) -> int:
    return CONCURRENCY_MAX if reserved is None else reserved
