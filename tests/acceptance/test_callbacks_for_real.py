"""The service under chalice local as a developer tries it: a callback arrives, a link opens, and
what an operator asks is answered.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from chalice_process import ROOT, emulator_command, eventually, run
from jobs_api import jobs_api

from chalicelib.callbacks import webhooks
from chalicelib.jobs.model import TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: As hex digits, which compress by half.
LARGE = random.Random(1).randbytes(20_000).hex()


@contextlib.contextmanager
def receiver(secret: str) -> Iterator[subprocess.Popen[str]]:
    """The example, on a port of its own."""
    command = [sys.executable, str(ROOT / "examples/webhooks/callback_receiver.py"), secret]
    process = subprocess.Popen(command, env={"PORT": "0"}, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def call(url: str, body: Any = None) -> Any:
    """The JSON answered, after redirects."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def operate(project: Path, *arguments: str) -> str:
    """What an operator's command prints, at the endpoint that the emulator says it has."""
    endpoint = emulator_command(project, "status", "--endpoint").stdout.strip()
    command = [sys.executable, "-m", "operate", *arguments]
    done = run(ROOT, *command, "--endpoint", endpoint)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_callback_arrives_a_large_result_opens_and_an_operator_sees_the_job(
    tmp_path: Path,
) -> None:
    """Signed for the example receiver; the link by a client that knows nothing of AWS."""
    config = json.loads((ROOT / ".chalice/config.json").read_text())
    master = config["stages"]["dev"]["environment_variables"]["CALLBACK_SECRET"].encode()
    with (
        receiver(webhooks.secret(master, TENANT)) as hears,
        jobs_api(tmp_path, CALLBACK_ALLOW_LOOPBACK="true") as api,
    ):
        assert hears.stdout is not None
        callback = {"url": hears.stdout.readline().strip()}
        job = call(f"{api}/jobs", {"type": "echo", "input": LARGE, "callback": callback})
        assert hears.stdout.readline() == f"job.succeeded {job['id']}\n"
        shown = f"{api}/jobs/{job['id']}"
        eventually(lambda: call(shown)["callback"]["state"] == "delivered")
        assert call(f"{shown}/result") == LARGE
        assert json.loads(operate(tmp_path, "stats", "--json"))["jobs"]["counts"] == {
            "echo": {"succeeded": 1}
        }
        told = [line.split()[1] for line in operate(tmp_path, "tail", job["id"]).splitlines()]
        assert told[:3] == ["recorded", "claimed", "succeeded"]
        assert (told[-1], "callback-delivered" in told) == ("record", True)
        costs = json.loads(emulator_command(tmp_path, "costs", "--json").stdout)
        assert (costs["units"], costs["counts"]["apis"]["api"]["accepted"]) == (1, 1)
        assert costs["counts"]["tables"]["accepted-jobs"]["write_units"] == 4
        assert costs["counts"]["requests"]["s3"] == {"PUT": 1, "GET": 1}
        assert costs["counts"]["functions"]["process_jobs"]["cold_mb_ms"] > 0
        assert emulator_command(tmp_path, "costs", "--reset").returncode == 0
        done = emulator_command(tmp_path, "costs")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "nothing was done yet" in done.stderr
