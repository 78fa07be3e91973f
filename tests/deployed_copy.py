"""The fixtures of the acceptance tests for a copy of the app that is deployed somewhere.

``DEPLOYED_URL`` says where, ``DEPLOYED_CONFIG`` is the copy's ``.chalice/config.json``, with the
key of its stage ``prod``. Each test is a tenant of its own. A test that needs what only a process
of its own gives, a clock to move or code to replace, is skipped and says so.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tokens import token

from emulator.http.message import Response
from emulator.test_client import Client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

CONFIG = Path(os.environ.get("DEPLOYED_CONFIG", ""))
STAGE = "prod"
#: How long a job may take that a test waits for.
IDLE_SECONDS_MAX = 20
PENDING = {"queued", "running"}


class RemoteGateway:
    """Calls a deployed API as one tenant."""

    def __init__(self, url: str, authorization: str) -> None:
        self._address = urlsplit(url)
        self._authorization = authorization

    def answer(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Response:
        named = {"Accept": "*/*", "Authorization": self._authorization, **headers}
        connection = http.client.HTTPConnection(self._address.netloc, timeout=60)
        target = self._address.path.rstrip("/") + path
        try:
            connection.request(method, target, body=body or None, headers=named)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        return Response(answer.status, _without_framing(answer.headers), content)


def _without_framing(headers: Message) -> list[tuple[str, str]]:
    framing = {"connection", "date"}
    return [(name, value) for name, value in headers.items() if name.lower() not in framing]


class DeployedEmulator:
    """What can be done with an emulator from outside: wait until one tenant's jobs are over."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def run_until_idle(self) -> None:
        until = time.perf_counter() + IDLE_SECONDS_MAX
        pause = threading.Event()
        while PENDING & {job["status"] for job in self._jobs()}:
            assert time.perf_counter() < until, f"still pending after {IDLE_SECONDS_MAX} s"
            pause.wait(0.05)

    def _jobs(self) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self._client.get("/jobs?limit=100").json()["jobs"]
        return jobs

    def __getattr__(self, name: str) -> Any:
        pytest.skip(f"emulator.{name} is to be had in the app's own process only")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "monkeypatch" in fixtures or "chalice_config" in fixtures:
            item.add_marker(pytest.mark.skip(reason="replaces code in the app's own process"))
        if marker := item.get_closest_marker("in_process"):
            item.add_marker(pytest.mark.skip(reason=marker.args[0]))


@pytest.fixture
def tenant() -> str:
    """Whose jobs the client's are: nobody else's."""
    return f"test-{uuid.uuid4()}"


@pytest.fixture
def job_id_key() -> bytes:
    """What ids and cursors are signed with."""
    stage = json.loads(CONFIG.read_text())["stages"][STAGE]
    return str(stage["environment_variables"]["JOB_ID_KEY"]).encode()


@pytest.fixture
def client(tenant: str) -> Client:
    """Calls the deployed API."""
    known = token(tenant, seconds=600, config=CONFIG, stage=STAGE)
    return Client(RemoteGateway(os.environ["DEPLOYED_URL"], f"Bearer {known}"))  # type: ignore[arg-type]


@pytest.fixture
def emulator(client: Client) -> DeployedEmulator:
    return DeployedEmulator(client)


@pytest.fixture
def failing_task() -> str:
    """The type of a job that fails for good; the copy has it."""
    return "test"
