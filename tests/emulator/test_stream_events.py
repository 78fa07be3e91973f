"""Stream records as functions get them, and Chalice's classes read them.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from chalice.app import DynamoDBEvent, KinesisEvent
from mapping_builders import ScriptedFunction
from moto.dynamodb.models import dynamodb_backends
from stream_bench import KINESIS_ARN, TABLE_ARN, StreamBench

from emulator.cloud import in_process
from emulator.cloud.time_to_live import SWEEP_EVERY_SECONDS, TimeToLiveSweeper

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Chalice's classes call what Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*utcfromtimestamp:DeprecationWarning")


@pytest.fixture
def bench() -> Iterator[StreamBench]:
    made = StreamBench()
    with in_process.answering(made.cloud):
        yield made


@functools.cache
def client(service: str) -> Any:
    return boto3.session.Session().client(service, region_name="us-east-1")


def table_records(bench: StreamBench, view: str = "NEW_AND_OLD_IMAGES") -> ScriptedFunction:
    bench.create_table(view)
    function = ScriptedFunction()
    bench.connect(function, TABLE_ARN)
    return function


def records(bench: StreamBench, function: ScriptedFunction) -> list[dict[str, Any]]:
    bench.run_until_idle()
    return [record for event in function.events for record in event["Records"]]


def test_kinesis_record_has_the_members_that_aws_sends(bench: StreamBench) -> None:
    """The example event (…/lambda/latest/dg/with-kinesis.html)."""
    bench.create_stream()
    function = ScriptedFunction()
    bench.connect(function)
    (number,) = bench.put("Hello", key="1")
    (record,) = records(bench, function)

    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": number,
            "data": "SGVsbG8=",
            "approximateArrivalTimestamp": bench.clock.START_MS / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/shop-dev-work-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": KINESIS_ARN,
    }
    (parsed,) = KinesisEvent(function.events[0], None)
    assert (parsed.data, parsed.sequence_number) == (b"Hello", number)


def test_sequence_numbers_of_kinesis_are_in_order_as_texts(bench: StreamBench) -> None:
    """56 digits; moto's 9 would come after its 10 (…/streams/latest/dev/key-concepts.html)."""
    bench.create_stream()
    numbers = bench.put(*map(str, range(12)))

    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {56}


def test_table_record_has_the_members_that_aws_sends(bench: StreamBench) -> None:
    """The example event, and its sizes (…/lambda/latest/dg/with-ddb.html)."""
    function = table_records(bench)
    bench.put_item(id={"S": "101"}, message={"S": "New item!"})
    (record,) = records(bench, function)

    assert len(record["eventID"]) == 32
    assert record["eventSourceARN"].startswith(TABLE_ARN.removesuffix("any"))
    number = record["dynamodb"]["SequenceNumber"]
    assert record == {
        "eventID": record["eventID"],
        "eventSourceARN": record["eventSourceARN"],
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": bench.clock.START_MS // 1000,
            "Keys": {"id": {"S": "101"}},
            "NewImage": {"id": {"S": "101"}, "message": {"S": "New item!"}},
            "SequenceNumber": number,
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
    (parsed,) = DynamoDBEvent(function.events[0], None)
    assert (parsed.table_name, parsed.sequence_number) == ("orders", number)


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", [(False, False)] * 3),
        ("NEW_IMAGE", [(True, False), (True, False), (False, False)]),
        ("OLD_IMAGE", [(False, False), (False, True), (False, True)]),
        ("NEW_AND_OLD_IMAGES", [(True, False), (True, True), (False, True)]),
    ],
)
def test_view_says_which_images_a_record_has(
    bench: StreamBench, view: str, images: list[tuple[bool, bool]]
) -> None:
    """StreamViewType (…/amazondynamodb/latest/developerguide/Streams.html)."""
    function = table_records(bench, view)
    bench.put_item(id={"S": "1"}, n={"N": "1"})
    bench.put_item(id={"S": "1"}, n={"N": "2"})
    client("dynamodb").delete_item(TableName="orders", Key={"id": {"S": "1"}})
    found = records(bench, function)

    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    changes = [record["dynamodb"] for record in found]
    assert [("NewImage" in change, "OldImage" in change) for change in changes] == images


def test_update_that_creates_its_item_is_one_record(bench: StreamBench) -> None:
    """moto writes two (…/amazondynamodb/latest/developerguide/Streams.html)."""
    function = table_records(bench)
    client("dynamodb").update_item(
        TableName="orders", Key={"id": {"S": "1"}}, UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "5"}},
    )  # fmt: skip
    (record,) = records(bench, function)

    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "1"}, "n": {"N": "5"}}


