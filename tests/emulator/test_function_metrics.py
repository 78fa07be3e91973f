"""What functions log in the embedded metric format is found in CloudWatch."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import REGION, Cloud
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime.datetime.fromtimestamp(VirtualClock.START_MS / 1000, datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def cloudwatch() -> Any:
    return boto3.session.Session().client("cloudwatch", region_name=REGION)


@pytest.fixture
def log() -> Callable[[Any], Cloud]:
    """Has a function log a line; gives the cloud."""
    clock = VirtualClock()
    journal = Journal(clock)
    cloud = Cloud(clock, journal)

    def write(line: Any) -> Cloud:
        text = line if isinstance(line, str) else json.dumps(line)
        journal.record("work", "log", text=text, group="/aws/lambda/work", stream="one")
        return cloud

    return write


def line(value: Any, **more: Any) -> dict[str, Any]:
    metrics = [{"Name": "ms", "Unit": "Milliseconds"}]
    directive = {"Namespace": "shop", "Dimensions": [["kind"]], "Metrics": metrics}
    about = {"Timestamp": VirtualClock.START_MS, "CloudWatchMetrics": [directive]}
    return {"_aws": about, "kind": "a", "ms": value, **more}


def statistics(cloud: Cloud, cloudwatch: Any) -> dict[str, float]:
    with in_process.answering(cloud):
        points = cloudwatch.get_metric_statistics(
            Namespace="shop", MetricName="ms", Dimensions=[{"Name": "kind", "Value": "a"}],
            StartTime=START - HOUR, EndTime=START + HOUR, Period=60,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]  # fmt: skip
    return {"sum": sum(p["Sum"] for p in points), "count": sum(p["SampleCount"] for p in points)}


def test_numbers_of_a_line_become_metrics(log: Callable[[Any], Cloud], cloudwatch: Any) -> None:
    """One value, or many. .../monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""
    log(line(0))
    log(line([1, 2.5], ignored="text"))
    cloud = log("a line of text")
    assert statistics(cloud, cloudwatch) == {"sum": 3.5, "count": 3}
    assert statistics(log(line(1)), cloudwatch) == {"sum": 4.5, "count": 4}


@pytest.mark.parametrize(
    "bad",
    [
        '"_aws"', '{"_aws": 1}', '{"_aws": {"Timestamp": "x", "CloudWatchMetrics": []}}',
        line("text"), {**line(1), "kind": None, "_aws": {"CloudWatchMetrics": []}},
        {name: value for name, value in line(1).items() if name != "ms"},
    ],
)  # fmt: skip
def test_a_line_that_is_not_in_the_format_is_no_metric_and_no_error(
    log: Callable[[Any], Cloud], cloudwatch: Any, bad: Any
) -> None:
    log(bad)
    assert statistics(log(line(1)), cloudwatch) == {"sum": 1, "count": 1}
