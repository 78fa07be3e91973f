"""CloudWatch Logs of the functions: what they wrote, as ``aws logs`` shows it.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html

Lines are put aside as they come, which costs an invocation nothing, and become moto's log events
when somebody asks CloudWatch Logs for anything.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

import moto.backends

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.journal import Entry

#: The oldest lines go when there are more, or when they are larger: this is for looking at.
LINES_MAX = 20_000
BYTES_MAX = 32 * 1024 * 1024


class _Line(NamedTuple):
    group: str
    stream: str
    at_ms: int
    text: str


class FunctionLogs:
    """A listener of the journal that keeps what functions log."""

    def __init__(
        self,
        account_id: str,
        region: str,
        *,
        lines_max: int = LINES_MAX,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self._account_id = account_id
        self._region = region
        self._lines_max = lines_max
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._waiting: deque[_Line] = deque()
        #: written: the stream of each line, oldest first, and how long it is
        self._written: deque[tuple[Any, int]] = deque()
        self._waiting_bytes = self._written_bytes = 0

    def __call__(self, entry: Entry) -> None:
        """Put a line of a function's log aside; any thread may."""
        if entry.action != "log" or "group" not in entry.data:
            return
        data = entry.data
        with self._lock:
            self._waiting.append(_Line(data["group"], data["stream"], entry.at_ms, data["text"]))
            self._waiting_bytes += len(data["text"])
            while self._is_over(len(self._waiting), self._waiting_bytes):
                self._waiting_bytes -= len(self._waiting.popleft().text)

    def write(self) -> None:
        """Give what waits to moto, whose groups and streams are made as needed. Hold its lock."""
        with self._lock:
            lines, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
        by_stream: dict[tuple[str, str], list[_Line]] = {}
        for line in lines:
            by_stream.setdefault((line.group, line.stream), []).append(line)
        for (group, stream), its_lines in by_stream.items():
            self._write(self._stream(group, stream), its_lines)
        self._forget_the_oldest()

    def _stream(self, group_name: str, stream_name: str) -> Any:
        backend: Any = moto.backends.get_backend("logs")[self._account_id][self._region]
        backend.ensure_log_group(group_name)
        group = backend.groups[group_name]
        if stream_name not in group.streams:
            group.create_log_stream(stream_name)
        return group.streams[stream_name]

    def _write(self, stream: Any, lines: Iterable[_Line]) -> None:
        stream.put_log_events([{"timestamp": at, "message": text} for _, _, at, text in lines])
        self._written.extend((stream, len(line.text)) for line in lines)
        self._written_bytes += sum(len(line.text) for line in lines)

    def _forget_the_oldest(self) -> None:
        forgotten: Counter[Any] = Counter()
        while self._is_over(len(self._written), self._written_bytes):
            stream, size = self._written.popleft()
            self._written_bytes -= size
            forgotten[stream] += 1
        for stream, count in forgotten.items():
            del stream.events[:count]
            if not stream.events:
                stream.log_group.streams.pop(stream.log_stream_name, None)

    def _is_over(self, lines: int, size_bytes: int) -> bool:
        return lines > self._lines_max or size_bytes > self._bytes_max