def test_write_that_changes_nothing_is_no_record(bench: StreamBench) -> None:
    """moto writes one (…/amazondynamodb/latest/developerguide/Streams.html)."""
    function = table_records(bench)
    bench.put_item(id={"S": "1"}, n={"N": "1"})
    bench.put_item(id={"S": "1"}, n={"N": "1"})

    assert len(records(bench, function)) == 1


def test_cancelled_transaction_leaves_no_record(bench: StreamBench) -> None:
    """All or nothing (…/amazondynamodb/latest/developerguide/transaction-apis.html)."""
    function = table_records(bench)
    dynamodb = client("dynamodb")
    put = {"Put": {"TableName": "orders", "Item": {"id": {"S": "1"}}}}
    check = {
        "ConditionCheck": {
            "TableName": "orders",
            "Key": {"id": {"S": "2"}},
            "ConditionExpression": "attribute_exists(id)",
        }
    }
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[put, check])
    dynamodb.transact_write_items(TransactItems=[put])

    assert len(records(bench, function)) == 1


def test_nested_and_binary_values_are_json(bench: StreamBench) -> None:
    """Binary is Base64 (…/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html)."""
    function = table_records(bench)
    item = {
        "id": {"S": "1"},
        "b": {"B": b"\x00\xff"},
        "bs": {"BS": [b"\x01"]},
        "m": {"M": {"l": {"L": [{"N": "1.5"}, {"BOOL": True}, {"NULL": True}]}}},
    }
    client("dynamodb").put_item(TableName="orders", Item=item)
    (record,) = records(bench, function)

    assert record["dynamodb"]["NewImage"] == {
        **item,
        "b": {"B": "AP8="},
        "bs": {"BS": ["AQ=="]},
    }


def test_row_that_its_time_to_live_ends_is_deleted_by_the_service(bench: StreamBench) -> None:
    """userIdentity (…/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html)."""
    function = table_records(bench)
    setting = {"AttributeName": "ends", "Enabled": True}
    bench.cloud.call(
        "dynamodb", "UpdateTimeToLive", TableName="orders", TimeToLiveSpecification=setting
    )
    bench.put_item(id={"S": "1"}, ends={"N": str(bench.clock.START_MS // 1000 + 1)})
    tables = dynamodb_backends["123456789012"]["us-east-1"].tables
    sweeper = TimeToLiveSweeper(lambda: list(tables.values()), bench.journal, bench.clock.now_ms())
    bench.scheduler.add(sweeper)
    bench.advance(SWEEP_EVERY_SECONDS)
    found = records(bench, function)

    assert [record["eventName"] for record in found] == ["INSERT", "REMOVE"]
    assert found[1]["userIdentity"] == {
        "type": "Service",
        "principalId": "dynamodb.amazonaws.com",
    }


def test_clients_of_the_streams_api_read_the_same_records(bench: StreamBench) -> None:
    """GetRecords (…/amazondynamodb/latest/APIReference/API_streams_GetRecords.html)."""
    function = table_records(bench)
    bench.put_item(id={"S": "1"})
    bench.put_item(id={"S": "2"})
    streams = client("dynamodbstreams")
    (stream,) = streams.list_streams(TableName="orders")["Streams"]
    described = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream["StreamArn"], ShardId=described["Shards"][0]["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]  # fmt: skip
    read = streams.get_records(ShardIterator=iterator)["Records"]

    expected = [record["eventID"] for record in records(bench, function)]
    assert [record["eventID"] for record in read] == expected


def test_records_are_kept_for_a_day(bench: StreamBench) -> None:
    """A mapping from TRIM_HORIZON on finds what is not older (…/lambda/latest/dg/with-ddb.html)."""
    bench.create_table()
    bench.put_item(id={"S": "old"})
    bench.advance(86_400)
    bench.put_item(id={"S": "young"})
    bench.advance(1)
    function = ScriptedFunction()
    bench.connect(function, TABLE_ARN, starting_position="TRIM_HORIZON")

    assert [r["dynamodb"]["Keys"]["id"]["S"] for r in records(bench, function)] == ["young"]


def test_kinesis_keeps_records_for_its_retention(bench: StreamBench) -> None:
    """24 hours by default (…/streams/latest/dev/kinesis-extended-retention.html)."""
    bench.create_stream()
    bench.put("old")
    bench.advance(86_400)
    bench.put("young")
    bench.advance(1)
    function = ScriptedFunction()
    bench.connect(function, starting_position="TRIM_HORIZON")

    assert [record["kinesis"]["data"] for record in records(bench, function)] == ["eW91bmc="]


def test_stream_that_is_switched_off_takes_no_records(bench: StreamBench) -> None:
    """moto fails the write (…/amazondynamodb/latest/developerguide/Streams.html)."""
    function = table_records(bench)
    client("dynamodb").update_table(
        TableName="orders", StreamSpecification={"StreamEnabled": False}
    )
    bench.put_item(id={"S": "1"})

    assert records(bench, function) == []
