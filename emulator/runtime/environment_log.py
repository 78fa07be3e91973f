"""What an environment logs: its stream of a function's log group.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.limits import LOG_TAIL_BYTES_MAX
from emulator.runtime import log_lines

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec
    from emulator.journal import Journal


#: Begins what the runtime client says of every module that does not load, before it says why.
_IS_NO_NEWS = "\tLAMBDA_WARNING: Unhandled exception."


class EnvironmentLog:
    """Puts every line into the journal, and keeps the end of the present invocation's."""

    def __init__(self, spec: FunctionSpec, journal: Journal, *, now_ms: int) -> None:
        self.stream_name = log_lines.log_stream_name(now_ms, spec.version)
        self._function = spec.name
        self._journal = journal
        self._where = {"group": spec.log_group_name, "stream": self.stream_name}
        self._tail = b""

    def line(self, text: str) -> None:
        """What the function wrote, or what Lambda has to say of it."""
        if _IS_NO_NEWS in text:
            self.platform(text)
        else:
            self._record(text)

    def platform(self, text: str) -> None:
        """A line that says nothing that the journal does not know otherwise: START, END, REPORT."""
        self._record(text, is_platform=True)

    def forget_tail(self) -> None:
        self._tail = b""

    def tail(self) -> str:
        """The end of what was logged since ``forget_tail``."""
        return self._tail.decode(errors="replace")

    def _record(self, text: str, **more: bool) -> None:
        self._tail = (self._tail + text.encode() + b"\n")[-LOG_TAIL_BYTES_MAX:]
        self._journal.record(self._function, "log", text=text, **self._where, **more)
