"""What an environment logs: its stream of a function's log group.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from emulator.runtime import log_lines

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec
    from emulator.journal import Journal

#: How much of an invocation's log a caller may ask for.
#: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
TAIL_BYTES_MAX = 4_096


class EnvironmentLog:
    """Puts every line into the journal, and keeps the end of the present invocation's."""

    def __init__(self, spec: FunctionSpec, journal: Journal, *, now_ms: int) -> None:
        self.stream_name = log_lines.log_stream_name(now_ms)
        self._function = spec.name
        self._journal = journal
        self._where = {"group": f"/aws/lambda/{spec.function_name}", "stream": self.stream_name}
        # each line has a byte at least
        self._tail: deque[str] = deque(maxlen=TAIL_BYTES_MAX)

    def line(self, text: str) -> None:
        """What the function wrote, or what Lambda has to say of it."""
        self._tail.append(text[-TAIL_BYTES_MAX:])
        self._journal.record(self._function, "log", text=text, **self._where)

    def platform(self, text: str) -> None:
        """START, END or REPORT, which say nothing that the journal does not know otherwise."""
        self._tail.append(text)
        self._journal.record(self._function, "log", text=text, is_platform=True, **self._where)

    def forget_tail(self) -> None:
        self._tail.clear()

    def tail(self) -> bytes:
        """The end of what was logged since ``forget_tail``."""
        return "".join(f"{line}\n" for line in self._tail).encode()[-TAIL_BYTES_MAX:]
