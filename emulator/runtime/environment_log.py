"""What an environment logs: its stream of a function's log group.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from emulator.limits import LOG_TAIL_BYTES_MAX
from emulator.runtime import log_lines, log_records

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec, Usage
    from emulator.journal import Journal


#: Begins what the runtime client says of every module that does not load, before it says why.
_IS_NO_NEWS = "\tLAMBDA_WARNING: Unhandled exception."


class EnvironmentLog:
    """Puts every line into the journal, and keeps the end of the present invocation's."""

    def __init__(self, spec: FunctionSpec, journal: Journal, *, now_ms: int) -> None:
        self._version = spec.version
        self._settings = spec.logs
        self.stream_name = log_lines.log_stream_name(now_ms, spec.version)
        self._function = spec.name
        self._journal = journal
        self._where = {"group": spec.log_group_name, "stream": self.stream_name}
        self._tail = b""

    def line(self, text: str) -> None:
        """What the function wrote, or what Lambda has to say of it."""
        if _IS_NO_NEWS in text:
            self._platform(text)
        else:
            self._record(text)

    def start(self, now_ms: int, request_id: str) -> None:
        """Lambda's line before an invocation."""
        if not self._settings.is_json:
            self._platform(log_lines.start(request_id, self._version))
        elif self._shows(logging.INFO):
            self._platform(log_records.start(now_ms, request_id, self._version))

    def end(self, now_ms: int, request_id: str, usage: Usage, *, error: str | None) -> None:
        """Lambda's lines after one, with what it took."""
        if not self._settings.is_json:
            self._platform(log_lines.end(request_id))
            self._platform(log_lines.report(request_id, usage, error))
        elif self._shows(logging.WARNING if error else logging.INFO):
            self._platform(log_records.report(now_ms, request_id, usage, error=error))

    def _shows(self, level: int) -> bool:
        return log_records.is_shown(level, self._settings.system_level)

    def _platform(self, text: str) -> None:
        """A line that says nothing that the journal does not know otherwise."""
        self._record(text, is_platform=True)

    def forget_tail(self) -> None:
        self._tail = b""

    def tail(self) -> str:
        """The end of what was logged since ``forget_tail``."""
        return self._tail.decode(errors="replace")

    def _record(self, text: str, **more: bool) -> None:
        self._tail = (self._tail + text.encode() + b"\n")[-LOG_TAIL_BYTES_MAX:]
        self._journal.record(self._function, "log", text=text, **self._where, **more)
