"""Mappings of streams that are made, changed and deleted through Lambda's API."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import bench, client, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_bench import LambdaBench

CLICKS = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"


class Calls:
    """A function that keeps the data of the records it is called with, call by call."""

    def __init__(self) -> None:
        self.data: list[list[str]] = []

    def __call__(self, event: Any, _context: Any) -> None:
        encoded = [record["kinesis"]["data"] for record in event["Records"]]
        self.data.append([base64.b64decode(text).decode() for text in encoded])


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def cloud(calls: Calls) -> Iterator[LambdaBench]:
    """A function, and a stream that no mapping reads yet."""
    with bench(work=calls) as made:
        made.declare(made.spec("work"))
        client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
        yield made


def connect(cloud: LambdaBench, **parameters: Any) -> Any:
    settings = {"FunctionName": "shop-dev-work", "EventSourceArn": CLICKS, **parameters}
    return cloud.aws.create_event_source_mapping(**settings)


def put(*texts: str) -> None:
    for text in texts:
        client("kinesis").put_record(StreamName="clicks", Data=text.encode(), PartitionKey="k")


def test_mapping_reads_from_where_it_is_told(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    put("old")
    connect(cloud, StartingPosition="TRIM_HORIZON")
    put("new")
    cloud.emulator.run_until_idle()

    assert calls.data == [["old", "new"]]


def test_mapping_shows_what_a_streams_mapping_has(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    made = connect(cloud, StartingPosition="LATEST", MaximumRetryAttempts=3)
    shown = cloud.aws.get_event_source_mapping(UUID=made["UUID"])

    wanted = ("State", "BatchSize", "StartingPosition", "MaximumRetryAttempts")
    assert [shown[name] for name in wanted] == ["Enabled", 100, "LATEST", 3]
    assert shown["DestinationConfig"] == {"OnFailure": {}}


def test_update_goes_on_from_where_reading_stands(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    made = connect(cloud, StartingPosition="LATEST")
    put("a")
    cloud.emulator.run_until_idle()
    cloud.aws.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    put("b", "c")
    cloud.emulator.advance(60)
    cloud.aws.update_event_source_mapping(UUID=made["UUID"], Enabled=True, BatchSize=1)
    cloud.emulator.run_until_idle()

    assert calls.data == [["a"], ["b"], ["c"]]


def test_deleted_mapping_reads_no_more(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html"""
    made = connect(cloud, StartingPosition="LATEST")
    cloud.aws.delete_event_source_mapping(UUID=made["UUID"])
    put("a")
    cloud.emulator.advance(60)

    assert calls.data == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "ValidationException"),
        ({"StartingPosition": "LATEST", "BatchSize": 10_001}, "InvalidParameterValueException"),
        (
            {"StartingPosition": "LATEST", "EventSourceArn": CLICKS + "-gone"},
            "InvalidParameterValueException",
        ),
        (
            {"StartingPosition": "LATEST", "FilterCriteria": {"Filters": [{"Pattern": "x"}]}},
            "InvalidParameterValueException",
        ),
    ],
)
def test_what_lambda_would_refuse_is_refused(
    cloud: LambdaBench, parameters: dict[str, Any], code: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html"""
    with refused() as refusal:
        connect(cloud, **parameters)
    assert refusal.code == code
