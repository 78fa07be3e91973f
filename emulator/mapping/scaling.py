"""How many batches of one mapping may be on their way at once.

Lambda starts with five, adds up to 300 a minute while messages wait, and goes back when they do
not. After errors it takes fewer, unless the function reports which messages failed.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

from emulator.limits import (
    CONCURRENT_BATCHES_MAX,
    CONCURRENT_BATCHES_PER_MINUTE,
    CONCURRENT_BATCHES_START,
)

#: AWS's 300 a minute, one by one.
GROWTH_INTERVAL_MS = 60_000 // CONCURRENT_BATCHES_PER_MINUTE


class Scaling:
    """The limit, and what moves it.

    AWS does not say how it backs off. Here each batch that failed takes one from the limit, down
    to one, and each that did not gives one back, up to five; it grows further only when the last
    batch was no failure.
    """

    def __init__(self, *, most: int | None, backs_off: bool) -> None:
        """``most`` caps the limit; ``backs_off`` is False with ReportBatchItemFailures."""
        self._most = min(most or CONCURRENT_BATCHES_MAX, CONCURRENT_BATCHES_MAX)
        self._backs_off = backs_off
        self._is_failing = False
        self._grows_at_ms: int | None = None
        self.limit = self._start

    @property
    def _start(self) -> int:
        return min(CONCURRENT_BATCHES_START, self._most)

    def messages_wait(self, now_ms: int) -> None:
        """There is more to do than is on its way: one slot more, each time it is due."""
        if self._is_failing or self.limit >= self._most:
            self._grows_at_ms = None
        elif self._grows_at_ms is None:
            self._grows_at_ms = now_ms + GROWTH_INTERVAL_MS
        elif self._grows_at_ms <= now_ms:
            self.limit += 1
            self._grows_at_ms = None

    def throttled(self) -> None:
        """The function takes no more as it is: no growth for now."""
        self._grows_at_ms = None

    def nothing_waits(self, running: int) -> None:
        """The queue is empty: slots beyond the first ones are given up when they are free."""
        self._grows_at_ms = None
        self.limit = min(self.limit, max(self._start, running))

    def batch_ended(self, *, failed: bool) -> None:
        """``failed``: the invocation did, not only some of its messages."""
        if not self._backs_off:
            return
        self._is_failing = failed
        if failed:
            self.limit = max(self.limit - 1, 1)
        elif self.limit < self._start:
            self.limit += 1

    def next_ms(self) -> int | None:
        """When the limit grows if messages go on waiting."""
        return self._grows_at_ms
