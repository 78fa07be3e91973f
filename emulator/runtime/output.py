"""What a process writes, as lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: One read, which is also what a pipe holds.
_READ_BYTES = 65_536
#: Most reads at once: a process that writes without pause does not keep the reader.
_READS_MAX = 64
#: Longest line; a longer one is cut, as CloudWatch Logs does.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
LINE_BYTES_MAX = 1_048_576


class Output:
    """The read end of a process's pipe, read without blocking by whoever waits for the process."""

    def __init__(self, descriptor: int, log: Callable[[str], object]) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._log = log
        self._rest = b""
        self.ended = False

    def read(self) -> None:
        """Log every line that is there; at the end of the stream also an unfinished one."""
        for _ in range(_READS_MAX):
            try:
                data = os.read(self.descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            self._add(data)
            if not data:
                self.ended = True
                return

    def end_line(self) -> None:
        """Log what there is of an unfinished line."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""

    def _add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line)
        if not data or len(self._rest) > LINE_BYTES_MAX:
            self.end_line()

    def _write(self, line: bytes) -> None:
        # The runtime client separates the lines of one log event by carriage returns.
        self._log(line.decode(errors="replace").rstrip("\r").replace("\r", "\n"))
