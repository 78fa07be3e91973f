"""Callbacks: due with every end, told once or more, never lost, never sent inside."""

from __future__ import annotations

import itertools
import json
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest
from service_bench import Bench, bench_on, task_that

from chalicelib import bootstrap, clock, limits
from chalicelib.bootstrap import Outside
from chalicelib.callbacks import webhooks
from chalicelib.callbacks.delivery import SCHEDULE_SECONDS
from chalicelib.callbacks.url_guard import UrlGuard
from chalicelib.callbacks.webhook_post import Answer, NoAnswerError
from chalicelib.errors import (
    MessagesLeftError,
    PermanentError,
    RetryableError,
    UnavailableError,
)
from chalicelib.http.representation import callback_body
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.jobs.model import TENANT, Failure, Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests.control import Controller
from chalicelib.work.sweeping import Swept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.callbacks.url_guard import Target
    from chalicelib.jobs.model import Job
    from chalicelib.task import TaskContext
    from emulator.emulator import Emulator
    from emulator.test_client import Client

QUEUE = "accepted-callbacks"
URL = "https://example.org/hooks?token=canary"
ASKED = {"url": URL}
PUBLIC = "93.184.215.14"


class Sent(NamedTuple):
    """One delivery as the receiver gets it."""

    at_ms: int
    target: Target
    addresses: Sequence[str]
    headers: dict[str, str]
    body: Any


class World:
    """What is outside: a DNS that answers in turn, and a receiver that does."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        #: the last one serves all that follow; an error is raised
        self.answers: list[Answer | Exception] = [Answer(204)]
        self.dns: list[list[str] | Exception] = [[PUBLIC]]

    def resolve(self, host: str) -> list[str]:
        return list(_next(self.dns))

    def post(
        self, target: Target, addresses: Sequence[str], *, headers: dict[str, str], body: bytes
    ) -> Answer:
        self.sent.append(Sent(clock.now_ms(), target, addresses, headers, json.loads(body)))
        answer: Answer = _next(self.answers)
        return answer

    @property
    def ids(self) -> list[str]:
        return [sent.headers["webhook-id"] for sent in self.sent]


def _next(answers: list[Any]) -> Any:
    answer = answers.pop(0) if len(answers) > 1 else answers[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.5)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_bench(emulator: Emulator, world: World) -> Callable[..., Bench]:
    outside = Outside(resolve=world.resolve, post=world.post)
    return lambda **more: bench_on(emulator, outside=outside, **more)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(reports=True)


@pytest.fixture
def deployed(emulator: Emulator, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app's own functions meet ``world`` outside."""
    service = bootstrap.service()
    sending = msgspec.structs.replace(
        service.callbacks._sending, guard=UrlGuard(world.resolve), post=world.post
    )
    monkeypatch.setattr(service.callbacks, "_sending", sending)


def tell(bench: Bench) -> list[str]:
    """One invocation with what the queue of callbacks has; what comes back."""
    answer = bench.service.callbacks.process(bench.receive(QUEUE))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def told(bench: Bench, job: Job) -> tuple[str, int]:
    """State and attempts, as the job's document has them."""
    callback = bench.job(job.id).callback
    assert callback is not None
    return callback.outcome.value if callback.outcome else "queued", callback.attempts


def failing_task(error: Exception) -> Any:
    def function(context: TaskContext) -> None:
        raise error

    return task_that(function)


# Every way to end


def succeed(bench: Bench, job: Job) -> None:
    bench.work()


def fail(bench: Bench, job: Job) -> None:
    bench.store.fail(bench.claim(job), _failure("handler-error"), now_ms=bench.now_ms())


def exhaust(bench: Bench, job: Job) -> None:
    bench.claim(job, lease_seconds=1)
    bench.store.release(bench.job(job.id), _failure("handler-error"))
    bench.pass_time(400)
    bench.service.dead_letters.process(bench.receive())


