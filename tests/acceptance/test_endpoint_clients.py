"""The AWS endpoint of a running ``chalice local``, as its clients find it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from chalice_process import chalice_local, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = """
from chalice import Chalice
app = Chalice(app_name="clients")
import emulator
emulator.attach(app)
"""
POLL = """
import boto3, sys
sqs = boto3.client("sqs")
print("polling", flush=True)
sqs.receive_message(QueueUrl=sys.argv[1], WaitTimeSeconds=20, MaxNumberOfMessages=10)
"""
VARIABLES = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
}
#: Far less than the 20 seconds of a poll, and far more than a busy machine takes.
SOON_SECONDS = 5
CLIENTS = 8
MESSAGES_EACH = 10


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The AWS endpoint of a project without functions."""
    project = tmp_path_factory.mktemp("clients") / "project"
    (project / ".chalice").mkdir(parents=True)
    config = {"version": "2.0", "app_name": "clients"}
    (project / ".chalice" / "config.json").write_text(json.dumps(config))
    (project / "app.py").write_text(APP)
    with chalice_local(project, "--no-autoreload") as running:
        yield running.wait_until_serving().status()["endpoint"]


@pytest.fixture(scope="module")
def client(endpoint: str) -> Callable[[str], Any]:
    """Makes a client of a service."""
    session = boto3.session.Session(
        aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1"
    )
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=CLIENTS)
    return lambda service: session.client(service, endpoint_url=endpoint, config=config)


@pytest.fixture(scope="module")
def sqs(client: Callable[[str], Any]) -> Any:
    return client("sqs")


@pytest.fixture
def queue_url(sqs: Any, request: pytest.FixtureRequest) -> str:
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:80]
    return str(sqs.create_queue(QueueName=name)["QueueUrl"])


def kill_while_it_polls(endpoint: str, queue_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", POLL, queue_url],
        env={**environment(), **VARIABLES, "AWS_ENDPOINT_URL": endpoint},
        stdout=subprocess.PIPE,
    ) as poller:
        assert poller.stdout is not None
        poller.stdout.readline()
        threading.Event().wait(0.2)  # until its request has arrived
        poller.send_signal(signal.SIGKILL)


def test_client_killed_in_a_long_poll_swallows_no_message(
    endpoint: str, sqs: Any, queue_url: str
) -> None:
    for number in range(3):
        kill_while_it_polls(endpoint, queue_url)
        sqs.send_message(QueueUrl=queue_url, MessageBody=str(number))

        received = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=SOON_SECONDS)
        assert [m["Body"] for m in received["Messages"]] == [str(number)]


def send(sqs: Any, queue_url: str) -> None:
    sqs.send_message(QueueUrl=queue_url, MessageBody="waited for")


def send_delayed(sqs: Any, queue_url: str) -> None:
    sqs.send_message(QueueUrl=queue_url, MessageBody="waited for", DelaySeconds=1)


def send_and_receive(sqs: Any, queue_url: str) -> None:
    send(sqs, queue_url)
    assert sqs.receive_message(QueueUrl=queue_url, VisibilityTimeout=1)["Messages"]


def test_long_poll_ends_as_soon_as_a_message_is_sent(sqs: Any, queue_url: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(sqs.receive_message, QueueUrl=queue_url, WaitTimeSeconds=20)
        send(sqs, queue_url)

    assert poll.result()["Messages"][0]["Body"] == "waited for"
    assert time.perf_counter() - began < SOON_SECONDS


@pytest.mark.parametrize("prepare", [send_delayed, send_and_receive], ids=["delay", "visibility"])
def test_long_poll_ends_when_a_delay_or_a_visibility_timeout_does(
    sqs: Any, queue_url: str, prepare: Callable[[Any, str], None]
) -> None:
    prepare(sqs, queue_url)
    began = time.perf_counter()

    received = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20)

    assert received["Messages"][0]["Body"] == "waited for"
    assert 0.5 < time.perf_counter() - began < SOON_SECONDS


def test_long_poll_on_a_queue_that_is_deleted_ends_with_the_error(sqs: Any, queue_url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(sqs.receive_message, QueueUrl=queue_url, WaitTimeSeconds=20)
        sqs.delete_queue(QueueUrl=queue_url)

        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            poll.result(SOON_SECONDS)


def test_parallel_clients_receive_every_message_once(sqs: Any, queue_url: str) -> None:
    def take_part(client_number: int) -> list[str]:
        for number in range(MESSAGES_EACH):
            sqs.send_message(QueueUrl=queue_url, MessageBody=f"{client_number}-{number}")
        bodies = []
        while found := sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=1).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    with ThreadPoolExecutor(CLIENTS) as pool:
        received = [body for part in pool.map(take_part, range(CLIENTS)) for body in part]

    assert len(received) == len(set(received)) == CLIENTS * MESSAGES_EACH


def test_presigned_urls_of_s3_work_without_a_client(client: Callable[[str], Any]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""
    s3 = client("s3")
    s3.create_bucket(Bucket="files")
    of = {"Bucket": "files", "Key": "a folder/ü.txt"}
    put = s3.generate_presigned_url("put_object", Params=of)
    get = s3.generate_presigned_url("get_object", Params=of)

    # urllib calls every body a form; S3 stores it as it is
    with urllib.request.urlopen(urllib.request.Request(put, data=b"text", method="PUT")):
        pass
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"text"
    assert s3.get_object(**of)["Body"].read() == b"text"


def test_refused_condition_of_dynamodb_is_its_own_error(client: Callable[[str], Any]) -> None:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="rows",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = {"TableName": "rows", "Item": {"id": {"S": "1"}}}
    dynamodb.put_item(**put)

    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(id)")


def test_topic_delivers_to_a_queue(client: Callable[[str], Any], sqs: Any, queue_url: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html"""
    sns = client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["Attributes"]["QueueArn"])

    sns.publish(TopicArn=topic, Message="hello")

    received = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=SOON_SECONDS)
    assert json.loads(received["Messages"][0]["Body"])["Message"] == "hello"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("translate", "list_languages", {}),
        ("dynamodb", "list_global_tables", {}),
    ],
    ids=["service", "operation"],
)
def test_what_is_not_emulated_is_answered_501_which_no_sdk_tries_again(
    client: Callable[[str], Any], service: str, operation: str, parameters: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(service), operation)(**parameters)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
