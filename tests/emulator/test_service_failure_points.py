"""What breaks between two of the service's steps, and what becomes of the job and its client.

Neighbours have the rest: ``test_service_submission`` the accepting, ``test_service_worker`` the
worker, ``test_service_dead_letters`` the queue that messages end in, ``test_service_cancel``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from service_bench import Bench, bench_on, task_that

from chalicelib.errors import MessagesLeftError, StaleAttemptError
from chalicelib.http.http_message import HttpRequest
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import TENANT, Failure, Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.store import job_item

if TYPE_CHECKING:
    from chalicelib.task import TaskContext
    from emulator.emulator import Emulator

GOOD = {"type": "echo", "input": 1}
DEADLINE = Failure("deadline-exceeded", "too late")


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


class Killed(BaseException):
    """The process ends here: no handler of errors sees it."""


def refused(bench: Bench, body: Any = GOOD, **more: Any) -> ProblemError:
    with pytest.raises(ProblemError) as problem:
        bench.submit(body, **more)
    return problem.value


def records(bench: Bench) -> int:
    jobs, _ = bench.store.newest(TENANT, after=None, limit=100)
    return len(jobs)


# --- accepting ------------------------------------------------------------------------------------


def test_nothing_is_left_of_a_request_that_died_before_its_record(bench: Bench) -> None:
    """And the client is told of none."""
    bench.clients.meanwhile["put_item"] = _killed
    with pytest.raises(Killed):
        bench.submit(GOOD)
    assert (records(bench), bench.waiting()) == (0, 0)


def _killed() -> None:
    raise Killed


def test_the_record_is_written_before_the_message_is_sent(bench: Bench) -> None:
    """A worker can therefore not meet a message without a record."""
    bench.submit(GOOD, key="k")
    made = [operation for operation, _ in bench.clients.calls if operation != "get_queue_url"]
    assert made == ["put_item", "put_item", "send_message"]


@pytest.mark.parametrize("operation", ["put_item", "send_message"])
@pytest.mark.parametrize("fault", ["fail_before", "lose_answer"])
def test_a_repeated_request_repairs_what_the_first_left_undone(
    bench: Bench, operation: str, fault: str
) -> None:
    """With its key: one job, and it runs, whichever answer was missing."""
    setattr(bench.clients, fault, {operation})
    assert refused(bench, key="k").type.slug == "not-enqueued"
    setattr(bench.clients, fault, set())
    job = bench.submit(GOOD, key="k").job
    bench.work()
    assert (records(bench), bench.job(job.id).result, bench.job(job.id).attempt) == (1, b"1", 1)


@pytest.mark.parametrize("step", ["first put", "second put", "send"])
def test_a_request_that_dies_on_the_way_is_completed_by_its_repetition(
    bench: Bench, step: str
) -> None:
    """At the key, at the record, at the message."""

    def die_at_the_second() -> None:
        bench.clients.meanwhile["put_item"] = _killed

    dies = {
        "first put": {"put_item": _killed},
        "second put": {"put_item": die_at_the_second},
        "send": {"send_message": _killed},
    }
    bench.clients.meanwhile = dies[step]  # type: ignore[assignment]
    with pytest.raises(Killed):
        bench.submit(GOOD, key="k")
    bench.clients.meanwhile = {}
    job = bench.submit(GOOD, key="k").job
    bench.work()
    assert (records(bench), bench.job(job.id).status) == (1, Status.SUCCEEDED)


def test_a_record_that_a_repetition_makes_later_has_all_its_time(bench: Bench) -> None:
    """Its deadline counts from then; its id tells when it was first asked for."""

    def die_at_the_second() -> None:
        bench.clients.meanwhile["put_item"] = _killed

    bench.clients.meanwhile["put_item"] = die_at_the_second
    body = {**GOOD, "deadline_seconds": 60, "delay_seconds": 30}
    with pytest.raises(Killed):
        bench.submit(body, key="k")
    bench.pass_time(3_600)
    bench.clients.meanwhile = {}
    job = bench.submit(body, key="k").job
    assert job.deadline_at_ms == bench.now_ms() + 60_000
    assert len(bench.receive()) == 1


def test_an_orphan_that_nobody_asks_for_again_fails_at_its_deadline(bench: Bench) -> None:
    """Nobody was promised anything, and ``executed`` tells the truth."""
    bench.clients.fail_before = {"send_message"}
    job_id = refused(bench, {**GOOD, "deadline_seconds": 10}).job_id
    assert job_id is not None
    bench.pass_time(10)
    failed = bench.queries.job(TENANT, job_id)
    assert (failed.status, failed.executed) == (Status.FAILED, "never")


@pytest.mark.parametrize("at", ["put_item", "send_message"])
def test_two_requests_with_one_key_at_one_moment_make_one_job(bench: Bench, at: str) -> None:
    """Whichever comes first, both are given the same job."""
    inner: list[str] = []
    bench.clients.meanwhile[at] = lambda: inner.append(bench.submit(GOOD, key="k").job.id)
    outer = bench.submit(GOOD, key="k").job.id
    assert inner == [outer]
    assert records(bench) == 1


def test_two_requests_that_meet_between_key_and_record_make_one_job(bench: Bench) -> None:
    """The first has the key, the second makes the record, the first finds it made."""
    inner: list[str] = []

    def between() -> None:
        bench.clients.meanwhile["put_item"] = lambda: inner.append(
            bench.submit(GOOD, key="k").job.id
        )

    bench.clients.meanwhile["put_item"] = between
    outer = bench.submit(GOOD, key="k").job.id
    assert inner == [outer]
    assert records(bench) == 1


def test_of_two_bodies_with_one_key_at_one_moment_one_is_refused(bench: Bench) -> None:
    """422, with the other's job."""
    inner: list[str] = []
    bench.clients.meanwhile["put_item"] = lambda: inner.append(bench.submit(GOOD, key="k").job.id)
    problem = refused(bench, {**GOOD, "input": 2}, key="k")
    assert (problem.type.slug, [problem.job_id]) == ("idempotency-key-reused", inner)


