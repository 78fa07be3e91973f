"""Event source mappings of streams, made through Lambda's API."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import bench, client, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_bench import LambdaBench

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"


class Calls:
    """A function that keeps what it reads from a stream of Kinesis."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, event: Any, _context: Any) -> None:
        for record in event["Records"]:
            self.texts.append(base64.b64decode(record["kinesis"]["data"]).decode())


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def cloud(calls: Calls) -> Iterator[LambdaBench]:
    with bench(work=calls) as made:
        client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
        yield made


def put(text: str) -> None:
    client("kinesis").put_record(StreamName="clicks", Data=text.encode(), PartitionKey="a")


def connect(cloud: LambdaBench, **parameters: Any) -> Any:
    settings = {
        "FunctionName": "shop-dev-work", "EventSourceArn": STREAM,
        "StartingPosition": "TRIM_HORIZON", **parameters,
    }  # fmt: skip
    return cloud.aws.create_event_source_mapping(**settings)


def test_mapping_of_a_stream_reads_from_its_starting_position(
    cloud: LambdaBench, calls: Calls
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html"""
    put("before")
    connect(cloud)
    put("after")
    assert calls.texts == []
    cloud.emulator.run_until_idle()
    assert calls.texts == ["before", "after"]


def test_mapping_of_a_stream_shows_its_settings(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    made = connect(cloud, MaximumRetryAttempts=2)
    assert made["State"] == "Creating"
    shown = cloud.aws.get_event_source_mapping(UUID=made["UUID"])
    assert (shown["BatchSize"], shown["StartingPosition"]) == (100, "TRIM_HORIZON")
    assert (shown["MaximumRetryAttempts"], shown["MaximumRecordAgeInSeconds"]) == (2, -1)


def test_disabled_mapping_of_a_stream_goes_on_from_where_it_stood(
    cloud: LambdaBench, calls: Calls
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    made = connect(cloud)
    put("a")
    cloud.emulator.run_until_idle()
    cloud.aws.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    put("b")
    cloud.emulator.advance(10)
    assert calls.texts == ["a"]
    cloud.aws.update_event_source_mapping(UUID=made["UUID"], Enabled=True, BatchSize=1)
    cloud.emulator.run_until_idle()
    assert calls.texts == ["a", "b"]
    cloud.aws.delete_event_source_mapping(UUID=made["UUID"])
    put("c")
    cloud.emulator.advance(10)
    assert calls.texts == ["a", "b"]


def test_mapping_of_a_tables_stream_calls_the_function_with_its_changes(
    cloud: LambdaBench,
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""
    seen: list[str] = []
    cloud.handlers["work"] = lambda event, _: seen.extend(
        record["eventName"] for record in event["Records"]
    )
    tables = client("dynamodb")
    table = tables.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]  # fmt: skip
    connect(cloud, EventSourceArn=table["LatestStreamArn"])
    tables.put_item(TableName="orders", Item={"id": {"S": "1"}})
    cloud.emulator.run_until_idle()
    assert seen == ["INSERT"]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"EventSourceArn": STREAM + "-none"}, f"Stream not found: {STREAM}-none"),
        (
            {"MaximumRetryAttempts": 10_001},
            "1 validation error detected: Value '10001' at 'maximumRetryAttempts' failed to "
            "satisfy constraint: Member must have value less than or equal to 10000",
        ),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "word"}]}},
            "Invalid filter pattern definition.",
        ),
    ],
    ids=["stream", "number", "filter"],
)
def test_what_lambda_refuses_of_a_mapping_of_a_stream(
    cloud: LambdaBench, parameters: dict[str, Any], text: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    with refused() as refusal:
        connect(cloud, **parameters)
    assert (refusal.status, refusal.text) == (400, text)


def test_mapping_of_a_stream_must_say_where_it_starts(cloud: LambdaBench) -> None:
    with refused() as refusal:
        cloud.aws.create_event_source_mapping(FunctionName="shop-dev-work", EventSourceArn=STREAM)
    assert refusal.text == (
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
        "constraint: Member must not be null"
    )


def test_maximum_concurrency_is_for_queues_only(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
    with refused() as refusal:
        connect(cloud, ScalingConfig={"MaximumConcurrency": 2})
    assert (
        refusal.text == "Unsupported ScalingConfig parameter for given event source mapping type."
    )