def poison(bench: Bench, job: Job) -> None:
    bench.service.dead_letters.process(bench.receive())


def overrun_and_read(bench: Bench, job: Job) -> None:
    bench.pass_time(3_600)
    bench.queries.job(TENANT, job.id)


def overrun_and_sweep(bench: Bench, job: Job) -> None:
    bench.pass_time(3_600)
    bench.service.sweeper.sweep(lambda: 60_000)


def overrun_and_work(bench: Bench, job: Job) -> None:
    bench.pass_time(3_600)
    bench.work()


def cancel_queued(bench: Bench, job: Job) -> None:
    bench.store.cancel(job, now_ms=bench.now_ms())


def cancel_running(bench: Bench, job: Job) -> None:
    running = bench.store.request_cancel(bench.claim(job), now_ms=bench.now_ms())
    bench.store.stop(running, now_ms=bench.now_ms())


def cancel_abandoned(bench: Bench, job: Job) -> None:
    bench.store.request_cancel(bench.claim(job), now_ms=bench.now_ms())
    bench.pass_time(400)
    bench.work()


def _failure(slug: str) -> Failure:
    return Failure(slug, "no luck")


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (succeed, "succeeded"), (fail, "failed"), (exhaust, "failed"), (poison, "failed"),
        (overrun_and_read, "failed"), (overrun_and_sweep, "failed"), (overrun_and_work, "failed"),
        (cancel_queued, "canceled"), (cancel_running, "canceled"), (cancel_abandoned, "canceled"),
    ],
)  # fmt: skip
def test_every_end_is_told_once(
    bench: Bench, world: World, end: Callable[[Bench, Job], None], status: str
) -> None:
    """Whoever writes it."""
    job = bench.accept(callback=ASKED)
    end(bench, job)
    assert bench.waiting(QUEUE) == 1
    assert tell(bench) == []
    assert world.ids == [f"{job.id}.{status}"]
    assert (world.sent[0].body["type"], told(bench, job)) == (f"job.{status}", ("delivered", 1))


def test_an_end_that_nobody_asked_for_is_not_told(bench: Bench, client: Client) -> None:
    job = bench.accept(callback={"url": URL, "events": ["failed", "canceled"]})
    assert client.get(f"/jobs/{job.id}").json()["callback"] == {"state": "pending"}
    bench.work()
    assert bench.waiting(QUEUE) == 0
    assert client.get(f"/jobs/{job.id}").json()["callback"] == {"state": "skipped"}


def test_a_job_without_a_callback_sends_no_message_and_shows_none(
    bench: Bench, client: Client
) -> None:
    job = bench.accept()
    bench.work()
    assert bench.waiting(QUEUE) == 0
    assert "callback" not in client.get(f"/jobs/{job.id}").json()


# What arrives


def test_what_arrives_is_signed_and_shows_the_job(bench: Bench, world: World) -> None:
    """By Standard Webhooks; references lead from the API's root."""
    job = bench.accept("echo", {"a": 1}, callback=ASKED, tags={"order": "1138"})
    bench.work()
    tell(bench)
    (sent,) = world.sent
    assert (sent.target.host, sent.target.path) == ("example.org", "/hooks?token=canary")
    assert sent.headers["Content-Type"] == "application/json"
    body = callback_body(bench.job(job.id))
    secret = webhooks.secret(bench.settings.callback_secrets[0], TENANT)
    assert sent.headers["webhook-signature"] == webhooks.signature(
        secret, message_id=sent.headers["webhook-id"], timestamp_s=sent.at_ms // 1000, body=body
    )
    data = sent.body["data"]
    assert (data["result"], data["tags"]) == ({"a": 1}, {"order": "1138"})
    assert data["links"]["self"] == f"jobs/{job.id}"
    assert sent.body["timestamp"] == data["finished_at"]


