"""A job's life in the log: one line a change, with its ids, and the metrics of its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from embedded_metrics import Metric, metrics_of
from service_bench import SECOND_MS, Bench, bench_on

from chalicelib import clock, logs
from chalicelib.errors import MessagesLeftError, RetryableError
from chalicelib.jobs.model import Failure, Job
from chalicelib.jobs.transitions import TRANSITIONS
from chalicelib.store import job_log
from chalicelib.store.job_store import ConditionFailedError
from chalicelib.task import TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.emulator import Emulator
    from emulator.test_client import Client

    Lines = Callable[[], list[dict[str, Any]]]

FAILURE = Failure("handler-error", "no luck")
#: Each event, made of a job that is fit for it.
EVENTS: dict[str, Callable[[Bench], Job]] = {
    "accept": lambda bench: bench.accept(),
    "claim": lambda bench: bench.claim(bench.accept()),
    "progress": lambda bench: bench.store.report_progress(bench.claim(bench.accept()), 0.5),
    "release": lambda bench: bench.store.release(bench.claim(bench.accept()), FAILURE, seconds=5),
    "succeed": lambda bench: bench.store.succeed(bench.claim(bench.accept()), b"1", now_ms=now()),
    "fail": lambda bench: bench.store.fail(bench.claim(bench.accept()), FAILURE, now_ms=now()),
    "fail-abandoned": lambda bench: bench.store.fail_abandoned(
        bench.accept(), FAILURE, now_ms=now()
    ),
    "expire": lambda bench: bench.store.expire(bench.accept(), FAILURE, now_ms=now() + 10**8),
    "cancel": lambda bench: bench.store.cancel(bench.accept(), now_ms=now()),
    "request-cancel": lambda bench: _canceling(bench),
    "stop": lambda bench: bench.store.stop(_canceling(bench), now_ms=now()),
    "stop-abandoned": lambda bench: bench.store.stop_abandoned(
        _canceling(bench), now_ms=now() + 100 * SECOND_MS
    ),
    "purge": lambda bench: bench.store.purge(bench.store.cancel(bench.accept(), now_ms=now())),
}


def now() -> int:
    return clock.now_ms()


def _canceling(bench: Bench) -> Job:
    return bench.store.request_cancel(bench.claim(bench.accept()), now_ms=now())


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


@pytest.fixture
def lines(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> Lines:
    """What was logged since it was last called; each line is one that CloudWatch takes."""

    def read() -> list[dict[str, Any]]:
        written = [text for text in capfd.readouterr().out.splitlines() if text.startswith("{")]
        for text in written:
            metrics_of(text, now_ms=emulator.clock.now_ms())
        return [json.loads(text) for text in written]

    return read


def test_every_event_is_tried_here() -> None:
    """And has its word in the log, but progress, which changes no state."""
    events = {row.event for row in TRANSITIONS}
    assert events == set(EVENTS) == {*job_log.ACTIONS, "progress"}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_leaves_one_line_with_its_ids(bench: Bench, lines: Lines, event: str) -> None:
    """As many lines as the record has versions: one each for the events before it, too."""
    with logs.of_request("r-1"):
        job = EVENTS[event](bench)
    written = lines()
    assert len(written) == job.version - (event == "progress")
    assert written[-1]["action"] == job_log.ACTIONS.get(event, "claimed")
    assert written[-1]["attempt"] == job.attempt
    for line in written:
        ids = {name: line[name] for name in ("job_id", "type", "request_id")}
        assert ids == {"job_id": job.id, "type": "echo", "request_id": "r-1"}


def test_a_change_that_is_refused_leaves_no_line(bench: Bench, lines: Lines) -> None:
    job = bench.accept()
    stale = bench.claim(job, lease_seconds=-1)
    bench.claim(job)
    lines()
    with pytest.raises(ConditionFailedError):
        bench.store.succeed(stale, b"1", now_ms=now())
    assert lines() == []


def test_a_life_is_told_in_its_order_with_the_request_that_did_each_step(
    client: Client, emulator: Emulator, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a task that is tried again; the request's id is that of the answer, or of the event."""
    failures = [RetryableError("later")]

    def work(value: Any, context: Any) -> int:
        clock.sleep(2)
        if failures:
            raise failures.pop()
        return 1

    monkeypatch.setitem(TASKS, "test", Task("test", object, work))
    posted = client.post("/jobs", json={"type": "test", "input": 1})
    emulator.run_until_idle()
    deleted = client.request("DELETE", "/" + posted.headers["location"])
    told = lines()
    assert [(line["action"], line["attempt"]) for line in told] == [
        ("accepted", 0), ("claimed", 1), ("retry", 1), ("claimed", 2), ("succeeded", 2),
        ("deleted", 2),
    ]  # fmt: skip
    assert {line["job_id"] for line in told} == {posted.json()["id"]}
    invocations = [entry.data["request_id"] for entry in emulator.journal.entries(action="invoke")]
    first, second = invocations[:2]
    requests = [posted.headers["x-request-id"], first, first, second, second]
    assert [line["request_id"] for line in told] == [*requests, deleted.headers["x-request-id"]]
    assert told[2]["seconds"] == 5


