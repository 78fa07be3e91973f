"""What CloudWatch takes as embedded metrics, and what it makes of them.

The rules are those of the specification, the lengths and units those of AWS's own description of
CloudWatch, which botocore brings.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import functools
import json
from typing import Any, NamedTuple

import botocore.session

#: Larger ones are cut apart by Lambda, and an incomplete document is none.
LINE_BYTES_MAX = 256 * 1024
METRICS_MAX = 100
DIMENSIONS_MAX = 30
#: A metric's time may lie two weeks back, or two hours ahead.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
PAST_MS, AHEAD_MS = 14 * 86_400_000, 2 * 3_600_000


class Metric(NamedTuple):
    """A number that CloudWatch finds in a line."""

    name: str
    value: float
    unit: str
    dimensions: dict[str, str]


def metrics_of(text: str, *, now_ms: int) -> list[Metric]:
    """What CloudWatch finds in a line; fails if it would refuse any of it."""
    assert "\n" not in text
    assert len(text.encode()) <= LINE_BYTES_MAX
    line = json.loads(text)
    if "_aws" not in line:
        return []
    assert set(line["_aws"]) == {"Timestamp", "CloudWatchMetrics"}
    assert now_ms - PAST_MS <= line["_aws"]["Timestamp"] <= now_ms + AHEAD_MS
    return [found for each in line["_aws"]["CloudWatchMetrics"] for found in _metrics(each, line)]


def _metrics(directive: dict[str, Any], line: dict[str, Any]) -> list[Metric]:
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    _fits("Namespace", directive["Namespace"])
    assert not directive["Namespace"].startswith("AWS/")
    assert 1 <= len(directive["Metrics"]) <= METRICS_MAX
    found = []
    for names in directive["Dimensions"]:
        assert len(names) <= DIMENSIONS_MAX
        for name in names:
            _fits("DimensionName", name)
            _fits("DimensionValue", line[name])
            assert line[name].isascii()
            assert not name.startswith(":")
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"}
            _fits("MetricName", metric["Name"])
            assert metric["Unit"] in _shape("StandardUnit").enum
            assert type(line[metric["Name"]]) in (int, float)
            dimensions = {name: line[name] for name in names}
            found.append(Metric(metric["Name"], line[metric["Name"]], metric["Unit"], dimensions))
    return found


def _fits(shape: str, text: Any) -> None:
    assert isinstance(text, str)
    bounds = _shape(shape).metadata
    assert bounds["min"] <= len(text) <= bounds["max"], (shape, text)


@functools.cache
def _shape(name: str) -> Any:
    return botocore.session.get_session().get_service_model("cloudwatch").shape_for(name)
