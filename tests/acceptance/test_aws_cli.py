"""Version 2 of AWS's command line tool against a plain ``chalice local``: nothing is deployed."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest
import small_projects
from aws_cli import version_2
from chalice_process import chalice_local, environment, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalice_process import ChaliceLocal

APP = """
@app.route("/")
def index():
    return {}

@app.on_sqs_message(queue="work", batch_size=1)
def on_message(event):
    for record in event:
        print("worked on", record.body)

@app.lambda_function()
def double(event, context):
    return 2 * event["n"]
"""
GROUP = "/aws/lambda/others-dev-on_message"
#: For a program that takes half a second to start on an idle machine.
SEEN_SECONDS_MAX = 30


class Aws(NamedTuple):
    """The tool in a folder, with an endpoint."""

    program: str
    endpoint: str
    folder: Path

    @property
    def _environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        return {**environment(), **keys, **nowhere, "AWS_DEFAULT_REGION": "us-east-1"}

    def _command(self, *arguments: str) -> list[str]:
        return [self.program, "--endpoint-url", self.endpoint, "--output", "text", *arguments]

    def __call__(self, *arguments: str) -> str:
        """What it says; fails the test if it fails."""
        done = subprocess.run(
            self._command(*arguments), cwd=self.folder, env=self._environment,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def following(self, *arguments: str) -> Iterator[Path]:
        """While it runs, what it has said is in the file."""
        said = self.folder / "following"
        with said.open("w") as out:
            process = subprocess.Popen(
                self._command(*arguments), cwd=self.folder, env=self._environment,
                stdout=out, stderr=out,
            )  # fmt: skip
        try:
            yield said
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaliceLocal]:
    version_2()
    project = small_projects.write(APP, tmp_path_factory.mktemp("cli") / "others")
    with chalice_local(project, "--no-autoreload") as started:
        yield started.wait_until_serving()


@pytest.fixture
def aws(running: ChaliceLocal, tmp_path: Path) -> Aws:
    return Aws(version_2(), str(running.status()["endpoint"]), tmp_path)


def send(aws: Aws, body: str) -> None:
    url = aws("sqs", "get-queue-url", "--queue-name", "work")
    aws("sqs", "send-message", "--queue-url", url, "--message-body", body)


def test_logs_of_a_function_are_shown_and_followed(aws: Aws) -> None:
    """https://awscli.amazonaws.com/v2/documentation/api/latest/reference/logs/tail.html"""
    send(aws, "first")
    eventually(lambda: "worked on first" in aws("logs", "tail", GROUP), seconds=SEEN_SECONDS_MAX)
    with aws.following("logs", "tail", GROUP, "--follow") as said:
        eventually(lambda: "worked on first" in said.read_text(), seconds=SEEN_SECONDS_MAX)
        send(aws, "second")
        eventually(lambda: "worked on second" in said.read_text(), seconds=SEEN_SECONDS_MAX)
    lines = said.read_text().splitlines()
    worked = [line.rpartition(" worked on ")[2] for line in lines if " worked on " in line]
    assert worked == ["first", "second"]
    assert any(" REPORT RequestId: " in line for line in lines)


def test_other_services_are_used_as_on_aws(aws: Aws) -> None:
    names = aws("lambda", "list-functions", "--query", "Functions[*].FunctionName")
    assert "others-dev-double" in names.split()
    (aws.folder / "event.json").write_text('{"n": 21}')
    aws(
        "lambda", "invoke", "--function-name", "others-dev-double",
        "--payload", "fileb://event.json", "answer.json",
    )  # fmt: skip
    assert (aws.folder / "answer.json").read_text() == "42"
    aws("s3", "mb", "s3://files")
    aws("s3", "cp", "event.json", "s3://files/key")
    assert aws("s3", "cp", "s3://files/key", "-") == '{"n": 21}'
    item = '{"id": {"S": "1"}}'
    aws(
        "dynamodb", "create-table", "--table-name", "things", "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=id,AttributeType=S",
        "--key-schema", "AttributeName=id,KeyType=HASH",
    )  # fmt: skip
    aws("dynamodb", "put-item", "--table-name", "things", "--item", item)
    assert aws("dynamodb", "scan", "--table-name", "things", "--query", "Count") == "1"
    assert aws("sts", "get-caller-identity", "--query", "Account") == "123456789012"
