"""A stream's mapping: order, batches, window, starting position, shards.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""

from __future__ import annotations

import msgspec
import pytest
from mapping_builders import CRASH, ScriptedFunction
from stream_bench import TABLE_ARN, StreamBench, calls

from emulator.invocation import Outcome, Usage
from emulator.limits import EVENT_BYTES_MAX


@pytest.fixture
def bench() -> StreamBench:
    made = StreamBench()
    made.create_stream()
    return made


def test_records_arrive_in_the_order_in_which_they_were_put(bench: StreamBench) -> None:
    """Each shard is processed in order (…/with-kinesis.html)."""
    function = ScriptedFunction()
    bench.connect(function)
    bench.put("a", "b")
    bench.put("c")
    bench.run_until_idle()

    assert calls(function) == [["a", "b", "c"]]


def test_batch_has_at_most_its_size(bench: StreamBench) -> None:
    """BatchSize (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction()
    bench.connect(function, batch_size=2)
    bench.put("a", "b", "c", "d", "e")
    bench.run_until_idle()

    assert calls(function) == [["a", "b"], ["c", "d"], ["e"]]


def test_event_never_passes_six_megabytes(bench: StreamBench) -> None:
    """The payload limit closes a batch (…/invocation-eventsourcemapping.html)."""
    function = ScriptedFunction()
    bench.connect(function)
    big = "x" * (EVENT_BYTES_MAX // 8)
    for text in (big, big, big, big, big, big, big):
        bench.put(text)
    bench.run_until_idle()

    assert [len(texts) for texts in calls(function)] == [5, 2]


def test_without_a_window_the_function_is_called_at_once(bench: StreamBench) -> None:
    """The default window is zero (…/invocation-eventsourcemapping.html)."""
    bench.connect(ScriptedFunction())
    bench.put("a")
    bench.advance(0)

    assert bench.called_after_seconds() == [0]


def test_window_starts_with_the_first_record(bench: StreamBench) -> None:
    """MaximumBatchingWindowInSeconds (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction()
    bench.connect(function, window_seconds=30)
    bench.advance(7)
    bench.put("a")
    bench.advance(20)
    bench.put("b")
    bench.run_until_idle()

    assert (calls(function), bench.called_after_seconds()) == ([["a", "b"]], [37])


def test_full_batch_does_not_wait_for_its_window(bench: StreamBench) -> None:
    """What comes first decides (…/invocation-eventsourcemapping.html)."""
    function = ScriptedFunction()
    bench.connect(function, window_seconds=30, batch_size=2)
    bench.put("a", "b", "c")
    bench.run_until_idle()

    assert (calls(function), bench.called_after_seconds()) == ([["a", "b"], ["c"]], [0, 30])


@pytest.mark.parametrize(
    ("position", "expected"), [("LATEST", [["new"]]), ("TRIM_HORIZON", [["old", "new"]])]
)
def test_starting_position_says_whether_older_records_count(
    bench: StreamBench, position: str, expected: list[list[str]]
) -> None:
    """StartingPosition (…/services-kinesis-parameters.html)."""
    function = ScriptedFunction()
    bench.put("old")
    bench.connect(function, starting_position=position)
    bench.put("new")
    bench.run_until_idle()

    assert calls(function) == expected


def test_shard_has_one_batch_on_its_way_at_a_time(bench: StreamBench) -> None:
    """One concurrent invocation for each shard (…/kinesis-scaling.html)."""
    function = ScriptedFunction()
    mapping = bench.connect(function, batch_size=1)
    bench.put("a", "b")
    (work,) = mapping.step(bench.clock.now_ms())

    assert mapping.step(bench.clock.now_ms()) == ()
    assert mapping.next_due_ms(bench.clock.now_ms()) is None
    work()
    assert len(mapping.step(bench.clock.now_ms())) == 1


def test_shards_are_read_side_by_side() -> None:
    """A shard that fails does not hold up others (…/with-kinesis.html)."""
    bench = StreamBench()
    bench.create_stream(shards=2)
    function = ScriptedFunction()
    mapping = bench.connect(function)
    for number in range(20):
        bench.put(str(number), key=str(number))

    assert len([work for _ in range(3) for work in mapping.step(bench.clock.now_ms())]) == 2


def test_child_shards_follow_when_their_parent_has_been_read(bench: StreamBench) -> None:
    """Records keep their order through a split (…/kinesis-scaling.html)."""
    function = ScriptedFunction(CRASH, None)
    bench.connect(function)
    bench.put("before")
    shard = "shardId-000000000000"
    bench.cloud.call(
        "kinesis", "SplitShard", StreamName="clicks", ShardToSplit=shard,
        NewStartingHashKey=str(2**127),
    )  # fmt: skip
    bench.put("after")
    bench.run_until_idle()

    assert calls(function) == [["before"], ["before"], ["after"]]
    ids = [event["Records"][0]["eventID"].partition(":")[0] for event in function.events]
    assert ids[0] == ids[1] == shard != ids[2]


def test_other_settings_go_on_from_where_reading_stands(bench: StreamBench) -> None:
    """An update keeps the position (…/API_UpdateEventSourceMapping.html)."""
    function = ScriptedFunction()
    mapping = bench.connect(function)
    bench.put("a")
    bench.run_until_idle()
    mapping.disable()
    bench.put("b", "c")
    bench.advance(60)

    later = ScriptedFunction()
    mapping.update(msgspec.structs.replace(mapping.spec, batch_size=1), later)
    bench.run_until_idle()
    assert (calls(function), calls(later)) == ([["a"]], [["b"], ["c"]])


def test_smaller_batch_size_hands_over_what_has_been_gathered(bench: StreamBench) -> None:
    """The new size holds from the next batch on (…/API_UpdateEventSourceMapping.html)."""
    function = ScriptedFunction()
    mapping = bench.connect(function, batch_size=9, window_seconds=60)
    bench.put("a", "b", "c")
    bench.advance(1)
    mapping.update(msgspec.structs.replace(mapping.spec, batch_size=2), function)
    bench.put("d")
    bench.run_until_idle()

    assert calls(function) == [["a", "b", "c"], ["d"]]


def test_stream_that_is_gone_or_comes_later_is_no_error() -> None:
    """A mapping outlives its stream (…/API_DeleteEventSourceMapping.html)."""
    bench = StreamBench()
    function = ScriptedFunction()
    bench.connect(function, TABLE_ARN)
    bench.advance(60)
    bench.create_table()
    bench.put_item(id={"S": "1"})
    bench.run_until_idle()
    bench.cloud.call("dynamodb", "DeleteTable", TableName="orders")
    bench.advance(60)

    assert len(function.events) == 1


def test_filters_let_through_what_matches_and_skip_the_rest(bench: StreamBench) -> None:
    """Patterns look into the decoded data (…/with-kinesis-filtering.html)."""
    function = ScriptedFunction()
    bench.connect(function, filter_patterns=['{"data": {"city": ["Oslo"]}}'])
    bench.put('{"city": "Oslo"}', '{"city": "Rome"}', "no JSON", '{"city": "Oslo", "n": 2}')
    bench.run_until_idle()

    assert calls(function) == [['{"city": "Oslo"}', '{"city": "Oslo", "n": 2}']]


def test_function_is_not_called_if_no_record_matches(bench: StreamBench) -> None:
    """What is filtered out is done with (…/invocation-eventfiltering.html)."""
    function = ScriptedFunction()
    bench.connect(function, filter_patterns=['{"partitionKey": ["other"]}'])
    bench.put("a")
    bench.run_until_idle()

    assert function.events == []


def test_idle_mapping_is_due_never(bench: StreamBench) -> None:
    """It is woken by a write and looks at nothing in between."""
    mapping = bench.connect(ScriptedFunction())
    bench.put("a")
    bench.run_until_idle()

    assert mapping.next_due_ms(bench.clock.now_ms()) is None


def test_result_says_what_the_invocation_took(bench: StreamBench) -> None:
    usage = Usage(duration_ms=1, memory_mb=128, memory_used_mb=40, init_ms=100)
    bench.connect(ScriptedFunction(Outcome(payload=b"null", usage=usage)))
    bench.put("a")
    bench.run_until_idle()
    (result,) = bench.journal.entries(action="result")
    shown = {name: result.data[name] for name in ("memory_mb", "memory_used_mb", "init_ms")}
    assert shown == {"memory_mb": 128, "memory_used_mb": 40, "init_ms": 100}
