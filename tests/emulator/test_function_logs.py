"""What functions write is found in CloudWatch Logs."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import ACCOUNT_ID, REGION, Cloud
from emulator.cloud.function_logs import FunctionLogs
from emulator.journal import Journal

GROUP = "/aws/lambda/shop-dev-work"


class Logged:
    """A cloud, and the client that asks its CloudWatch Logs."""

    def __init__(self) -> None:
        clock = VirtualClock()
        self.journal = Journal(clock)
        self.cloud = Cloud(clock, self.journal)
        self.clock = clock
        self.client: Any = boto3.client("logs", region_name=REGION)

    def log(self, text: str, stream: str = "one") -> None:
        self.journal.record("work", "log", text=text, group=GROUP, stream=stream)

    def found(self, **query: Any) -> list[str]:
        with in_process.answering(self.cloud):
            answer = self.client.filter_log_events(logGroupName=GROUP, **query)
        return [event["message"] for event in answer["events"]]

    def streams(self) -> list[str]:
        with in_process.answering(self.cloud):
            answer = self.client.describe_log_streams(logGroupName=GROUP)
        return [stream["logStreamName"] for stream in answer["logStreams"]]


@pytest.fixture
def logged() -> Logged:
    return Logged()


def test_each_function_has_a_log_group_and_each_environment_a_stream(logged: Logged) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html"""
    logged.log("START", "one")
    logged.log("START", "two")
    with in_process.answering(logged.cloud):
        (group,) = logged.client.describe_log_groups()["logGroups"]
    assert group["logGroupName"] == GROUP
    assert logged.streams() == ["one", "two"]


def test_log_is_read_in_order_by_time_and_by_pattern(logged: Logged) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""
    logged.log("first")
    assert logged.found() == ["first"]
    logged.clock.advance(1)
    logged.log("second", "two")
    assert logged.found() == ["first", "second"]
    assert logged.found(startTime=logged.clock.now_ms()) == ["second"]
    assert logged.found(filterPattern="sec") == ["second"]


def test_what_is_no_functions_log_is_not_in_a_log_group(logged: Logged) -> None:
    logged.journal.record("work", "result", duration_ms=1)
    logged.journal.record("somebody", "log", text="without a group")
    with in_process.answering(logged.cloud):
        assert logged.client.describe_log_groups()["logGroups"] == []


def test_group_that_was_deleted_comes_back_with_the_next_line(logged: Logged) -> None:
    logged.log("old")
    logged.found()
    with in_process.answering(logged.cloud):
        logged.client.delete_log_group(logGroupName=GROUP)
    logged.log("new")
    assert logged.found() == ["new"]


@pytest.mark.parametrize("bounds", [{"lines_max": 3}, {"bytes_max": 12}])
@pytest.mark.parametrize("is_read_in_between", [True, False])
def test_oldest_lines_go_first(
    logged: Logged, bounds: dict[str, int], *, is_read_in_between: bool
) -> None:
    """Memory is bounded, read or not; a stream without lines goes, too."""
    # not the cloud's own log, which keeps more
    logs, journal = FunctionLogs(ACCOUNT_ID, REGION, **bounds), Journal(logged.clock)
    journal.listen(logs)
    for number in range(6):
        stream = "one" if number < 3 else "two"
        journal.record("work", "log", text=f"no {number}", group=GROUP, stream=stream)
        if is_read_in_between:
            logs.write()
    logs.write()
    assert logged.streams() == ["two"]
    assert logged.found() == ["no 3", "no 4", "no 5"]
