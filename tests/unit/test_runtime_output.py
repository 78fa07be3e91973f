"""A process's output becomes lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from emulator.runtime.output import LINE_BYTES_MAX, Output

if TYPE_CHECKING:
    from collections.abc import Iterator


class Written:
    """A pipe whose read end is an Output."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.lines: list[str] = []
        self.output = Output(self.reader, self.lines.append)

    def write(self, data: bytes) -> list[str]:
        os.write(self.writer, data)
        self.output.read()
        return self.lines

    def end(self) -> list[str]:
        os.close(self.writer)
        self.output.read()
        return self.lines


@pytest.fixture
def written() -> Iterator[Written]:
    pipe = Written()
    yield pipe
    os.close(pipe.reader)
    if not pipe.output.ended:
        os.close(pipe.writer)


def test_printed_text_goes_out_as_it_is(written: Written) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    assert written.write(b"one\n\n  two\xc3\xa4\n") == ["one", "", "  two\u00e4"]


def test_unfinished_line_waits_for_its_end(written: Written) -> None:
    assert written.write(b"one\ntw") == ["one"]
    assert written.write(b"o\n") == ["one", "two"]


def test_unfinished_line_is_logged_when_the_output_ends(written: Written) -> None:
    written.write(b"last words")
    assert written.end() == ["last words"]
    assert written.output.ended


def test_carriage_returns_separate_the_lines_of_one_log_event(written: Written) -> None:
    """The runtime client writes an error and its traceback as one event."""
    assert written.write(b"[ERROR] ValueError\rTraceback\r\n") == ["[ERROR] ValueError\nTraceback"]


def test_bytes_that_are_no_text_are_replaced(written: Written) -> None:
    assert written.write(b"\xff\n") == ["\ufffd"]


def test_endless_line_is_cut(written: Written) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
    for _ in range(LINE_BYTES_MAX // 65_536 + 1):
        written.write(b"x" * 65_536)
    assert [len(line) for line in written.lines] == [LINE_BYTES_MAX + 65_536]