def test_tenants_with_the_same_key_have_jobs_of_their_own(bench: Bench) -> None:
    """Nor can one look into the other's."""
    mine = bench.submit(GOOD, key="k").job
    theirs = bench.submit(GOOD, key="k", tenant="another").job
    assert mine.id != theirs.id
    for tenant, job in ((TENANT, theirs), ("another", mine)):
        with pytest.raises(ProblemError) as unknown:
            bench.queries.job(tenant, job.id)
        assert unknown.value.type.slug == "not-found"
    bench.work()
    assert bench.job(theirs.id, "another").status is Status.SUCCEEDED


def test_messages_carry_their_tenant_as_group(bench: Bench) -> None:
    """So that a tenant with few jobs need not wait for one with many.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    bench.submit(GOOD, tenant="another")
    (sent,) = [request for operation, request in bench.clients.calls if operation == "send_message"]
    assert sent["MessageGroupId"] == "another"


def test_a_purged_queue_is_refilled_by_a_repeated_request(bench: Bench) -> None:
    """Before the deadline; a job that runs gets no second message."""
    bench.submit(GOOD, key="k")
    bench.emulator.queue("accepted-jobs").purge()
    job = bench.submit(GOOD, key="k").job
    assert bench.waiting() == 1
    bench.claim(job)
    bench.submit(GOOD, key="k")
    assert bench.waiting() == 1


def test_a_message_that_is_sent_twice_runs_its_job_once(bench: Bench) -> None:
    """As when the SDK repeats a request whose answer was lost."""
    job = bench.submit(GOOD, key="k").job
    bench.submit(GOOD, key="k")
    bench.work()
    assert bench.job(job.id).attempt == 1


def test_batch_entries_that_sqs_does_not_take_are_told_one_by_one(bench: Bench) -> None:
    """Their records exist, so each has its job."""
    bench.clients.fail_before = {"send_message_batch"}
    body = msgspec.json.encode({"jobs": [GOOD] * 3})
    request = HttpRequest(
        method="POST", route="/batches", headers={"content-type": "application/json"}, body=body
    )
    answer = bench.service.api.answer(request)
    entries = msgspec.json.decode(answer.body)["jobs"]
    assert (answer.status, [entry["status"] for entry in entries]) == (503, [503] * 3)
    assert all(entry["problem"]["job"].startswith("jobs/") for entry in entries)


def test_an_accepted_job_stays_accepted_if_the_wait_for_it_fails(bench: Bench) -> None:
    """A read that the table does not answer is made again, and the answer is the usual 202."""
    bench.clients.fail_before = {"get_item"}
    request = HttpRequest(
        method="POST",
        route="/jobs",
        headers={"content-type": "application/json", "prefer": "wait=1"},
        body=msgspec.json.encode({**GOOD, "delay_seconds": 60}),
        remaining_ms=29_000,
    )
    answer = bench.service.api.answer(request)
    assert (answer.status, "Location" in answer.headers) == (202, True)


# --- reading --------------------------------------------------------------------------------------


def test_single_jobs_are_read_consistently(bench: Bench) -> None:
    """A status can therefore not go back under a client's eyes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
    """
    bench.queries.job(TENANT, bench.accept().id)
    reads = [request for operation, request in bench.clients.calls if operation == "get_item"]
    assert [read["ConsistentRead"] for read in reads] == [True]


def test_what_a_reader_with_a_fast_clock_reports_stays_true(bench: Bench) -> None:
    """The deadline is written before it is told, so the worker's success comes too late."""
    job = bench.claim(bench.accept(deadline_seconds=10))
    told = bench.store.expire(job, DEADLINE, now_ms=job.deadline_at_ms)
    with pytest.raises(StaleAttemptError):
        bench.store.succeed(job, b"1", now_ms=bench.now_ms())
    assert bench.job(job.id) == told


