"""What a person sees of the journal."""

from __future__ import annotations

import io
from typing import Any

import pytest

from emulator.journal import Entry
from emulator.terminal import Printer, render

AT_MS = 1_767_225_600_123  # 2026-01-01T00:00:00.123Z
IDS = ["0a1b2c3d-0000", "1a1b2c3d-0000", "2a1b2c3d-0000", "3a1b2c3d-0000"]


def line(action: str, **data: Any) -> str:
    return render(Entry(at_ms=AT_MS, subject="work", action=action, data=data))


def test_line_begins_with_the_time_in_utc_and_who() -> None:
    assert line("log", text="hello") == "00:00:00.123  work                 log      hello"


@pytest.mark.parametrize(
    ("action", "data", "expected"),
    [
        ("request", {"route": "POST /jobs", "status": 202, "duration_ms": 9, "request_id": "r"},
         "POST /jobs -> 202 in 9 ms"),
        ("send", {"message_ids": IDS[:1], "count": 1}, "1 message 0a1b2c3d"),
        ("receive", {"message_ids": IDS}, "4 messages 0a1b2c3d 1a1b2c3d 2a1b2c3d …"),
        ("invoke", {"message_ids": IDS[:1], "receive_counts": [1]}, "1 message 0a1b2c3d"),
        ("invoke", {"message_ids": IDS[:1], "receive_counts": [3]},
         "1 message 0a1b2c3d, receive 3"),
        ("invoke", {"source": "rate(1 minute)", "attempt": 1}, "by rate(1 minute)"),
        ("invoke", {"source": "clicks", "records": 2, "attempt": 3}, "by clicks, 2 records, try 3"),
        ("invoke", {"source": "rate(1 minute)", "attempt": 2}, "by rate(1 minute), try 2"),
        ("result", {"duration_ms": 3, "deleted": 1, "kept": 0}, "ok, 3 ms, 1 deleted"),
        ("result", {"duration_ms": 3, "deleted": 0, "kept": 2, "error": "ValueError"},
         "failed: ValueError, 3 ms, 0 deleted, 2 kept"),
        ("result", {"duration_ms": 3, "memory_used_mb": 54, "memory_mb": 128},
         "ok, 3 ms, 54 of 128 MB"),
        ("result", {"duration_ms": 3, "memory_used_mb": 54, "memory_mb": 128, "init_ms": 80},
         "ok, 3 ms, 54 of 128 MB, cold start 80 ms"),
        ("retry", {"message_ids": IDS[:1], "receive_counts": [2], "max_receive_count": 5,
                   "visible_in_seconds": 29.5},
         "1 message 0a1b2c3d returns in 29.5 s, received 2 of 5 times"),
        ("retry", {"next_try_in_seconds": 60}, "in 60 s"),
        ("throttle", {"message_ids": IDS[:1], "next_try_in_seconds": 1},
         "1 message 0a1b2c3d, tried again in 1 s"),
        ("dead-letter", {"message_ids": IDS[:1], "receive_count": 5, "target": "dlq"},
         "1 message 0a1b2c3d to dlq after 5 receives"),
        ("expire", {"count": 2}, "count 2"),
        ("refuse", {"reason": "Invoke: no JSON"}, " refuse   Invoke: no JSON"),
    ],
)  # fmt: skip
def test_each_thing_that_happens_reads_as_a_sentence(
    action: str, data: dict[str, Any], expected: str
) -> None:
    assert line(action, **data).endswith(f" {expected}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"action":"ended","_aws":{"CloudWatchMetrics":[]},"ms":1}', '{"action":"ended","ms":1}'),
        ('not JSON, but "_aws"', 'not JSON, but "_aws"'),
        ('["_aws"]', '["_aws"]'),
    ],
)
def test_log_line_is_shown_without_what_describes_its_metrics(text: str, shown: str) -> None:
    """.../AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html."""
    assert line("log", text=text).endswith(f" {shown}")


def test_further_lines_of_an_entry_stand_under_its_first() -> None:
    first, second = line("log", text="one\ntwo").splitlines()

    assert second.index("two") == first.index("one")


def test_printer_writes_no_colour_to_a_file_and_outlives_it() -> None:
    stream = io.StringIO()
    printer = Printer(stream)
    entry = Entry(at_ms=AT_MS, subject="work", action="error", data={"text": "no"})

    printer(entry)
    assert "\x1b" not in stream.getvalue()

    stream.close()
    printer(entry)


@pytest.mark.parametrize("with_platform_lines", [True, False])
def test_lines_that_the_result_sums_up_are_shown_on_demand(*, with_platform_lines: bool) -> None:
    stream = io.StringIO()
    printer = Printer(stream, with_platform_lines=with_platform_lines)
    printer(Entry(at_ms=AT_MS, subject="work", action="log", data={"text": "hello"}))
    data = {"text": "START RequestId: 1", "is_platform": True}
    printer(Entry(at_ms=AT_MS, subject="work", action="log", data=data))
    assert "hello" in stream.getvalue()
    assert ("START" in stream.getvalue()) is with_platform_lines
