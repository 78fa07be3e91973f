"""Lambda's API of a running ``chalice local``: functions in processes of their own, real time."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import small_projects
from chalice_process import CHALICE, ChaliceLocal, chalice_local, eventually, run
from small_projects import seen

from emulator.local.running import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = """
import os
from chalice import Chalice
app = Chalice(app_name="shop")
if os.environ.get("AWS_CHALICE_CLI_MODE"):
    import emulator
    emulator.attach(app)

@app.route("/hello/{name}")
def hello(name):
    return {"hello": name}

@app.lambda_function()
def twice(event, context):
    return 2 * event
"""
#: Sends what it gets on to a queue, with what it knows of itself.
FORWARD = """
import json, os
import boto3, helper
sqs = boto3.client("sqs")
def handler(event, context):
    url = sqs.get_queue_url(QueueName="out")["QueueUrl"]
    for record in event["Records"]:
        about = [helper.WORD, record["body"], context.function_version, os.getcwd()]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(about))
    print("forwarded", len(event["Records"]))
"""
#: Ends on the code and the timeout it began with.
UPDATE_ITSELF = """
import boto3
def handler(event, context):
    aws = boto3.client("lambda")
    aws.update_function_code(FunctionName="itself", ZipFile=bytes.fromhex(event["zip"]))
    import late
    return late.WORD
"""
ROLE = "arn:aws:iam::123456789012:role/any"
SEND_AND_SEE_SECONDS = 30


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaliceLocal]:
    project = tmp_path_factory.mktemp("lambda") / "shop"
    (project / ".chalice").mkdir(parents=True)
    config = {"version": "2.0", "app_name": "shop", "stages": {"dev": {"api_gateway_stage": "api"}}}
    (project / ".chalice" / "config.json").write_text(json.dumps(config))
    (project / "app.py").write_text(APP)
    with chalice_local(project) as started:
        yield started.wait_until_serving()
    assert not (StateFolder(project).path / "functions").exists()


@pytest.fixture(scope="module")
def endpoint(running: ChaliceLocal) -> str:
    return str(running.status()["endpoint"])


def client(endpoint: str, service: str) -> Any:
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip


def zipped(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name, text in files.items():
            package.writestr(f"{name}.py", text)
    return content.getvalue()


def create(aws: Any, name: str, code: bytes) -> Any:
    return aws.create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="app.handler", Timeout=20,
        Code={"ZipFile": code},
    )  # fmt: skip


def read(answer: Any) -> Any:
    return json.loads(answer["Payload"].read())


def test_function_from_a_zip_runs_on_what_is_sent_to_its_queue(
    running: ChaliceLocal, endpoint: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    aws, sqs = client(endpoint, "lambda"), client(endpoint, "sqs")
    out = sqs.create_queue(QueueName="out")["QueueUrl"]
    url = sqs.create_queue(QueueName="in")["QueueUrl"]

    def send(body: str) -> list[Any]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
        (message,) = eventually(lambda: receive(sqs, out), seconds=SEND_AND_SEE_SECONDS)
        sqs.delete_message(QueueUrl=out, ReceiptHandle=message["ReceiptHandle"])
        return list(json.loads(message["Body"]))

    create(aws, "forward", zipped(app=FORWARD, helper="WORD = 'first'"))
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    mapping = aws.create_event_source_mapping(
        FunctionName="forward", EventSourceArn=arn["Attributes"]["QueueArn"]
    )
    word, body, version, task_root = send("one")
    assert (word, body, version) == ("first", "one", "$LATEST")
    assert Path(task_root).is_dir()

    aws.publish_version(FunctionName="forward")
    aws.update_event_source_mapping(UUID=mapping["UUID"], FunctionName="forward:1")
    new = zipped(app=FORWARD, helper="WORD = 'second'")
    aws.update_function_code(FunctionName="forward", ZipFile=new)
    assert send("two")[:3] == ["first", "two", "1"]
    aws.update_event_source_mapping(UUID=mapping["UUID"], FunctionName="forward")
    assert send("three")[:3] == ["second", "three", "$LATEST"]
    eventually(lambda: "forwarded 1" in running.text())


def receive(sqs: Any, url: str) -> Any:
    return sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")


def test_functions_of_the_project_are_listed_and_invoked(endpoint: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    aws = client(endpoint, "lambda")
    names = {function["FunctionName"] for function in aws.list_functions()["Functions"]}
    assert {"shop-dev", "shop-dev-twice"} <= names
    assert read(aws.invoke(FunctionName="shop-dev-twice", Payload=b"21")) == 42
    request = {
        "resource": "/hello/{name}", "path": "/hello/you", "httpMethod": "GET",
        "headers": {}, "multiValueHeaders": {}, "queryStringParameters": None,
        "multiValueQueryStringParameters": None, "pathParameters": {"name": "you"},
        "stageVariables": None, "body": None, "isBase64Encoded": False,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/hello/{name}"},
    }  # fmt: skip
    answer = read(aws.invoke(FunctionName="shop-dev", Payload=json.dumps(request).encode()))
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"hello": "you"})


def test_code_of_a_function_can_be_loaded_from_its_location(endpoint: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html"""
    aws = client(endpoint, "lambda")
    code = zipped(app="def handler(event, context): pass")
    create(aws, "loaded", code)
    location = aws.get_function(FunctionName="loaded")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == code


