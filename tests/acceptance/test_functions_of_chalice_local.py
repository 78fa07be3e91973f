"""What a person sees of the functions that a running ``chalice local`` has: logs, break points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from chalice_process import ChaliceLocal, chalice_local, emulator_command, eventually

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import os
from chalice import Chalice
app = Chalice(app_name="talking")
if os.environ.get("AWS_CHALICE_CLI_MODE"):
    import emulator
    emulator.attach(app)
import boto3
sqs = boto3.client("sqs")

@app.route("/send", methods=["POST"])
def send():
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=app.current_request.raw_body.decode())
    return {"pid": os.getpid()}

@app.on_sqs_message(queue="work")
def work(event):
    for record in event:
        if record.body == "stop":
            breakpoint()
        print("got", record.body, "in", os.getpid(), flush=True)

def at_break_point():
    print("stopped in", os.getpid(), flush=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "talking"
    (folder / ".chalice").mkdir(parents=True)
    config = {"version": "2.0", "app_name": "talking", "stages": {"dev": {"lambda_timeout": 5}}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    (folder / "app.py").write_text(APP)
    return folder


def sent(running: ChaliceLocal, text: str) -> int:
    """Send a message; returns the process that did, the one of the API."""
    status, answer = running.call("POST", "/send", text.encode())
    assert status == 200, answer
    return int(answer["pid"])


def results(running: ChaliceLocal) -> list[str]:
    return [line for line in running.text().splitlines() if " result " in line]


def logged(endpoint: str) -> list[str]:
    client: Any = boto3.client(
        "logs", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip
    answer = client.filter_log_events(logGroupName="/aws/lambda/talking-dev-work")
    return [event["message"].split()[0] for event in answer["events"]]


def test_invocation_is_a_line_in_the_terminal_and_a_log_in_cloudwatch(project: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html"""
    with chalice_local(project) as running:
        running.wait_until_serving()
        sent(running, "hello")
        eventually(lambda: len(results(running)) == 1, seconds=20)
        assert " of 128 MB, cold start " in results(running)[0]
        assert "START RequestId" not in running.text()
        assert logged(running.status()["endpoint"]) == ["START", "got", "END", "REPORT"]

        done = emulator_command(project, "cold-start", "work")
        assert done.stdout == "the next invocation of work starts cold\n"
        assert emulator_command(project, "cold-start", "nobody").returncode == 1
        sent(running, "again")
        eventually(lambda: len(results(running)) == 2, seconds=20)
        assert "cold start" in results(running)[1]


def test_functions_run_beside_the_api_for_break_points(project: Path) -> None:
    variables = {"EMULATOR_RUNNER": "thread", "PYTHONBREAKPOINT": "app.at_break_point"}
    with chalice_local(project, more=variables) as running:
        running.wait_until_serving()
        pid = sent(running, "stop")
        eventually(lambda: len(results(running)) == 1, seconds=20)
        assert f"stopped in {pid}\n" in running.text()
        assert f"got stop in {pid}\n" in running.text()


def test_setting_that_means_nothing_is_refused_with_what_it_may_be(project: Path) -> None:
    with chalice_local(project, more={"EMULATOR_LOGS": "loud"}) as running:
        running.process.wait(20)
        assert "EMULATOR_LOGS is 'loud' and must be compact or full" in running.text()
