"""AWS on a port: routing by signature, the control paths, errors, and clients that hang up."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from email.message import Message
from typing import TYPE_CHECKING, Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from emulator.caller import caller_is_gone
from emulator.clock import SystemClock
from emulator.cloud.aws import Answer, Cloud, UnknownServiceError
from emulator.cloud.endpoint import UNSIGNED, Endpoint, Target, target
from emulator.http.message import Request
from emulator.http.server import listen
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOKEN = "secret"
SCOPE = "AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request"


class FakeCloud:
    """Remembers what it was asked; fails when told to; polls long when told to."""

    def __init__(self) -> None:
        self.condition = threading.Condition(threading.RLock())
        self.requests: list[dict[str, Any]] = []
        self.failure: Exception | None = None
        self.polling = threading.Event()
        self.found_gone = threading.Event()

    def handle(self, **request: Any) -> Answer:
        self.requests.append(request)
        if self.failure:
            raise self.failure
        if request["url"].endswith("/poll"):
            with self.condition:
                self.polling.set()
                self.condition.wait_for(caller_is_gone.get(), timeout=10)
            self.found_gone.set()
        return Answer(200, {"X-From": "cloud", "Content-Type": "text/plain"}, b"answer")


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture
def journal() -> Journal:
    return Journal(SystemClock())


@contextlib.contextmanager
def serving(cloud: Any, journal: Journal) -> Iterator[Endpoint]:
    def control(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        return 202, {"X-From": "control"}, f"{method} {path} ".encode() + body

    listener = listen("127.0.0.1", 0)
    endpoint = Endpoint(cloud, listener=listener, control=control, token=TOKEN, journal=journal)
    endpoint.start()
    yield endpoint
    endpoint.stop()


@pytest.fixture
def endpoint(cloud: FakeCloud, journal: Journal) -> Iterator[Endpoint]:
    with serving(cloud, journal) as made:
        yield made


@pytest.fixture
def connection(endpoint: Endpoint) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    yield made
    made.close()


def signed(service: str, **more: str) -> dict[str, str]:
    scope = SCOPE.format(service=service)
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host", **more}


def request(headers: Mapping[str, str], path: str = "/") -> Request:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return Request("GET", path, message, b"", lambda: False)


@pytest.mark.parametrize(
    ("signing_name", "service"),
    [
        ("sqs", "sqs"),
        ("dynamodb", "dynamodb"),
        ("monitoring", "monitoring"),
        ("timestream", "ingest.timestream"),
    ],
)
def test_service_and_region_are_those_the_request_is_signed_for(
    signing_name: str, service: str
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    assert target(request(signed(signing_name))) == Target(service, "eu-west-1")


def test_presigned_url_names_its_service_in_the_query() -> None:
    query = "X-Amz-Credential=" + SCOPE.format(service="s3").replace("/", "%2F")
    assert target(request({}, f"/bucket/key?{query}&X-Amz-Expires=5")) == Target("s3", "eu-west-1")


def test_streams_share_the_signing_name_of_dynamodb() -> None:
    headers = signed("dynamodb", **{"X-Amz-Target": "DynamoDBStreams_20120810.GetRecords"})
    assert target(request(headers)).service == "streams.dynamodb"


@pytest.mark.parametrize("authorization", [None, "Bearer x", "AWS key:signature", "Credential=a/b"])
def test_request_without_a_credential_scope_is_for_s3(authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert target(request(headers)) == UNSIGNED


def test_cloud_is_asked_with_the_url_of_the_client(
    connection: http.client.HTTPConnection, cloud: FakeCloud
) -> None:
    """Queue URLs in answers are made from it, and must lead back here."""
    connection.request("POST", "/123/jobs?a=%2F", body=b"body", headers=signed("sqs"))
    answer = connection.getresponse()
    assert (answer.status, answer.read(), answer.headers["X-From"]) == (200, b"answer", "cloud")
    asked = cloud.requests[0]
    assert asked["url"] == f"http://127.0.0.1:{connection.port}/123/jobs?a=%2F"
    assert (asked["service"], asked["method"], asked["body"]) == ("sqs", "POST", b"body")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/x-amz-json-1.0", b'{"__type": "InternalFailure", "message": "KeyError: 1"}'),
        ("application/x-www-form-urlencoded", b"<Code>InternalFailure</Code><Message>KeyError: 1"),
    ],
)
def test_bug_in_the_cloud_is_an_aws_error_and_is_journaled(
    connection: http.client.HTTPConnection,
    cloud: FakeCloud,
    journal: Journal,
    content_type: str,
    expected: bytes,
) -> None:
    cloud.failure = KeyError(1)
    connection.request("POST", "/", headers=signed("sqs", **{"Content-Type": content_type}))
    answer = connection.getresponse()
    assert answer.status == 500
    assert expected in answer.read()
    (entry,) = journal.entries(action="error")
    assert (entry.subject, entry.data["error"]) == ("sqs", "KeyError: 1")
    assert "Traceback" in entry.data["traceback"]


def test_service_that_moto_has_not_is_not_implemented(
    connection: http.client.HTTPConnection, cloud: FakeCloud
) -> None:
    cloud.failure = UnknownServiceError("moto has no service 'braket'")
    connection.request("POST", "/", headers=signed("braket"))
    assert connection.getresponse().status == 501


@pytest.mark.parametrize(
    ("service", "content_type"), [("lambda", "application/json"), ("s3", "text/xml")]
)
def test_error_of_a_request_without_a_body_is_in_the_words_of_its_service(
    connection: http.client.HTTPConnection, cloud: FakeCloud, service: str, content_type: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html"""
    cloud.failure = UnknownServiceError("moto serves no /x")
    connection.request("GET", "/x", headers=signed(service))
    assert connection.getresponse().headers["Content-Type"] == content_type


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/_emulator/status", "/_emulator/health"])
def test_web_page_of_another_site_has_no_effect(
    connection: http.client.HTTPConnection,
    cloud: FakeCloud,
    journal: Journal,
    *,
    headers: dict[str, str],
    path: str,
) -> None:
    connection.request("POST", path, headers={"X-Emulator-Token": TOKEN, **headers})
    answer = connection.getresponse()
    assert (answer.status, cloud.requests) == (403, [])
    assert answer.headers["Access-Control-Allow-Origin"] is None
    assert len(journal.entries(action="refuse")) == 1


