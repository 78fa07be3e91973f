"""Projects that are not ours, each with an event source: what a client does, a function gets."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pytest
import small_projects
from chalice_process import chalice_local, eventually
from small_projects import BUCKET, BUS, EVERYTHING, FUNCTION, QUEUE, STREAM, TABLE, TOPIC, seen

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = """
@app.on_sqs_message(queue="work")
def on_message(event):
    for record in event:
        names = [record.body, record.receipt_handle, record.to_dict()]
        note("queue", [*names, event.context.function_name])
"""

#: Chalice's classes call what Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*utcfromtimestamp:DeprecationWarning")


@functools.cache
def client(service: str, **more: Any) -> Any:
    return boto3.session.Session().client(service, region_name="us-east-1", **more)


def test_queue_without_a_resources_file(tmp_path: Path) -> None:
    with small_projects.in_place(QUEUE, tmp_path) as emulator:
        emulator.cloud.call("sqs", "SendMessage", QueueUrl="work", MessageBody="a")
        emulator.run_until_idle()

        assert seen(client("sqs")) == [["queue", ["a"]]]


def test_record_of_chalice_has_body_handle_context_and_all_the_rest(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/topics/events.html#sqs-events"""
    with small_projects.in_place(RECORDS, tmp_path) as emulator:
        emulator.cloud.call("sqs", "SendMessage", QueueUrl="work", MessageBody="a")
        emulator.run_until_idle()

        ((_, (body, handle, record, function)),) = seen(client("sqs"))
        assert (body, handle) == ("a", record["receiptHandle"])
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert function == "others-dev-on_message"


def test_topic_without_a_resources_file(tmp_path: Path) -> None:
    with small_projects.in_place(TOPIC, tmp_path) as emulator:
        arn = "arn:aws:sns:us-east-1:123456789012:news"
        client("sns").publish(TopicArn=arn, Subject="hi", Message="there")
        assert seen(client("sqs")) == []

        emulator.run_until_idle()
        assert seen(client("sqs")) == [["topic", ["hi", "there"]]]


def test_bucket_without_a_resources_file(tmp_path: Path) -> None:
    with small_projects.in_place(BUCKET, tmp_path) as emulator:
        for key in ("in/a b.csv", "in/a.txt", "out/a.csv"):
            client("s3").put_object(Bucket="uploads", Key=key, Body=b"1,2")
        emulator.run_until_idle()

        assert seen(client("sqs")) == [["bucket", ["in/a b.csv", "1,2"]]]


def test_table_of_the_template(tmp_path: Path) -> None:
    properties = {
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
    }
    template = {"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}}
    with small_projects.in_place(TABLE, tmp_path, template) as emulator:
        dynamodb = client("dynamodb")
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})
        dynamodb.delete_item(TableName="orders", Key={"id": {"S": "1"}})
        emulator.run_until_idle()

        changes = [["INSERT", "1", "orders"], ["REMOVE", "1", "orders"]]
        assert seen(client("sqs")) == [["table", changes]]


def test_stream_without_a_resources_file(tmp_path: Path) -> None:
    with small_projects.in_place(STREAM, tmp_path) as emulator:
        for data in (b"a", b"b", b"c"):
            client("kinesis").put_record(StreamName="clicks", Data=data, PartitionKey="k")
        emulator.run_until_idle()

        noted = seen(client("sqs"))
        assert sorted(noted) == [["stream", ["a", "b"]], ["stream", ["c"]]]


def test_events_of_the_bus(tmp_path: Path) -> None:
    with small_projects.in_place(BUS, tmp_path) as emulator:
        for total in (99, 101):
            entry = {
                "Source": "shop",
                "DetailType": "order",
                "Detail": json.dumps({"total": total}),
            }
            client("events").put_events(Entries=[entry])
        emulator.run_until_idle()

        assert seen(client("sqs")) == [["bus", ["order", 101]]]


def test_function_that_only_a_caller_invokes(tmp_path: Path) -> None:
    with small_projects.in_place(FUNCTION, tmp_path) as emulator:
        outcome = emulator.invoke("double", {"n": 2})

        assert outcome.value() == {"twice": 4, "name": "others-dev-double"}


