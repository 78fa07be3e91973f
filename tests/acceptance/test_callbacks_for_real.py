"""The service under chalice local as a developer tries it: a callback arrives, a link opens."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from chalice_process import ROOT, ChaliceLocal, chalice_local, eventually

from chalicelib import webhooks
from chalicelib.model import TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: As hex digits, which compress by half.
LARGE = random.Random(1).randbytes(20_000).hex()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The service with the setting of development."""
    folder = tmp_path / "accepted"
    ignore = shutil.ignore_patterns("__pycache__", "deployments", "deployed")
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "app.py", folder)
    config = folder / ".chalice/config.json"
    text = config.read_text()
    off, on = '"CALLBACK_ALLOW_LOOPBACK": "false"', '"CALLBACK_ALLOW_LOOPBACK": "true"'
    assert off in text
    config.write_text(text.replace(off, on))
    return folder


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


def submit(running: ChaliceLocal, **job: Any) -> str:
    body = json.dumps({"type": "echo", **job}).encode()
    status, answer = running.call("POST", "/jobs", body, **{"Content-Type": "application/json"})
    assert status == 202, answer
    return str(answer["id"])


def test_a_callback_arrives_and_a_large_result_opens(project: Path) -> None:
    """Signed for the example receiver; the link by a client that knows nothing of AWS."""
    config = json.loads((project / ".chalice/config.json").read_text())
    master = config["stages"]["dev"]["environment_variables"]["CALLBACK_SECRET"].encode()
    secret = webhooks.secret(master, TENANT)
    with receiver(secret) as hears, chalice_local(project) as running:
        assert hears.stdout is not None
        url = hears.stdout.readline().strip()
        running.wait_until_serving()
        job_id = submit(running, input=LARGE, callback={"url": url})
        assert hears.stdout.readline() == f"job.succeeded {job_id}\n"
        eventually(lambda: _callback(running, job_id)["state"] == "delivered")
        # as curl -L does it: one request, the redirect followed to the emulator's S3
        result = f"http://127.0.0.1:{running.port}/jobs/{job_id}/result"
        with urllib.request.urlopen(result, timeout=10) as answer:
            assert json.loads(answer.read()) == LARGE
            assert "X-Amz-Signature" in answer.url


def _callback(running: ChaliceLocal, job_id: str) -> dict[str, Any]:
    return dict(running.call("GET", f"/jobs/{job_id}")[1]["callback"])
