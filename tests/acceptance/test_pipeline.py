"""The whole pipeline as a client sees it: HTTP, queue, worker, table, dead letters, sweep."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap, clock
from chalicelib.errors import PermanentError, RetryableError
from chalicelib.task import TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.clock import VirtualClock
    from emulator.emulator import Emulator
    from emulator.test_client import Client

EXAMPLE = Path(__file__).parents[2] / "examples/data/weather-stations.csv"
TEXT = {"type": "text.statistics", "input": {"text": "to be or not to be"}}


def submit(client: Client, job_type: str = "echo", value: Any = None, **more: Any) -> str:
    """Accept a job; returns its path."""
    accepted = client.post("/jobs", json={"type": job_type, "input": value, **more})
    assert accepted.status_code == 202, accepted.text
    return urllib.parse.urljoin("/jobs", accepted.headers["location"])


def define(monkeypatch: pytest.MonkeyPatch, function: Callable[[], Any]) -> None:
    """A task called ``test`` for the length of one test."""
    bootstrap.service()
    monkeypatch.setitem(TASKS, "test", Task("test", object, lambda value, context: function()))


def fails_with(error: Exception) -> Callable[[], Any]:
    def function() -> None:
        raise error

    return function


@pytest.mark.in_process("time stands still")
def test_a_job_is_accepted_with_all_a_client_needs(client: Client) -> None:
    """202, where to look, when, and how the job stands."""
    accepted = client.post("/jobs", json={**TEXT, "tags": {"order": "1138"}})
    job = accepted.json()
    assert accepted.status_code == 202
    assert accepted.headers["location"] == job["links"]["self"] == f"jobs/{job['id']}"
    assert {name: accepted.headers[name] for name in ("retry-after", "etag", "cache-control")} == {
        "retry-after": "1",
        "etag": '"v1"',
        "cache-control": "no-cache",
    }
    assert job | {"id": "", "links": {}} == {
        "id": "",
        "type": "text.statistics",
        "status": "queued",
        "created_at": "2026-01-01T00:00:00.000Z",
        "deadline_at": "2026-01-01T01:00:00.000Z",
        "attempt": 0,
        "max_attempts": 3,
        "executed": "never",
        "tags": {"order": "1138"},
        "links": {},
    }


@pytest.mark.in_process("time stands still")
def test_a_job_goes_from_queued_to_its_result(client: Client, emulator: Emulator) -> None:
    """The record and the result itself."""
    path = submit(client, "text.statistics", TEXT["input"])
    assert client.get(path).json()["status"] == "queued"
    emulator.run_until_idle()
    job = client.get(path)
    assert job.headers["cache-control"] == "private, max-age=60"
    assert (job.json()["status"], job.json()["executed"]) == ("succeeded", "yes")
    assert job.json()["usage"] == {"write_units": 3, "run_ms": 0}
    assert client.get(f"{path}/result").json() == job.json()["result"]
    assert job.json()["result"]["words"] == 6


def test_a_running_job_shows_its_progress(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by a poll while the task sleeps."""
    seen: list[dict[str, Any]] = []
    real_sleep = clock.sleep

    def poll_and_sleep(seconds: float) -> None:
        seen.append(client.get(path).json())
        real_sleep(seconds)

    monkeypatch.setattr(clock, "sleep", poll_and_sleep)
    path = submit(client, "demo.slow", {"seconds": 20})
    emulator.run_until_idle()
    assert {job["status"] for job in seen} == {"running"}
    assert [job.get("progress", 0) for job in seen] == sorted({n / 20 for n in range(20)})
    assert client.get(path).json()["usage"]["run_ms"] == 20_000


def test_references_in_a_job_lead_where_they_say(client: Client, emulator: Emulator) -> None:
    """Resolved against the URL of the answer they stand in, also behind a prefix."""
    path = submit(client, value=1)
    emulator.run_until_idle()
    links = client.get(path).json()["links"]
    assert urllib.parse.urljoin(f"/v1{path}", links["self"]) == f"/v1{path}"
    assert client.get(urllib.parse.urljoin(path, links["result"])).json() == 1


def test_a_result_that_is_not_there_yet_is_202(client: Client) -> None:
    """With the job and when to ask again."""
    pending = client.get(f"{submit(client, delay_seconds=2)}/result")
    assert (pending.status_code, pending.json()["status"]) == (202, "queued")
    assert pending.headers["retry-after"] == "1"


def test_polls_become_rarer_with_the_job_s_age(client: Client, emulator: Emulator) -> None:
    """A third of the age, thirty seconds at most."""
    path = submit(client, delay_seconds=900)
    emulator.advance(60)
    assert client.get(path).headers["retry-after"] == "20"


def test_a_poll_that_knows_the_job_is_304(client: Client, emulator: Emulator) -> None:
    """Until the job changes."""
    path = submit(client, delay_seconds=2)
    known = {"if-none-match": '"v1"'}
    unchanged = client.get(path, headers=known)
    assert (unchanged.status_code, unchanged.body) == (304, b"")
    emulator.run_until_idle()
    assert client.get(path, headers=known).status_code == 200