def test_invocation_returns_the_end_of_its_log(endpoint: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    aws = client(endpoint, "lambda")
    source = "def handler(event, context):\n for n in range(500): print('line', n)"
    create(aws, "talks", zipped(app=source))
    answer = aws.invoke(FunctionName="talks", LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert len(log) == 4096
    assert "line 499\n" in log
    assert "line 0\n" not in log
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert f"REPORT RequestId: {request_id}" in log


def test_running_invocation_ends_on_the_code_it_began_with(endpoint: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    aws = client(endpoint, "lambda")
    create(aws, "itself", zipped(app=UPDATE_ITSELF, late="WORD = 'old'"))
    new = zipped(app="def handler(event, context): return 'new'").hex()
    event = json.dumps({"zip": new}).encode()
    assert read(aws.invoke(FunctionName="itself", Payload=event)) == "old"
    assert read(aws.invoke(FunctionName="itself")) == "new"


def test_broken_function_is_told_to_the_caller_and_in_the_terminal(
    running: ChaliceLocal, endpoint: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    aws = client(endpoint, "lambda")
    create(aws, "broken", zipped(app="import nowhere_to_be_found"))
    answer = aws.invoke(FunctionName="broken")
    assert answer["FunctionError"] == "Unhandled"
    error = read(answer)
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'nowhere_to_be_found'" in error["errorMessage"]
    eventually(lambda: "failed: Runtime.ImportModuleError" in running.text())


def test_reload_keeps_functions_and_mappings_made_through_the_api(
    running: ChaliceLocal, endpoint: str
) -> None:
    aws, sqs = client(endpoint, "lambda"), client(endpoint, "sqs")
    create(aws, "kept", zipped(app="def handler(event, context): return 'kept'"))
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    mapping = aws.create_event_source_mapping(
        FunctionName="kept", EventSourceArn=arn["Attributes"]["QueueArn"]
    )
    added = "@app.lambda_function()\ndef added(event, context):\n    return 'added'\n"
    (running.project / "app.py").write_text(APP + added)

    def names() -> set[str]:
        return {function["FunctionName"] for function in aws.list_functions()["Functions"]}

    eventually(lambda: "shop-dev-added" in names(), seconds=SEND_AND_SEE_SECONDS)
    assert read(aws.invoke(FunctionName="shop-dev-added")) == "added"
    assert read(aws.invoke(FunctionName="kept")) == "kept"
    assert aws.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Enabled"


def make_what_chalice_does_not(endpoint: str) -> None:
    """The sources of the project's events."""
    for name in ("work", "seen"):
        client(endpoint, "sqs").create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    for name in ("news", "alerts"):
        client(endpoint, "sns").create_topic(Name=name)
    client(endpoint, "s3").create_bucket(Bucket="uploads")
    client(endpoint, "kinesis").create_stream(StreamName="clicks", ShardCount=1)
    client(endpoint, "dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )  # fmt: skip


def noted(sqs: Any, count: int) -> list[Any]:
    """What so many functions have noted down, in order; waits for it."""
    found: list[Any] = []

    def are_all_there() -> bool:
        found.extend(seen(sqs))
        return len(found) >= count

    eventually(are_all_there, seconds=SEND_AND_SEE_SECONDS)
    return sorted(found)


def chalice(project: Path, endpoint: str, command: str) -> None:
    settings = {
        "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
    }  # fmt: skip
    done = run(project, "env", *(f"{k}={v}" for k, v in settings.items()), CHALICE, command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_project_with_every_event_source_is_deployed_twice_and_deleted(
    running: ChaliceLocal, endpoint: str, tmp_path: Path
) -> None:
    """By Chalice itself: https://aws.github.io/chalice/quickstart.html"""
    make_what_chalice_does_not(endpoint)
    project = small_projects.write(small_projects.EVERYTHING, tmp_path / "others")
    (project / "requirements.txt").touch()
    sqs, lambda_ = client(endpoint, "sqs"), client(endpoint, "lambda")
    work = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    for text in ("first", "second"):
        chalice(project, endpoint, "deploy")
        (url,) = (url for url, name in running.status()["apis"].items() if name == "others")
        urllib.request.urlopen(urllib.request.Request(f"{url}make/{text}", method="POST"))
        sqs.send_message(QueueUrl=work, MessageBody=text)
        assert noted(sqs, 7) == [
            ["blueprint", text],
            ["bucket", [f"in/{text}.csv", text]],
            ["bus", ["order", 101]],
            ["queue", [text]],
            ["stream", [text]],
            ["table", [["INSERT", text, "orders"]]],
            ["topic", ["hi", text]],
        ]
    chalice(project, endpoint, "delete")
    assert "others" not in running.status()["apis"].values()
    names = [function["FunctionName"] for function in lambda_.list_functions()["Functions"]]
    assert not [name for name in names if name.startswith("others")]
    assert client(endpoint, "events").list_rules()["Rules"] == []
