"""The Python client of ``examples/client`` against the real API, on good days and on bad ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlsplit

import pytest
from accepted_client import Client, JobCanceledError, JobFailedError, NotFinishedError, RefusedError
from chalice_process import ROOT
from chaos_proxy import Loss, chaos_proxy
from jobs_api import jobs_api

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Enough that losses come several times in a row.
JOBS = 8
#: A seed with three losses in a row, of several jobs each way.
SEED = 90
RESULT_SECONDS_MAX = 60


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with jobs_api(tmp_path_factory.mktemp("api")) as url:
        yield url


@pytest.fixture
def client(api: str) -> Client:
    return Client(api)


def ids(client: Client) -> set[str]:
    return {document["id"] for document in client.jobs()}


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "examples/client"), **environment},
        capture_output=True,
        text=True,
        timeout=RESULT_SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize("loss", get_args(Loss))
def test_one_call_makes_one_job_whatever_is_lost_on_the_way(
    api: str, client: Client, loss: Loss
) -> None:
    """And each gets its own result."""
    before = ids(client)
    with chaos_proxy(urlsplit(api).netloc, loss=loss, seed=SEED) as proxy:
        unlucky = Client(proxy.url)
        jobs = [unlucky.submit("echo", number) for number in range(JOBS)]
        results = [job.result(RESULT_SECONDS_MAX) for job in jobs]

    assert results == list(range(JOBS))
    assert proxy.lost_methods.count("POST") >= 3
    assert proxy.lost_methods.count("GET") >= 3
    assert ids(client) - before == {job.id for job in jobs}
    assert len({job.id for job in jobs}) == JOBS


def test_key_that_was_kept_finds_the_job_again(client: Client) -> None:
    """As after a crash of the client; for another input it is refused."""
    first = client.submit("echo", 1, idempotency_key="order-1138")
    second = client.submit("echo", 1, idempotency_key="order-1138")

    assert second.id == first.id
    with pytest.raises(RefusedError) as raised:
        client.submit("echo", 2, idempotency_key="order-1138")
    assert raised.value.slug == "idempotency-key-reused"


def test_canceled_job_ends_the_wait_for_its_result(client: Client) -> None:
    job = client.submit("demo.slow", {"seconds": 20}, delay_seconds=600)

    with pytest.raises(NotFinishedError):
        job.result(0)
    assert job.cancel()["status"] == "canceled"
    with pytest.raises(JobCanceledError):
        job.result(RESULT_SECONDS_MAX)


def test_failed_job_tells_why(client: Client) -> None:
    job = client.submit("csv.profile", {"csv": ",".join(["column"] * 1_001)})

    with pytest.raises(JobFailedError) as raised:
        job.result(RESULT_SECONDS_MAX)
    assert raised.value.slug == "handler-error"


def test_command_draws_the_progress_and_prints_the_result(api: str) -> None:
    arguments = ("submit", "demo.slow", '{"seconds": 2}', "--progress")
    done = python("-m", "accepted_client", *arguments, JOBS_URL=api)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"slept_seconds": 2.0}
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"{api}/jobs/")
    assert any("running" in line for line in lines)
    assert lines[-1].endswith("] 100%  succeeded")


def test_program_of_the_document_prints_the_number_of_words(api: str) -> None:
    """As a reader copies it, but for the address."""
    text = (ROOT / "docs/clients.md").read_text().partition("```python\n")[2].partition("```")[0]
    done = python("-c", text.replace("http://localhost:8000", api))
    assert (done.stdout, done.stderr) == ("6\n", "")
