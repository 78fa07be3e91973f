"""How much memory a process uses, sampled while somebody waits for it.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

import psutil

_MB = 1_048_576


class OutOfMemoryError(Exception):
    """The process uses more memory than its function has."""


class Memory:
    """The memory of one process; ``limit_mb`` None only measures.

    Two measures: what is reported is resident memory, as Lambda reports it. What is held against
    the limit leaves out the pages of shared libraries, which the kernel could drop instead; so
    nothing ends here that would live on Lambda.
    """

    def __init__(self, pid: int, limit_mb: int | None) -> None:
        self._process = psutil.Process(pid)
        self._limit_bytes = None if limit_mb is None else limit_mb * _MB
        #: the most that any sample has seen
        self.used_mb = 0

    def sample(self) -> None:
        """Look now; raises OutOfMemoryError. A process that is gone uses none."""
        try:
            seen = self._process.memory_info()
        except psutil.Error:
            return
        self.used_mb = max(self.used_mb, seen.rss // _MB)
        if self._limit_bytes is None:
            return
        # macOS does not tell how much is shared
        if seen.rss - getattr(seen, "shared", 0) > self._limit_bytes:
            raise OutOfMemoryError