def test_while_a_secret_is_replaced_both_sign(
    make_bench: Callable[..., Bench], world: World
) -> None:
    masters = (b"a new master secret", b"an old master secret")
    bench = make_bench(reports=True, changed={"callback_secrets": masters})
    bench.accept(callback=ASKED)
    bench.work()
    tell(bench)
    assert len(world.sent[0].headers["webhook-signature"].split()) == 2


def test_a_tenants_callbacks_are_signed_by_its_own_secret(bench: Bench, world: World) -> None:
    body = {"type": "echo", "input": 1, "callback": ASKED}
    jobs = [bench.submit(body, tenant=tenant).job for tenant in ("one", "two")]
    bench.work()
    tell(bench)
    master = bench.settings.callback_secrets[0]
    for sent in world.sent:
        (job,) = [job for job in jobs if job.id in sent.headers["webhook-id"]]
        assert sent.headers["webhook-signature"] == webhooks.signature(
            webhooks.secret(master, job.tenant),
            message_id=sent.headers["webhook-id"],
            timestamp_s=sent.at_ms // 1000,
            body=callback_body(bench.job(job.id, job.tenant)),
        )


def test_a_callback_is_never_larger_than_receivers_take(
    make_bench: Callable[..., Bench], world: World
) -> None:
    """What is too much is left out; the links lead to it."""
    bench = make_bench(reports=True, test=failing_task(PermanentError("\x01" * 9_000)))
    # control characters are six letters each in JSON
    tags = {f"{n}" + "\x01" * 63: "\x02" * 256 for n in range(10)}
    job = bench.accept("test", callback=ASKED, tags=tags)
    bench.work()
    tell(bench)
    data = world.sent[0].body["data"]
    assert len(callback_body(bench.job(job.id))) <= limits.CALLBACK_BODY_BYTES_MAX
    assert ("error" in data, "tags" in data, data["status"]) == (False, True, "failed")


def test_a_large_result_is_behind_its_link(bench: Bench, world: World) -> None:
    bench.accept("echo", "x" * 100_000, callback=ASKED)
    bench.work()
    tell(bench)
    data = world.sent[0].body["data"]
    assert ("result" in data, "result" in data["links"]) == (False, True)


# When it fails