def test_jobs_of_a_batch_name_the_request_that_brought_them(client: Client, lines: Lines) -> None:
    """Though they are recorded in threads."""
    jobs = [{"type": "echo", "input": n} for n in range(20)]
    answer = client.post("/batches", json={"jobs": jobs})
    told = lines()
    assert len(told) == 20
    assert {line["request_id"] for line in told} == {answer.headers["x-request-id"]}


def test_what_goes_wrong_with_a_message_names_its_job(bench: Bench, lines: Lines) -> None:
    """Also where no worker got as far as the job's record."""
    job = bench.accept()
    bench.clients.fail_before = {"update_item"}
    with pytest.raises(MessagesLeftError):
        bench.work()
    (line,) = [line for line in lines() if line["action"] == "unavailable"]
    assert line["job_id"] == job.id


def test_a_claim_names_its_message_and_what_is_no_job_s_message_is_named(
    bench: Bench, lines: Lines
) -> None:
    """Elsewhere the job's id is enough."""
    bench.accept()
    bench.move("not ours", bench.on.queue)
    messages = bench.receive()
    with pytest.raises(MessagesLeftError):
        bench.work(messages)
    named = {line["action"]: line.get("message_id") for line in lines()}
    ours, foreign = (message.message_id for message in messages)
    assert named == {
        "accepted": None, "claimed": ours, "succeeded": None, "message-refused": foreign,
    }  # fmt: skip


def ended(bench: Bench, lines: Lines) -> list[Metric]:
    """The metrics of the last line."""
    return metrics_of(json.dumps(lines()[-1]), now_ms=bench.now_ms())


def test_the_end_of_a_job_is_counted_by_type_and_outcome_and_timed(
    bench: Bench, lines: Lines
) -> None:
    """Three metrics, which is what they cost: docs/costs.md."""
    job = bench.accept()
    bench.pass_time(3)
    claimed = bench.claim(job)
    bench.pass_time(2)
    bench.store.fail(claimed, FAILURE, now_ms=bench.now_ms())
    assert ended(bench, lines) == [
        Metric("jobs", 1, "Count", {"type": "echo", "outcome": "failed"}),
        Metric("queued_ms", 3_000, "Milliseconds", {"type": "echo"}),
        Metric("run_ms", 2_000, "Milliseconds", {"type": "echo"}),
    ]


def test_a_job_that_never_started_has_no_times(bench: Bench, lines: Lines) -> None:
    """They would tell of workers what no worker did."""
    bench.store.cancel(bench.accept(), now_ms=bench.now_ms())
    counted = {"type": "echo", "outcome": "canceled"}
    assert ended(bench, lines) == [Metric("jobs", 1, "Count", counted)]


def test_an_attempt_that_is_followed_by_another_is_counted(bench: Bench, lines: Lines) -> None:
    EVENTS["release"](bench)
    assert ended(bench, lines) == [Metric("retries", 1, "Count", {"type": "echo"})]
