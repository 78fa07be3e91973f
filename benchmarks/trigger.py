"""How long after the send an idle queue's message starts its function, by the function's clock.

From just before a client sends to the first line of the handler: the client's own work, the
endpoint, the mapping, and the invocation in a warm environment.
"""

from __future__ import annotations

import contextlib
import http.client
import shutil
import time
from typing import TYPE_CHECKING

import boto3
import msgspec

from benchmarks.measurement import Figure, Plan, Result, percentile
from benchmarks.processes import (
    BIN,
    ROOT,
    BenchmarkError,
    clean_environment,
    free_port,
    output_of,
    running,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MS_MAX = 20
_WARM_UP_MESSAGES = 5
#: How long the queue is idle before the next message.
_PAUSE_SECONDS = 0.05
_CONFIG = {"version": "2.0", "app_name": "trigger", "stages": {"dev": {}}}


def measure(plan: Plan) -> Result:
    rounds = [_waits_ms(plan, number) for number in range(plan.rounds)]
    samples = [wait_ms for waits_ms in rounds for wait_ms in waits_ms]
    p50, p95 = percentile(samples, 50), percentile(samples, 95)
    return Result(
        figures=[
            Figure(
                what="send to function start, idle queue, p50", unit="ms", ours=p50, stock=None,
                target=f"<= {_MS_MAX} ms", is_met=p50 <= _MS_MAX,
            ),
            Figure(what="send to function start, p95", unit="ms", ours=p95, stock=None),
        ],
        samples={"ours_ms": rounds},
    )  # fmt: skip


def _waits_ms(plan: Plan, number: int) -> list[float]:
    folder = _project(plan.folder / f"trigger-{number}")
    with _chalice_local(plan, folder) as endpoint:
        sqs = boto3.session.Session("benchmark", "benchmark", region_name="us-east-1").client(
            "sqs", endpoint_url=endpoint
        )
        url = sqs.get_queue_url(QueueName="trigger")["QueueUrl"]
        for sent in range(1, _WARM_UP_MESSAGES + plan.size(150, 30) + 1):
            sqs.send_message(QueueUrl=url, MessageBody=str(time.time_ns()))
            wait_until(
                lambda: len(_waits_ns(folder)) == sent,  # noqa: B023
                what=f"message {sent} starts the function",
                log=folder / "chalice.log",
            )
            time.sleep(_PAUSE_SECONDS)
    return [round(ns / 1e6, 2) for ns in _waits_ns(folder)[_WARM_UP_MESSAGES:]]


def _waits_ns(folder: Path) -> list[int]:
    path = folder / "waits.txt"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def _project(folder: Path) -> Path:
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_bytes(msgspec.json.encode(_CONFIG))
    shutil.copy2(ROOT / "benchmarks" / "loads" / "trigger_app.py", folder / "app.py")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "emulator", folder / "emulator", ignore=ignored)
    return folder


@contextlib.contextmanager
def _chalice_local(plan: Plan, folder: Path) -> Iterator[str]:
    """The project served; its AWS endpoint."""
    port, log = free_port(), folder / "chalice.log"
    environment = clean_environment(plan.folder / "tmp")
    command = [str(BIN / "chalice"), "local", "--port", str(port), "--no-autoreload"]
    with running(command, folder=folder, environment=environment, log=log) as process:

        def answers() -> bool:
            if process.poll() is not None:
                raise BenchmarkError(f"chalice local ended:\n{log.read_text()[-3000:]}")
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/")
                return connection.getresponse().status == http.HTTPStatus.OK

        wait_until(answers, what="chalice local answers", log=log)
        status = output_of(
            [str(BIN / "python"), "-m", "emulator", "status", "--json"],
            folder=folder, environment=environment, seconds_max=20,
        )  # fmt: skip
        yield str(msgspec.json.decode(status)["endpoint"])