def test_a_real_table_is_profiled(client: Client, emulator: Emulator) -> None:
    """2,000 rows from a file, posted as JSON, the result too large to stay with the record."""
    path = submit(client, "csv.profile", {"csv": EXAMPLE.read_text()})
    emulator.run_until_idle()
    assert client.get(path).json()["usage"]["write_units"] == 4
    profile = client.get(f"{path}/result").json()
    types = {column["name"]: column["type"] for column in profile["columns"]}
    assert (profile["rows"], profile["ragged_rows"]) == (2_000, 0)
    assert (types["temperature_c"], types["date"], types["snow"]) == ("number", "date", "boolean")


def test_a_permanent_failure_ends_the_job(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is 409, for there will never be one."""
    define(monkeypatch, fails_with(PermanentError("no such order")))
    path = submit(client, "test")
    emulator.run_until_idle()
    refused = client.get(f"{path}/result")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["error"]["detail"] == "no such order"
    assert urllib.parse.urljoin(f"{path}/result", refused.json()["type"]) == "/problems/job-failed"


def test_a_failing_task_is_tried_again_until_its_attempts_are_used_up(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a longer wait each time; the last error is told."""
    define(monkeypatch, fails_with(RetryableError("busy")))
    path = submit(client, "test", max_attempts=3)
    emulator.run_until_idle()
    job = client.get(path).json()
    assert (job["status"], job["attempt"]) == ("failed", 3)
    assert (job["error"]["attempts"], job["error"]["last"]["detail"]) == (3, "busy")
    assert job["finished_at"] == "2026-01-01T00:00:15.000Z"


def test_a_job_that_fails_once_succeeds_in_the_end(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And keeps no trace of the error."""
    failures = [ValueError("once")]

    def function() -> str:
        if failures:
            raise failures.pop()
        return "done"

    define(monkeypatch, function)
    path = submit(client, "test")
    emulator.run_until_idle()
    job = client.get(path).json()
    assert (job["status"], job["attempt"], job["result"]) == ("succeeded", 2, "done")
    assert "error" not in job


def test_one_failing_job_does_not_hold_up_its_batch(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others run once."""
    define(monkeypatch, fails_with(RetryableError("busy")))
    paths = [submit(client, "test" if n == 4 else "echo", n) for n in range(10)]
    emulator.run_until_idle()
    jobs = [client.get(path).json() for path in paths]
    assert [job["attempt"] for job in jobs] == [1, 1, 1, 1, 3, 1, 1, 1, 1, 1]


def test_a_worker_that_times_out_is_followed_by_another(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message returns when its visibility timeout is over."""
    naps = [100.0]

    def function() -> str:
        if naps:
            clock.sleep(naps.pop())
        return "done"

    define(monkeypatch, function)
    path = submit(client, "test")
    emulator.run_until_idle()
    job = client.get(path).json()
    assert (job["status"], job["attempt"]) == ("succeeded", 2)
    assert job["started_at"] == "2026-01-01T00:00:00.000Z"
    assert job["finished_at"] == "2026-01-01T00:06:00.000Z"


def test_an_unworkable_message_ends_in_the_dead_letter_queue_and_its_job_fails(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifteen receives by a worker that cannot even start."""
    worker = bootstrap.service().worker
    monkeypatch.setattr(worker, "process", lambda messages, remaining_ms: 1 / 0)
    path = submit(client, deadline_seconds=604_800)
    emulator.run_until_idle()
    job = client.get(path).json()
    assert (job["status"], job["executed"]) == ("failed", "never")
    assert job["error"]["type"] == "../problems/poison"


def test_a_job_past_its_deadline_has_failed_for_whoever_looks_first(
    client: Client, emulator: Emulator
) -> None:
    """Without any timer."""
    path = submit(client, delay_seconds=20, deadline_seconds=30)
    emulator.queue("accepted-jobs").purge()
    emulator.advance(30)
    job = client.get(path).json()
    assert (job["status"], job["executed"]) == ("failed", "never")
    assert job["finished_at"] == job["deadline_at"]


def test_the_sweep_ends_what_nobody_asks_for(client: Client, emulator: Emulator) -> None:
    """Every five minutes."""
    path = submit(client, delay_seconds=20, deadline_seconds=30)
    emulator.queue("accepted-jobs").purge()
    emulator.advance(600)
    assert client.get(path).json()["finished_at"] <= "2026-01-01T00:05:30.000Z"


def test_a_finished_job_is_gone_after_seven_days(client: Client, emulator: Emulator) -> None:
    """410, not 404: the id was good."""
    path = submit(client)
    emulator.run_until_idle()
    # the clock alone: two thousand sweeps would find nothing
    virtual: VirtualClock = emulator.clock  # type: ignore[assignment]
    virtual.advance(7 * 86_400)
    gone = client.get(path)
    assert (gone.status_code, gone.json()["expired_at"]) == (410, "2026-01-08T00:00:00.000Z")


def test_every_problem_type_has_a_page(client: Client) -> None:
    """Where ``type`` leads to."""
    page = client.get("/problems/attempts-exhausted")
    assert (page.status_code, page.json()["slug"]) == (200, "attempts-exhausted")
    assert client.get("/problems/no-such").status_code == 404


def test_the_service_says_that_it_lives(client: Client) -> None:
    """Without asking AWS."""
    assert client.get("/healthz").json() == {"status": "ok"}
