"""``python -m emulator endpoint``: AWS alone, as somebody who deploys to it starts it."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from chalice_process import emulator_command, environment, eventually

from emulator.http.server import listen
from emulator.local.running import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS_MAX = 30


def resources(visibility_timeout: int = 77) -> str:
    """A template with a queue, and something that is not known here."""
    queue = {"QueueName": "orders", "VisibilityTimeout": visibility_timeout}
    made = {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": queue},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
    }
    return json.dumps({"Resources": made})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without an app: nobody imports it."""
    folder = tmp_path / "project"
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_text('{"app_name": "shop"}')
    (folder / ".chalice" / "resources.json").write_text(resources())
    return folder


@contextlib.contextmanager
def serving(project: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The running command, and what it has said by the time that it serves."""
    log = project.parent / "endpoint.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "endpoint", "--port", "0", *arguments],
            cwd=project, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip

    def said() -> str:
        assert process.poll() is None, log.read_text()
        return log.read_text()

    try:
        eventually(lambda: "AWS: " in said(), seconds=START_SECONDS_MAX)
        yield process, said()
    finally:
        process.kill()
        process.wait()
        eventually(lambda: StateFolder(project).find() is None)


def client(said: str, service: str) -> Any:
    found = re.search(r"^AWS: (\S+)$", said, re.MULTILINE)
    assert found
    return boto3.client(
        service, endpoint_url=found[1], region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip


def test_endpoint_has_what_the_template_describes_and_ends_with_the_command(
    project: Path,
) -> None:
    with serving(project, "--resources", "prod") as (process, said):
        assert "Note: Key: AWS::KMS::Key is not created locally\n" in said
        sqs = client(said, "sqs")
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        assert found["Attributes"] == {"VisibilityTimeout": "77"}
        assert "queue      orders: 0 waiting" in emulator_command(project, "status").stdout
        second = emulator_command(project, "endpoint", "--port", "0")
        assert second.returncode == 1
        assert f"process {process.pid} already runs this project" in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        eventually(lambda: StateFolder(project).find() is None)


def test_endpoint_ends_with_a_command_that_is_killed(project: Path) -> None:
    with serving(project) as (process, said):
        assert client(said, "sqs").list_queues().get("QueueUrls", []) == []
        process.kill()
        process.wait()
        eventually(lambda: StateFolder(project).find() is None)


@pytest.mark.parametrize(
    ("files", "arguments", "problem"),
    [
        ({"config.json": "{"}, ["--resources", "dev"], ".chalice/config.json cannot be read"),
        ({"resources.json": "[]"}, ["--resources", "dev"], "resources.json"),
        ({}, ["--port", "65536"], "0<=x<=65535"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(
    project: Path, files: dict[str, str], arguments: list[str], problem: str
) -> None:
    for name, text in files.items():
        (project / ".chalice" / name).write_text(text)
    refused = emulator_command(project, "endpoint", *arguments)
    assert refused.returncode != 0
    assert problem in refused.stderr
    assert "Traceback" not in refused.stderr
    assert StateFolder(project).find() is None


def test_port_that_another_program_has_is_told(project: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        refused = emulator_command(project, "endpoint", "--port", port)
    assert refused.stderr == f"Error: port {port}: Address already in use; choose another\n"


def test_resource_that_aws_would_refuse_ends_the_command(project: Path) -> None:
    (project / ".chalice" / "resources.json").write_text(resources(99_999))
    refused = emulator_command(project, "endpoint", "--port", "0", "--resources", "dev")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert "Orders" in refused.stderr
    eventually(lambda: StateFolder(project).find() is None)