# --- working --------------------------------------------------------------------------------------


def test_a_process_that_dies_leaves_the_rest_of_its_batch_to_another(emulator: Emulator) -> None:
    """All messages return; what had ended is not done again."""
    runs: list[str] = []

    def work(context: TaskContext) -> str:
        runs.append(context.job_id)
        if len(runs) == 2:
            raise Killed
        return "done"

    here = bench_on(emulator, test=task_that(work))
    jobs = [here.accept("test") for _ in range(3)]
    with pytest.raises(Killed):
        here.work()
    here.pass_time(360)
    here.work()
    assert [here.job(job.id).status for job in jobs] == [Status.SUCCEEDED] * 3
    assert [here.job(job.id).attempt for job in jobs] == [1, 2, 1]
    assert len(runs) == 4


@pytest.mark.parametrize("fault", ["fail_before", "lose_answer"])
def test_a_finish_that_dynamodb_does_not_take_is_made_by_the_next_attempt(
    emulator: Emulator, fault: str
) -> None:
    """The work may be done twice; the end is one."""

    def work(context: TaskContext) -> int:
        setattr(here.clients, fault, {"update_item"})
        return context.attempt

    here = bench_on(emulator, test=task_that(work))
    job = here.accept("test")
    with pytest.raises(MessagesLeftError):
        here.work()
    setattr(here.clients, fault, set())
    was_done = here.job(job.id).terminal
    here.pass_time(360)
    if not was_done:
        with pytest.raises(MessagesLeftError):
            here.work()
        setattr(here.clients, fault, set())
        here.pass_time(360)
        here.store.succeed(here.claim(job), b"3", now_ms=here.now_ms())
    here.work()
    assert here.job(job.id).status is Status.SUCCEEDED
    assert here.job(job.id).result == (b"1" if was_done else b"3")


def test_a_result_whose_attempt_died_is_never_shown(bench: Bench) -> None:
    """It lies under its attempt's number; the next attempt has another."""
    job = bench.claim(bench.accept())
    large = b'"' + b"old" * 1_000 + b'"'
    bench.on.payloads.put_result(job, large, expires_at_s=job.expires_at_s)
    bench.pass_time(63)
    again = bench.claim(job)
    new = large.replace(b"old", b"new")
    done = bench.store.succeed(again, new, now_ms=bench.now_ms())
    assert bench.on.payloads.result(done) == new
    orphan = job_item.result_key(TENANT, job.id, attempt=1)
    assert bench.on.payloads._get(orphan) == large


def test_a_result_that_is_too_large_fails_the_job(emulator: Emulator) -> None:
    """Before anything of it is written; another attempt would not help."""
    large = task_that(lambda context: "a" * 5_300_000)
    here = bench_on(emulator, changed={"results_bucket": None}, test=large)
    job = here.accept("test")
    here.work()
    failed = here.job(job.id)
    assert failed.failure is not None
    assert (failed.failure.slug, failed.attempt) == ("result-too-large", 1)


def test_a_dead_letter_function_that_fails_leaves_its_message(bench: Bench) -> None:
    """The deadline holds meanwhile, and the message is done with afterwards."""
    job = bench.accept(deadline_seconds=1_000)
    bench.move(JobMessage(id=job.id, input=msgspec.Raw(b"1")).encode(), bench.on.dead_letter_queue)
    dead = "accepted-jobs-dead-letters"
    bench.clients.fail_before = {"update_item"}
    with pytest.raises(MessagesLeftError):
        bench.service.dead_letters.process(bench.receive(dead))
    bench.clients.fail_before = set()
    bench.pass_time(1_000)
    assert bench.queries.job(TENANT, job.id).status is Status.FAILED
    bench.service.dead_letters.process(bench.receive(dead))