def test_event_of_a_topic_is_tried_again_as_every_asynchronous_one(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    with small_projects.in_place(TOPIC, tmp_path) as emulator:
        url = client("sqs").get_queue_url(QueueName="seen")["QueueUrl"]
        client("sqs").delete_queue(QueueUrl=url)
        arn = "arn:aws:sns:us-east-1:123456789012:news"
        client("sns").publish(TopicArn=arn, Message="there")
        emulator.advance(59)
        emulator.cloud.call("sqs", "CreateQueue", QueueName="seen")
        emulator.run_until_idle()

        assert seen(client("sqs")) == [["topic", [None, "there"]]]
        assert len(emulator.journal.entries(subject="on_news", action="invoke")) == 2


def test_given_up_event_goes_where_the_template_says(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    letters = {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}
    template = {
        "Resources": {
            "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
            "OnNews": {"Properties": {"DeadLetterQueue": letters}},
        }
    }
    failing = TOPIC.replace('note("topic"', 'missing("topic"')
    with small_projects.in_place(failing, tmp_path, template) as emulator:
        arn = "arn:aws:sns:us-east-1:123456789012:news"
        client("sns").publish(TopicArn=arn, Message="there")
        emulator.run_until_idle()

        sqs = client("sqs")
        url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
        (dead,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        assert json.loads(dead["Body"])["Records"][0]["Sns"]["Message"] == "there"
        assert "missing" in dead["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_reload_changes_what_is_subscribed_to(tmp_path: Path) -> None:
    with small_projects.in_place(TOPIC, tmp_path) as emulator:
        old, new = ("arn:aws:sns:us-east-1:123456789012:" + name for name in ("news", "olds"))
        again = TOPIC.replace('topic="news"', 'topic="olds"')
        emulator.apply(small_projects.described(again, tmp_path)[1])
        for arn in (old, new):
            client("sns").publish(TopicArn=arn, Message=arn[-4:])
        emulator.run_until_idle()

        assert seen(client("sqs")) == [["topic", [None, "olds"]]]


Clients = Callable[[str], Any]


def send(aws: Clients) -> None:
    sqs = aws("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="work")["QueueUrl"], MessageBody="a")


def publish(aws: Clients) -> None:
    arn = "arn:aws:sns:us-east-1:123456789012:news"
    aws("sns").publish(TopicArn=arn, Subject="hi", Message="there")


def upload(aws: Clients) -> None:
    aws("s3").put_object(Bucket="uploads", Key="in/a b.csv", Body=b"1,2")


def write_item(aws: Clients) -> None:
    aws("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})


def put_record(aws: Clients) -> None:
    aws("kinesis").put_record(StreamName="clicks", Data=b"a", PartitionKey="k")


def put_event(aws: Clients) -> None:
    entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"total": 101})}
    aws("events").put_events(Entries=[entry])


@pytest.mark.parametrize(
    ("source", "act", "noted"),
    [
        (QUEUE, send, ["queue", ["a"]]),
        (TOPIC, publish, ["topic", ["hi", "there"]]),
        (BUCKET, upload, ["bucket", ["in/a b.csv", "1,2"]]),
        (TABLE, write_item, ["table", [["INSERT", "1", "orders"]]]),
        (STREAM, put_record, ["stream", ["a"]]),
        (BUS, put_event, ["bus", ["order", 101]]),
    ],
    ids=["queue", "topic", "bucket", "table", "stream", "bus"],
)
def test_project_of_one_source_runs_under_chalice_local(
    tmp_path: Path, source: str, act: Callable[[Clients], None], noted: list[Any]
) -> None:
    with chalice_local(small_projects.write(source, tmp_path / "others")) as running:
        running.wait_until_serving()
        aws = functools.partial(
            client,
            endpoint_url=running.status()["endpoint"],
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        sqs = aws("sqs")
        sqs.create_queue(QueueName="seen")
        act(aws)
        found: list[Any] = []

        def is_noted() -> bool:
            found.extend(seen(sqs))
            return bool(found)

        eventually(is_noted, seconds=30)
        assert found == [noted]


EXPECTED = [
    ["blueprint", "x"],
    ["bucket", ["in/x.csv", "x"]],
    ["bus", ["order", 101]],
    ["stream", ["x"]],
    ["table", [["INSERT", "x", "orders"]]],
    ["topic", ["hi", "x"]],
]


def test_project_with_everything_and_no_resources_file(tmp_path: Path) -> None:
    """In real processes: sources, authorizer, CORS, a blueprint; idle, it does nothing."""
    folder = small_projects.write(EVERYTHING, tmp_path / "others")
    with chalice_local(folder) as running:
        running.wait_until_serving()
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        endpoint = running.status()["endpoint"]
        sqs = client("sqs", endpoint_url=endpoint, **keys)
        sqs.create_queue(QueueName="seen")

        assert running.call("GET", "/private")[0] == 401
        assert running.call("GET", "/private", Authorization="shut")[0] == 403
        assert running.call("GET", "/private", Authorization="open") == (200, {"who": "me"})
        assert running.call("GET", "/more") == (200, {"more": True})
        assert running.call("POST", "/make/x") == (200, {"made": "x"})
        noted: list[Any] = []

        def everything_is_noted() -> bool:
            noted.extend(seen(sqs))
            return len(noted) >= len(EXPECTED)

        eventually(everything_is_noted, seconds=30)
        assert sorted(noted, key=str) == EXPECTED

        lambdas = client("lambda", endpoint_url=endpoint, **keys)
        answer = lambdas.invoke(FunctionName="others-dev-double", Payload=b'{"n": 4}')
        assert json.loads(answer["Payload"].read())["twice"] == 8
        assert "Function on_big_order <- events" in running.text()
        assert "does not name" in running.text()

        emulator = psutil.Process(running.status()["pid"])
        before = emulator.cpu_times()
        psutil.wait_procs([emulator], timeout=1.5)
        after = emulator.cpu_times()
        used_seconds = after.user + after.system - before.user - before.system
        assert used_seconds < 0.1