@pytest.mark.parametrize("token", [None, "", "secre", "secrets", "\u00e9"])
def test_control_needs_the_token_of_the_run(
    connection: http.client.HTTPConnection, token: str | None
) -> None:
    headers = {} if token is None else {"X-Emulator-Token": token}
    connection.request("POST", "/_emulator/project", headers=headers)
    assert connection.getresponse().status == 403


def test_control_is_asked_with_the_path_and_body(connection: http.client.HTTPConnection) -> None:
    headers = {"X-Emulator-Token": TOKEN}
    connection.request("PUT", "/_emulator/project?x", body=b"body", headers=headers)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["X-From"]) == (202, "control")
    assert answer.read() == b"PUT /_emulator/project body"


def test_health_needs_no_token(connection: http.client.HTTPConnection, cloud: FakeCloud) -> None:
    connection.request("GET", "/_emulator/health")
    assert json.load(connection.getresponse()) == {"status": "ok"}
    assert cloud.requests == []


def test_long_poll_learns_that_its_client_has_hung_up(
    connection: http.client.HTTPConnection, cloud: FakeCloud
) -> None:
    """A message must never be handed to a client that is gone."""
    connection.request("POST", "/poll", headers=signed("sqs"))
    assert cloud.polling.wait(5)
    connection.close()
    with cloud.condition:
        cloud.condition.notify_all()
    assert cloud.found_gone.wait(5)


def test_stopping_ends_a_long_poll_and_leaves_no_thread_and_no_port(
    cloud: FakeCloud, journal: Journal
) -> None:
    before = set(threading.enumerate())
    with serving(cloud, journal) as endpoint:
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
        connection.request("POST", "/poll", headers=signed("sqs"))
        assert cloud.polling.wait(5)
    assert cloud.found_gone.is_set()
    assert set(threading.enumerate()) <= before
    listen("127.0.0.1", endpoint.port).close()
    connection.close()


def client(endpoint: Endpoint, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{endpoint.port}",
        region_name="us-east-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def real(journal: Journal) -> Iterator[Endpoint]:
    with serving(Cloud(SystemClock(), journal), journal) as made:
        yield made


def test_boto3_sends_and_receives_through_the_endpoint(real: Endpoint) -> None:
    sqs = client(real, "sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert url == f"http://127.0.0.1:{real.port}/123456789012/jobs"
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert message["Body"] == "hello"
    sqs.close()


def test_boto3_uses_tables_buckets_and_identity_through_the_endpoint(real: Endpoint) -> None:
    s3, dynamodb, sts = (client(real, name) for name in ("s3", "dynamodb", "sts"))
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="a b/\u00e9", Body=b"x" * 100_000)
    assert len(s3.get_object(Bucket="files", Key="a b/\u00e9")["Body"].read()) == 100_000
    assert s3.head_object(Bucket="files", Key="a b/\u00e9")["ContentLength"] == 100_000
    assert dynamodb.list_tables()["TableNames"] == []
    assert sts.get_caller_identity()["Account"] == "123456789012"
    for made in (s3, dynamodb, sts):
        made.close()


def test_boto3_reads_the_error_of_a_missing_queue(real: Endpoint) -> None:
    sqs = client(real, "sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="none")
    sqs.close()
