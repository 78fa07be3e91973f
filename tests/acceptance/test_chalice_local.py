"""``chalice local`` with the emulator attached, on a project that is not ours."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from chalice_process import (
    CHALICE,
    ChaliceLocal,
    all_end,
    chalice_local,
    emulator_command,
    environment,
    eventually,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APP = """
import os
from chalice import Chalice
{before}
app = Chalice(app_name="sample")
if os.environ.get("AWS_CHALICE_CLI_MODE"):
    import emulator
    emulator.attach(app)
import boto3
sqs = boto3.client("sqs")

@app.route("/send/{{text}}", methods=["POST"])
def send(text):
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    return {{"id": sqs.send_message(QueueUrl=url, MessageBody=text)["MessageId"]}}

@app.on_sqs_message(queue="work")
def work(event):
    for record in event:
        print("{word}", record.body, "in", os.getpid(), flush=True)

{after}
"""
#: Variables that would lead to real AWS.
REAL = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL_SQS")


def write_app(folder: Path, *, word: str = "got", before: str = "", after: str = "") -> None:
    (folder / "app.py").write_text(APP.format(word=word, before=before, after=after))


def made_in(folder: Path) -> Path:
    (folder / ".chalice").mkdir(parents=True)
    stage = {"api_gateway_stage": "api", "lambda_timeout": 5}
    config = {"version": "2.0", "app_name": "sample", "stages": {"dev": stage, "prod": stage}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    write_app(folder)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made_in(tmp_path / "sample")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaliceLocal]:
    """For tests that change nothing, in the shell of somebody who works with AWS."""
    project = made_in(tmp_path_factory.mktemp("shared") / "sample")
    write_app(project, after='@app.route("/env")\ndef env():\n    return dict(os.environ)')
    with chalice_local(project, more=dict.fromkeys(REAL, "real")) as running:
        yield running.wait_until_serving()


@pytest.fixture
def serving(project: Path) -> Iterator[ChaliceLocal]:
    with chalice_local(project) as running:
        yield running.wait_until_serving()


def says(running: ChaliceLocal, text: str) -> None:
    eventually(lambda: text in running.text(), seconds=20)


def fails(project: Path, *arguments: str, port: int | None = None) -> str:
    """What ``chalice local`` says when it cannot start."""
    with chalice_local(project, *arguments, port=port) as running:
        running.process.wait(20)
        return running.text()


def test_message_sent_by_a_route_starts_its_function_without_reloads_and_in_a_stage(
    project: Path,
) -> None:
    with chalice_local(project, "--no-autoreload", "--stage", "prod") as running:
        running.wait_until_serving()

        assert running.call("POST", "/send/hello")[0] == 200
        says(running, "got hello")


def test_worker_function_shares_no_process_with_the_api(shared: ChaliceLocal) -> None:
    """https://aws.github.io/chalice/topics/events.html"""
    assert shared.call("POST", "/send/hello")[0] == 200
    says(shared, "got hello in ")

    pid = int(shared.text().partition("got hello in ")[2].split()[0])
    parent = psutil.Process(shared.process.pid)
    assert pid not in {parent.pid, *(p.pid for p in parent.children()), shared.status()["pid"]}


def test_status_names_process_endpoint_functions_and_queues(shared: ChaliceLocal) -> None:
    done = emulator_command(shared.project, "status", "--json")

    status = json.loads(done.stdout)
    assert psutil.pid_exists(status["pid"])
    assert status["endpoint"].startswith("http://127.0.0.1:")
    assert status["functions"] == ["api_handler", "work"]
    # what another test has sent may be on its way
    nothing = {"visible": 0, "in_flight": 0, "delayed": 0}
    eventually(lambda: shared.status()["queues"]["work"] == nothing)


def test_status_outside_a_running_project_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    done = emulator_command(tmp_path, "status", "--json")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: no emulator runs for this folder. Start one with: chalice local\n"
    )


def test_reload_runs_new_code_and_keeps_what_is_queued(serving: ChaliceLocal) -> None:
    before = serving.status()
    write_app(serving.project, word="new")
    says(serving, "Restarting")
    serving.wait_until_serving()

    serving.call("POST", "/send/hello")
    says(serving, "new hello")
    assert serving.status()["pid"] == before["pid"]


def interrupt(running: ChaliceLocal) -> None:
    os.killpg(running.process.pid, signal.SIGINT)


def terminate(running: ChaliceLocal) -> None:
    running.process.send_signal(signal.SIGTERM)


def kill(running: ChaliceLocal) -> None:
    running.process.send_signal(signal.SIGKILL)


def kill_worker(running: ChaliceLocal) -> None:
    psutil.Process(running.process.pid).children()[0].kill()


@pytest.mark.parametrize("end", [interrupt, terminate, kill, kill_worker])
def test_every_process_is_gone_soon_after_chalice_local_ends(
    serving: ChaliceLocal, end: Callable[[ChaliceLocal], None]
) -> None:
    serving.call("POST", "/send/hello")
    says(serving, "got hello")
    family = serving.family()
    assert len(family) >= 3

    end(serving)

    all_end([psutil.Process(serving.process.pid), *family])


def test_killed_emulator_ends_chalice_local_with_the_reason(serving: ChaliceLocal) -> None:
    family = serving.family()
    psutil.Process(serving.status()["pid"]).kill()

    all_end([psutil.Process(serving.process.pid), *family])
    assert "Start chalice local again." in serving.text()
    with chalice_local(serving.project) as again:
        again.wait_until_serving()


def test_second_chalice_local_of_a_project_is_refused(shared: ChaliceLocal) -> None:
    second = ChaliceLocal(shared.project)
    try:
        second.process.wait(20)
        assert "already runs this project" in second.text()
        assert "Traceback" not in second.text()
    finally:
        second.end()
    assert shared.call("POST", "/send/again")[0] == 200


def test_port_in_use_is_named_with_what_to_do(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = fails(project, port=taken.getsockname()[1])

    assert "chalice local --port" in said
    assert "Traceback" not in said


def test_client_made_before_attach_is_refused_with_its_line(project: Path) -> None:
    write_app(project, before='import boto3\nearly = boto3.client("s3", region_name="us-east-1")')

    said = fails(project)

    assert "app.py:5 early" in said
    assert "Traceback" not in said


def test_broken_template_is_refused_by_its_name(project: Path) -> None:
    (project / ".chalice" / "resources.json").write_text("{")

    said = fails(project, "--no-autoreload")

    assert "resources.json:1:2: this is no JSON" in said
    assert "Traceback" not in said


def test_app_that_raises_is_served_again_once_it_is_corrected(project: Path) -> None:
    write_app(project, after="1 / 0")
    with chalice_local(project) as running:
        says(running, "Correct it and save")
        assert "ZeroDivisionError" in running.text()
        # of the traceback what is the user's
        assert "threading.py" not in running.text()

        write_app(project)
        running.wait_until_serving()
        running.call("POST", "/send/hello")
        says(running, "got hello")


def test_packaging_and_policy_generation_start_nothing(project: Path, tmp_path: Path) -> None:
    for command in (["gen-policy"], ["package", "--pkg-format", "cloudformation", str(tmp_path)]):
        done = subprocess.run(
            [CHALICE, *command],
            cwd=project,
            env={**environment(), "AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert emulator_command(project, "status").returncode == 1


def test_real_credentials_and_endpoints_do_not_reach_the_app(shared: ChaliceLocal) -> None:
    found: dict[str, Any] = shared.call("GET", "/env")[1]

    assert found["AWS_ACCESS_KEY_ID"] == "emulator"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_SQS"} & found.keys()
