"""A client of the job API on one connection that stays open."""

from __future__ import annotations

import http.client
import time
from typing import Any

import msgspec

from benchmarks.processes import BenchmarkError

_JOB = {"type": "text.statistics", "input": {"text": "to be or not to be"}}
#: The job that every benchmark submits: real work, but little of it.
JOB = msgspec.json.encode(_JOB)
#: The same, to be started when the benchmark is long over.
LATER_JOB = msgspec.json.encode({**_JOB, "delay_seconds": 900})
_TIMEOUT_SECONDS = 30
#: How long a client waits before it asks again, and how long for one job altogether.
_POLL_SECONDS = 0.25
_JOB_SECONDS_MAX = 120


class JobClient:
    """Submits jobs and reads them."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)

    def connect(self) -> None:
        self._connection.connect()

    def submit(self, job: bytes = JOB) -> str:
        """Returns the path of the job; raises BenchmarkError unless the answer is 202."""
        status, location, _ = self._call("POST", "/jobs", job)
        if status != http.HTTPStatus.ACCEPTED:
            raise BenchmarkError(f"POST /jobs answered {status} instead of 202")
        return "/" + location.lstrip("/")

    def wait_for_success(self, path: str) -> None:
        """Ask until the job is done; raises BenchmarkError if it fails or never ends."""
        until = time.monotonic() + _JOB_SECONDS_MAX
        while time.monotonic() < until:
            _, _, job = self._call("GET", path)
            if job["status"] == "succeeded":
                return
            if job["status"] not in ("queued", "running"):
                raise BenchmarkError(f"{path} ended as {job['status']}: {job.get('error')}")
            time.sleep(_POLL_SECONDS)
        raise BenchmarkError(f"{path} is not done after {_JOB_SECONDS_MAX} s")

    def _call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str, Any]:
        headers = {"Content-Type": "application/json"} if body else {}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, answer.getheader("Location", ""), msgspec.json.decode(content)

    def close(self) -> None:
        self._connection.close()