def test_hours_of_retries_follow_the_schedule_and_then_it_has_failed(
    client: Client, emulator: Emulator, world: World, deployed: None
) -> None:
    """Seventeen hours in milliseconds, through the deployed functions and their mappings."""
    world.answers = [Answer(500), NoAnswerError("no"), Answer(302), Answer(404), Answer(503)]
    job = client.post("/jobs", json={"type": "echo", "input": 1, "callback": ASKED})
    emulator.run_until_idle()
    times_s = [sent.at_ms // 1000 for sent in world.sent]
    waits_s = [after - before for before, after in itertools.pairwise(times_s)]
    assert waits_s == list(SCHEDULE_SECONDS[1:])
    assert len(set(world.ids)) == 1
    shown = client.get(f"/{job.headers['location']}").json()
    assert shown["callback"] == {"state": "failed", "attempts": 7}
    counts = emulator.queue(QUEUE).counts(emulator.clock.now_ms())
    assert counts.visible + counts.in_flight == 0


def test_a_receiver_that_recovers_is_told_at_the_next_attempt(
    client: Client, emulator: Emulator, world: World, deployed: None
) -> None:
    world.answers = [Answer(500), Answer(429, "7200"), Answer(200)]
    job = client.post("/jobs", json={"type": "echo", "input": 1, "callback": ASKED})
    emulator.advance(60)
    waiting = client.get(f"/{job.headers['location']}").json()["callback"]
    assert (waiting["state"], waiting["attempts"]) == ("queued", 2)
    assert waiting["next_attempt_at"] == "2026-01-01T02:00:05.000Z"
    emulator.run_until_idle()
    shown = client.get(f"/{job.headers['location']}")
    assert shown.json()["callback"] == {"state": "delivered", "attempts": 3}
    assert world.sent[2].at_ms - world.sent[1].at_ms == 7_200_000


def test_gone_is_the_last_attempt(bench: Bench, world: World) -> None:
    world.answers = [Answer(410)]
    job = bench.accept(callback=ASKED)
    bench.work()
    assert (tell(bench), told(bench, job)) == ([], ("failed", 1))


def test_one_receivers_trouble_is_not_anothers(
    client: Client, emulator: Emulator, world: World, deployed: None
) -> None:
    """Each callback has an invocation of its own."""
    world.answers = [Answer(500), Answer(204)]
    for _ in range(3):
        client.post("/jobs", json={"type": "echo", "input": 1, "callback": ASKED})
    emulator.advance(4)
    assert len(world.sent) == 3
    invoked = emulator.journal.entries(subject="send_callbacks", action="invoke")
    assert len(invoked) == 3


# Where it goes


def test_a_name_that_has_become_private_is_not_called(bench: Bench, world: World) -> None:
    """The callback was accepted; what DNS says now decides."""
    job = bench.accept(callback=ASKED)
    world.dns = [["169.254.169.254"]]
    bench.work()
    assert (tell(bench), told(bench, job)) == ([], ("refused", 1))
    assert world.sent == []


def test_the_connection_goes_to_the_address_that_was_checked(bench: Bench, world: World) -> None:
    """DNS is asked once for each delivery: a second, other answer is never seen."""
    world.dns = [[PUBLIC], ["127.0.0.1"]]
    bench.accept(callback=ASKED)
    bench.work()
    tell(bench)
    assert [sent.addresses for sent in world.sent] == [[PUBLIC]]
    assert world.dns == [["127.0.0.1"]]


def test_a_name_that_cannot_be_found_is_tried_again(bench: Bench, world: World) -> None:
    world.dns = [OSError("no such name"), [PUBLIC]]
    job = bench.accept(callback=ASKED)
    bench.work()
    assert len(tell(bench)) == 1
    bench.pass_time(5)
    assert (tell(bench), told(bench, job)) == ([], ("delivered", 2))


# Crashes


def test_a_crash_after_the_finish_and_before_the_callback_loses_nothing(
    bench: Bench, world: World
) -> None:
    """The job's message comes back, finds the end, and the callback is queued then."""
    job = bench.accept(callback=ASKED)
    bench.clients.fail_before = {"send_message"}
    assert len(bench.work()["batchItemFailures"]) == 1
    assert (bench.job(job.id).status, bench.waiting(QUEUE)) == (Status.SUCCEEDED, 0)
    bench.clients.fail_before = set()
    bench.pass_time(400)
    assert bench.work()["batchItemFailures"] == []
    tell(bench)
    assert (world.ids, bench.job(job.id).attempt) == ([f"{job.id}.succeeded"], 1)


def test_a_crash_after_the_callbacks_message_repeats_it_under_the_same_id(
    bench: Bench, world: World
) -> None:
    """Both are under way when the first is tried: the receiver drops the second by its id."""
    job = bench.accept(callback=ASKED)
    messages = bench.receive()
    bench.work(messages)
    bench.work(messages)
    first, second = bench.receive(QUEUE)
    job_before = bench.job(job.id)
    bench.service.callbacks.process([first])
    bench.service.callbacks.process([second])
    assert (len(world.ids), told(bench, job_before)) == (1, ("delivered", 1))


def test_two_messages_of_one_callback_become_one(bench: Bench, world: World) -> None:
    """The second waits for the first one's next attempt; of two at the same time one goes on."""
    world.answers = [Answer(500)]
    job = bench.accept(callback=ASKED)
    messages = bench.receive()
    bench.work(messages)
    bench.work(messages)
    assert len(tell(bench)) == 2
    assert (len(world.sent), told(bench, job)) == (1, ("queued", 1))
    bench.pass_time(5)
    both = bench.receive(QUEUE)
    stale = bench.job(job.id)
    bench.service.callbacks.process(both[:1])
    patch = pytest.MonkeyPatch()
    patch.setattr(bench.service.callbacks._store, "get", lambda tenant, job_id: stale)
    left = bench.service.callbacks.process(both[1:])["batchItemFailures"]
    patch.undo()
    assert (left, told(bench, job), len(world.sent)) == ([], ("queued", 2), 3)


def test_a_delivery_that_could_not_be_recorded_is_repeated_under_the_same_id(
    bench: Bench, world: World
) -> None:
    job = bench.accept(callback=ASKED)
    bench.work()
    bench.clients.fail_before = {"update_item"}
    assert len(tell(bench)) == 1
    bench.clients.fail_before = set()
    bench.pass_time(360)
    assert tell(bench) == []
    assert world.ids == [f"{job.id}.succeeded"] * 2
    assert told(bench, job) == ("delivered", 1)


def test_a_crash_between_recording_a_failure_and_hiding_the_message_keeps_the_schedule(
    bench: Bench, world: World
) -> None:
    """The message comes back too early, and waits for the time that was recorded."""
    world.answers = [Answer(503, "1000"), Answer(204)]
    job = bench.accept(callback=ASKED)
    bench.work()
    bench.clients.fail_before = {"change_message_visibility"}
    assert len(tell(bench)) == 1
    bench.clients.fail_before = set()
    bench.pass_time(360)
    assert len(tell(bench)) == 1
    assert (len(world.sent), told(bench, job)) == (1, ("queued", 1))
    bench.pass_time(639)
    assert (bench.receive(QUEUE), bench.waiting(QUEUE)) == ([], 1)
    bench.pass_time(1)
    assert (tell(bench), told(bench, job)) == ([], ("delivered", 2))


def test_without_partial_responses_a_callback_that_failed_comes_back_too(
    make_bench: Callable[..., Bench], world: World
) -> None:
    """As after plain chalice deploy."""
    world.answers = [Answer(500), Answer(204)]
    bench = make_bench()
    job = bench.accept(callback=ASKED)
    bench.work()
    with pytest.raises(MessagesLeftError):
        bench.service.callbacks.process(bench.receive(QUEUE))
    bench.pass_time(5)
    bench.service.callbacks.process(bench.receive(QUEUE))
    assert told(bench, job) == ("delivered", 2)


def test_a_replay_sends_a_callback_that_is_still_due(bench: Bench, world: World) -> None:
    """A job that was cancelled before its first message has nothing else to send it."""
    body = {"type": "echo", "input": 1, "callback": ASKED}
    job = bench.submit(body, key="k").job
    bench.emulator.queue("accepted-jobs").purge()
    bench.clients.fail_before = {"send_message"}
    with pytest.raises(UnavailableError):
        bench.store.cancel(job, now_ms=bench.now_ms())
    with pytest.raises(ProblemError):
        bench.submit(body, key="k")
    bench.clients.fail_before = set()
    assert bench.submit(body, key="k").replayed
    tell(bench)
    assert world.ids == [f"{job.id}.canceled"]


def test_the_sweep_finds_a_callback_whose_messages_were_lost(bench: Bench, world: World) -> None:
    """Once for each time that it is late."""
    wanted = bench.accept(callback=ASKED)
    bench.accept(callback={"url": URL, "events": ["failed"]})
    bench.accept()
    bench.work()
    bench.emulator.queue(QUEUE).purge()
    sweep = bench.service.sweeper.sweep
    bench.pass_time(limits.CALLBACK_LATE_SECONDS - 1)
    assert sweep(lambda: 60_000) == Swept()
    bench.pass_time(1)
    assert [sweep(lambda: 60_000), sweep(lambda: 60_000)] == [Swept(callbacks=1), Swept()]
    tell(bench)
    assert world.ids == [f"{wanted.id}.succeeded"]
    bench.pass_time(86_400)
    assert sweep(lambda: 60_000) == Swept()


def test_the_sweep_finds_a_callback_that_was_lost_between_two_attempts(
    bench: Bench, world: World
) -> None:
    """And leaves one alone that only waits for its time."""
    world.answers = [Answer(500), Answer(204)]
    job = bench.accept(callback=ASKED)
    bench.work()
    tell(bench)
    bench.emulator.queue(QUEUE).purge()
    bench.pass_time(limits.CALLBACK_LATE_SECONDS + 4)
    assert bench.service.sweeper.sweep(lambda: 60_000) == Swept()
    bench.pass_time(1)
    assert bench.service.sweeper.sweep(lambda: 60_000) == Swept(callbacks=1)
    assert (tell(bench), told(bench, job)) == ([], ("delivered", 2))


def test_a_forged_message_is_refused(bench: Bench, world: World) -> None:
    """It touches no job, and ends in the dead-letter queue."""
    forged = CallbackMessage(id="019b76da-a800-7c26-8315-c850b74cc128").encode()
    for body in (forged, "{}", forged.replace('"version":1', '"version":2'), "not JSON"):
        bench.move(body, bench.on.callbacks_queue)
    assert len(tell(bench)) == 4
    assert world.sent == []


def test_a_deleted_jobs_end_is_not_told(bench: Bench, world: World, client: Client) -> None:
    """And its URL is gone with it."""
    job = bench.accept(callback=ASKED)
    bench.work()
    assert client.request("DELETE", f"/jobs/{job.id}").status_code == 204
    assert (tell(bench), world.sent, bench.job(job.id).callback) == ([], [], None)


# Again


def test_a_callback_is_told_again_from_the_first_attempt(
    client: Client, bench: Bench, world: World
) -> None:
    """Under the same id, because it is the same end."""
    world.answers = [Answer(410), Answer(500), Answer(204)]
    job = bench.accept(callback=ASKED)
    bench.work()
    tell(bench)
    before = client.get(f"/jobs/{job.id}")
    assert before.json()["links"]["callback"] == f"../jobs/{job.id}/callback"
    again = client.post(f"/jobs/{job.id}/callback")
    assert (again.status_code, again.json()["callback"]) == (
        202,
        {"state": "queued", "attempts": 0},
    )
    assert again.headers["etag"] != before.headers["etag"]
    assert len(tell(bench)) == 1
    bench.pass_time(5)
    assert (tell(bench), told(bench, job)) == ([], ("delivered", 2))
    assert len(set(world.ids)) == 1


def test_telling_again_needs_an_end_that_was_to_be_told(client: Client, bench: Bench) -> None:
    open_job = bench.accept(callback=ASKED, delay_seconds=900)
    silent, unwanted = bench.accept(), bench.accept(callback={"url": URL, "events": ["failed"]})
    bench.work()
    for job, slug in (
        (open_job, "job-not-finished"),
        (silent, "no-callback"),
        (unwanted, "no-callback"),
    ):
        refused = client.post(f"/jobs/{job.id}/callback")
        assert (refused.status_code, refused.json()["type"]) == (409, f"../../problems/{slug}")
    assert client.post("/jobs/019b76da-a800-7c26-8315-c850b74cc128/callback").status_code == 404


def test_telling_again_that_could_not_be_queued_is_swept(
    client: Client, bench: Bench, world: World
) -> None:
    job = bench.accept(callback=ASKED)
    bench.work()
    tell(bench)
    bench.clients.fail_before = {"send_message"}
    controller = Controller(
        bench.store, bench.on.payloads, callbacks=bench.on.callbacks, queries=bench.queries
    )
    with pytest.raises(UnavailableError):
        controller.call_back(TENANT, job.id)
    bench.clients.fail_before = set()
    bench.pass_time(limits.CALLBACK_LATE_SECONDS)
    assert bench.service.sweeper.sweep(lambda: 60_000) == Swept(callbacks=1)
    tell(bench)
    assert len(world.sent) == 2


# What is asked for


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://127.0.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/", "https://[::1]/", "https://localhost/", "https://2130706433/",
        "https://0177.0.0.1/", "https://user:password@example.org/", "https://example.org:8443/",
        "https://example.org/#part", "https://example.org/" + "a" * 2_029, "", "nonsense",
    ],
)  # fmt: skip
def test_a_url_that_leads_elsewhere_is_refused_before_anything_is_recorded(
    client: Client, emulator: Emulator, url: str
) -> None:
    """With the reason."""
    body = {"type": "echo", "input": 1, "callback": {"url": url}}
    refused = client.post("/jobs", json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "problems/callback-refused")
    assert refused.json()["reason"]
    assert client.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    ("callback", "pointer"),
    [
        ({}, "/callback/url"), ({"url": 1}, "/callback/url"), ("https://example.org", "/callback"),
        ({"url": URL, "event": []}, "/callback/event"),
        ({"url": URL, "events": []}, "/callback/events"),
        ({"url": URL, "events": ["done"]}, "/callback/events"),
        ({"url": URL, "events": ["failed"] * 4}, "/callback/events"), ([], "/callback"),
    ],
)  # fmt: skip
def test_a_callback_that_is_none_is_told_where(client: Client, callback: Any, pointer: str) -> None:
    refused = client.post("/jobs", json={"type": "echo", "input": 1, "callback": callback})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_one_bad_callback_of_a_batch_is_refused_alone(client: Client) -> None:
    good, bad = (
        {"type": "echo", "input": 1, "callback": {"url": url}} for url in (URL, "http://x/")
    )
    answer = client.post("/batches", json={"jobs": [good, bad]})
    entries = answer.json()["jobs"]
    assert [entry["status"] for entry in entries] == [202, 422]
    assert entries[1]["problem"]["type"] == "problems/callback-refused"


