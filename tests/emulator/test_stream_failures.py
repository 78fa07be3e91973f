"""What becomes of a batch of stream records that fails.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_builders import CRASH, Event, ScriptedFunction
from stream_bench import StreamBench, calls, texts

from emulator.invocation import Outcome

QUEUE = "arn:aws:sqs:us-east-1:123456789012:given-up"


@pytest.fixture
def bench() -> StreamBench:
    made = StreamBench()
    made.create_stream()
    return made


def failing_on(*bad: str) -> Any:
    """An answer that is an error if one of these texts is in the batch."""
    return lambda event: CRASH if set(bad) & set(texts(event)) else None


def reporting(*bad: str) -> Any:
    """An answer that names the records with these texts."""

    def answer(event: Event) -> Any:
        failed = [r for r, t in zip(event["Records"], texts(event), strict=True) if t in bad]
        names = [{"itemIdentifier": r["kinesis"]["sequenceNumber"]} for r in failed]
        return {"batchItemFailures": names}

    return answer


def test_failed_batch_blocks_its_shard_until_it_succeeds(bench: StreamBench) -> None:
    """Retried as a whole, before anything newer (…/with-kinesis.html)."""
    function = ScriptedFunction(CRASH, CRASH, None)
    bench.connect(function)
    bench.put("a", "b")
    bench.advance(0)
    bench.put("c")
    bench.run_until_idle()

    assert calls(function) == [["a", "b"], ["a", "b"], ["a", "b"], ["c"]]
    assert bench.called_after_seconds() == [0, 1, 3, 3]


def test_failed_batch_is_tried_until_its_records_expire(bench: StreamBench) -> None:
    """Without settings, for a day (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction(failing_on("bad"))
    bench.connect(function)
    bench.put("bad")
    bench.advance(3600)
    bench.put("good")
    bench.advance(23 * 3600)
    assert ["good"] not in calls(function)

    bench.advance(120)
    assert calls(function)[-1] == ["good"]
    assert [e.data["condition"] for e in bench.journal.entries(action="drop")] == [
        "RecordAgeExceeded"
    ]


def test_maximum_retry_attempts_give_the_batch_up(bench: StreamBench) -> None:
    """MaximumRetryAttempts (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction(failing_on("bad"))
    bench.connect(function, maximum_retry_attempts=2, batch_size=1)
    bench.put("bad", "good")
    bench.run_until_idle()

    assert calls(function) == [["bad"], ["bad"], ["bad"], ["good"]]


def test_throttles_use_up_no_retry(bench: StreamBench) -> None:
    """Only errors of the function count (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction(concurrency=1)
    bench.connect(function, maximum_retry_attempts=0)
    assert function.try_acquire()
    bench.put("a")
    bench.advance(6)
    function.release()
    bench.run_until_idle()

    assert (calls(function), bench.called_after_seconds()) == ([["a"]], [7])


def test_maximum_record_age_gives_old_records_up(bench: StreamBench) -> None:
    """MaximumRecordAgeInSeconds; younger ones are tried on (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction(failing_on("old"))
    bench.connect(function, maximum_record_age_seconds=60, window_seconds=40)
    bench.put("old")
    bench.advance(20)
    bench.put("young")
    bench.run_until_idle()

    assert calls(function)[0] == ["old", "young"]
    assert calls(function)[-1] == ["young"]


def test_bisecting_finds_the_record_that_fails(bench: StreamBench) -> None:
    """Halves, in order; a split is no retry (…/kinesis-on-failure-destination.html)."""
    function = ScriptedFunction(failing_on("c"))
    bench.connect(function, bisect_batch_on_function_error=True, maximum_retry_attempts=1)
    bench.put("a", "b", "c", "d")
    bench.run_until_idle()

    assert calls(function) == [
        ["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["c"], ["d"],
    ]  # fmt: skip


def test_named_record_is_where_the_next_try_begins(bench: StreamBench) -> None:
    """The lowest number is the checkpoint (…/services-kinesis-batchfailurereporting.html)."""
    function = ScriptedFunction(reporting("d", "b"), None)
    bench.connect(function, report_batch_item_failures=True)
    bench.put("a", "b", "c", "d")
    bench.run_until_idle()

    assert calls(function) == [["a", "b", "c", "d"], ["b", "c", "d"]]


def test_named_record_takes_the_place_of_bisecting(bench: StreamBench) -> None:
    """Split at the number that is returned (…/services-kinesis-batchfailurereporting.html)."""
    function = ScriptedFunction(reporting("c"), None)
    bench.connect(function, report_batch_item_failures=True, bisect_batch_on_function_error=True)
    bench.put("a", "b", "c", "d")
    bench.run_until_idle()

    assert calls(function) == [["a", "b", "c", "d"], ["c", "d"]]


@pytest.mark.parametrize("answer", [{"batchItemFailures": [{"itemIdentifier": ""}]}, "text"])
def test_answer_that_cannot_be_read_fails_the_whole_batch(bench: StreamBench, answer: Any) -> None:
    """As for queues (…/services-kinesis-batchfailurereporting.html)."""
    function = ScriptedFunction(answer, None)
    bench.connect(function, report_batch_item_failures=True)
    bench.put("a", "b")
    bench.run_until_idle()

    assert calls(function) == [["a", "b"], ["a", "b"]]


def test_report_is_ignored_if_the_mapping_does_not_declare_it(bench: StreamBench) -> None:
    """FunctionResponseTypes (…/services-kinesis-batchfailurereporting.html)."""
    function = ScriptedFunction(reporting("a"))
    bench.connect(function)
    bench.put("a", "b")
    bench.run_until_idle()

    assert calls(function) == [["a", "b"]]


def test_destination_gets_the_numbers_of_the_records_that_were_given_up(
    bench: StreamBench,
) -> None:
    """The record's members (…/kinesis-on-failure-destination.html)."""
    function = ScriptedFunction(Outcome.failed("ValueError", "no"))
    bench.connect(function, maximum_retry_attempts=1, on_failure=QUEUE)
    first, last = bench.put("a", "b")
    bench.run_until_idle()

    (letter,) = bench.letters
    record = json.loads(letter.body)
    assert letter.target == QUEUE
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["KinesisBatchInfo"] == {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": first,
        "endSequenceNumber": last,
        "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00.000Z",
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:00.000Z",
        "batchSize": 2,
        "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/clicks",
    }
