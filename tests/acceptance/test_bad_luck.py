"""What goes wrong while ``chalice local`` runs: kills, mistakes saved, storms of reloads."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from typing import TYPE_CHECKING

import psutil
import pytest
from chalice_process import (
    CHALICE,
    ChaliceLocal,
    all_end,
    chalice_local,
    emulator_command,
    eventually,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = """
import os, subprocess, sys, threading
from chalice import Chalice
{before}
app = Chalice(app_name="unlucky")
if os.environ.get("AWS_CHALICE_CLI_MODE"):
    import emulator
    emulator.attach(app)
import boto3
sqs = boto3.client("sqs")

@app.route("/send/{{text}}", methods=["POST"])
def send(text):
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    return {{"id": sqs.send_message(QueueUrl=url, MessageBody=text)["MessageId"]}}

@app.on_sqs_message(queue="work", batch_size=1)
def work(event):
    for record in event:
        print("begin", record.body, flush=True)
        if record.body == "slow":
            threading.Event().wait(3)
        if record.body == "endless":
            subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait(60)"])
            print("waits", flush=True)
            threading.Event().wait(60)
        print("{word}", record.body, flush=True)
{after}
"""
#: Waits, before anything of the emulator is loaded, until the process that started it has ended.
OUTLIVE_PARENT = """
if os.environ.get("CHALICE_WORKER"):
    parent = os.getppid()
    print("loading", flush=True)
    while os.getppid() == parent:
        threading.Event().wait(0.01)
"""
ONE_MORE = '@app.on_sqs_message(queue="more")\ndef more(event): pass'


def write_app(folder: Path, *, word: str = "done", before: str = "", after: str = "") -> None:
    (folder / "app.py").write_text(APP.format(word=word, before=before, after=after))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "unlucky"
    (folder / ".chalice").mkdir(parents=True)
    stage = {"api_gateway_stage": "api", "lambda_timeout": 60}
    config = {"version": "2.0", "app_name": "unlucky", "stages": {"dev": stage}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    write_app(folder)
    return folder


@pytest.fixture
def serving(project: Path) -> Iterator[ChaliceLocal]:
    with chalice_local(project) as running:
        yield running.wait_until_serving()


def says(running: ChaliceLocal, text: str) -> None:
    eventually(lambda: text in running.text(), seconds=20)


def test_no_process_stays_when_chalice_local_is_killed_while_it_loads(project: Path) -> None:
    write_app(project, before=OUTLIVE_PARENT)
    running = ChaliceLocal(project)
    says(running, "loading")
    family = psutil.Process(running.process.pid).children(recursive=True)

    running.process.kill()
    running.process.wait(10)
    all_end(family)

    running.end()
    assert emulator_command(project, "status").returncode == 1


def test_no_process_stays_when_nobody_reaps_a_killed_chalice_local(serving: ChaliceLocal) -> None:
    family = serving.family()

    os.kill(serving.process.pid, signal.SIGKILL)

    all_end(family)


def test_function_that_waits_and_its_children_end_with_chalice_local(serving: ChaliceLocal) -> None:
    serving.call("POST", "/send/endless")
    says(serving, "waits")
    family = serving.family()

    os.killpg(serving.process.pid, signal.SIGINT)

    all_end(family)


def test_message_in_flight_is_finished_by_the_old_code_after_an_edit(serving: ChaliceLocal) -> None:
    serving.call("POST", "/send/slow")
    says(serving, "begin slow")

    write_app(serving.project, word="new")
    says(serving, "done slow")
    serving.wait_until_serving().call("POST", "/send/next")

    says(serving, "new next")
    eventually(lambda: sum(serving.status()["queues"]["work"].values()) == 0)


def test_no_message_is_lost_in_a_storm_of_reloads(serving: ChaliceLocal) -> None:
    stop = threading.Event()
    sent: list[str] = []

    def send() -> None:
        while not stop.wait(0.05):
            text = f"m{len(sent)}."
            try:
                serving.call("POST", f"/send/{text}")
            except OSError:
                continue  # between two servers; the next one has a number of its own
            sent.append(text)

    sender = threading.Thread(target=send)
    sender.start()
    pause = threading.Event()
    for _ in range(20):
        (serving.project / "app.py").touch()
        pause.wait(0.1)
    serving.wait_until_serving()
    eventually(lambda: sent)
    stop.set()
    sender.join()

    eventually(lambda: all(f"done {text}" in serving.text() for text in sent), seconds=30)


def test_mistake_in_the_template_keeps_what_is_queued(serving: ChaliceLocal) -> None:
    pid = serving.status()["pid"]
    template = serving.project / ".chalice" / "resources.json"

    template.write_text("{")
    says(serving, "Correct it and save")
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work"}}
    template.write_text(json.dumps({"Resources": {"Work": queue}}))
    says(serving, "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds")
    assert ".chalice/resources.json: Work.VisibilityTimeout" in serving.text()
    template.unlink()
    serving.wait_until_serving().call("POST", "/send/again")

    says(serving, "done again")
    assert serving.status()["pid"] == pid
    assert "Traceback" not in serving.text()


def test_queue_that_cannot_be_created_is_named(project: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 99_999_999}}
    template = json.dumps({"Resources": {"TooLong": queue}})
    (project / ".chalice" / "resources.json").write_text(template)

    with chalice_local(project, "--no-autoreload") as running:
        assert running.process.wait(20) == 1

        assert "TooLong (AWS::SQS::Queue) is refused" in running.text()
        assert "Traceback" not in running.text()


def test_what_a_reload_adds_is_said_once(project: Path) -> None:
    write_app(project, after="1 / 0")
    with chalice_local(project) as running:
        says(running, "could not be loaded")
        write_app(project)
        says(running, "Function work <- work")

        write_app(project, after=ONE_MORE)
        says(running, "Function more <- more")

        assert running.text().count("Function work <- work") == 1
        assert '"QueueName": "more"' in running.text()


def test_second_project_gets_a_port_of_its_own_and_says_so(
    serving: ChaliceLocal, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(serving.project, other)

    with chalice_local(other, "--no-autoreload") as second:
        second.wait_until_serving()

        assert "(port 4566 is taken)" in second.text()
        assert second.status()["endpoint"] != serving.status()["endpoint"]


def test_port_that_does_not_exist_is_refused_without_a_traceback(project: Path) -> None:
    done = run(project, CHALICE, "local", "--no-autoreload", "--port", "99999")

    assert done.returncode == 1
    assert "no port 99999" in done.stderr
    assert "Traceback" not in done.stderr