def test_without_a_secret_callbacks_are_off(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(changed={"callback_secrets": ()})
    with pytest.raises(ProblemError) as refused:
        bench.accept(callback=ASKED)
    assert refused.value.members["reason"] == "Callbacks are switched off here"


def test_a_callback_that_was_accepted_before_they_were_switched_off_is_not_sent(
    bench: Bench, make_bench: Callable[..., Bench], world: World
) -> None:
    """Nothing leaves unsigned."""
    job = bench.accept(callback=ASKED)
    bench.work()
    off = make_bench(reports=True, changed={"callback_secrets": ()})
    assert (tell(off), told(bench, job), world.sent) == ([], ("refused", 1), [])


def test_a_job_done_again_tells_its_end_to_the_same_receiver(client: Client, bench: Bench) -> None:
    asked = {"url": URL, "events": ["succeeded", "failed"]}
    job = bench.accept(callback=asked, retain_input=True)
    bench.work()
    again = client.post(f"/jobs/{job.id}/retry").json()
    repeated = bench.job(again["id"]).callback
    assert repeated is not None
    assert (repeated.url, repeated.events, repeated.attempts) == (URL, ("succeeded", "failed"), 0)


def test_a_callbacks_url_is_shown_to_nobody(
    client: Client, bench: Bench, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may hold a secret, so neither answers nor the log nor the callback have it."""
    world.answers = [NoAnswerError(f"no answer from {URL}"), Answer(204)]
    job = bench.accept(callback=ASKED)
    bench.work()
    tell(bench)
    shown = client.get(f"/jobs/{job.id}").text + client.get("/jobs").text
    assert "canary" not in shown + capsys.readouterr().out + json.dumps(world.sent[0].body)


def test_a_retry_that_is_left_to_the_queue_is_not_an_end(
    make_bench: Callable[..., Bench], world: World
) -> None:
    bench = make_bench(reports=True, test=failing_task(RetryableError("later")))
    bench.accept("test", callback=ASKED)
    bench.work()
    assert bench.waiting(QUEUE) == 0
