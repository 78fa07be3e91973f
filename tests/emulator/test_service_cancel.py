"""Cancelling, deleting and doing again, against a worker that is at the job at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from service_bench import _CLIENTS, SECOND_MS, Bench, bench_on, task_that

from chalicelib.errors import (
    CanceledError,
    MessagesLeftError,
    RetryableError,
    StaleAttemptError,
    UnavailableError,
)
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import TENANT, Failure, Job, Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests.control import Controller
from chalicelib.requests.retrying import Retrier

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.task import TaskContext
    from emulator.emulator import Emulator


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def controller(bench: Bench) -> Controller:
    return Controller(
        bench.store, bench.on.payloads, callbacks=bench.on.callbacks, queries=bench.queries
    )


def cancel(bench: Bench, job_id: str) -> Job:
    return controller(bench).cancel(TENANT, job_id)


def worked(emulator: Emulator, function: Callable[[Bench, TaskContext], Any]) -> tuple[Bench, Job]:
    """A job whose task does ``function`` with the bench, once its worker has run."""
    here = bench_on(emulator, test=task_that(lambda context: function(here, context)))
    job = here.accept("test")
    here.work()
    return here, here.job(job.id)


def test_a_queued_job_that_is_canceled_never_starts(bench: Bench) -> None:
    """That is certain: the message finds an end."""
    job = bench.accept()
    canceled = cancel(bench, job.id)
    assert (canceled.status, canceled.executed) == (Status.CANCELED, "never")
    bench.work()
    assert bench.job(job.id) == canceled


def test_cancelling_twice_changes_nothing(bench: Bench) -> None:
    """Also while the worker has not stopped yet."""
    queued, running = bench.accept(), bench.claim(bench.accept())
    for job in (queued, running):
        assert cancel(bench, job.id) == cancel(bench, job.id)


def test_a_running_job_stops_at_its_next_report(emulator: Emulator) -> None:
    """The report's own answer tells the task: no read is paid for it."""

    def task(here: Bench, context: TaskContext) -> None:
        assert cancel(here, context.job_id).status is Status.CANCELING
        here.clients.calls.clear()
        try:
            context.progress(0.5)
        finally:
            reads.extend(name for name, _ in here.clients.calls)

    reads: list[str] = []
    _, job = worked(emulator, task)
    assert (job.status, job.executed, reads) == (Status.CANCELED, "maybe", ["update_item"])
    assert job.cancel_requested_at_ms is not None


@pytest.mark.parametrize("checkpoint", ["check", "require_time"])
def test_a_task_without_progress_stops_at_its_next_check(
    emulator: Emulator, checkpoint: str
) -> None:
    """Which reads the record every five seconds at most."""

    def task(here: Bench, context: TaskContext) -> None:
        cancel(here, context.job_id)
        arguments = () if checkpoint == "check" else (1,)
        here.clients.calls.clear()
        for _ in range(5):
            getattr(context, checkpoint)(*arguments)
        assert here.clients.calls == []
        here.pass_time(5)
        getattr(context, checkpoint)(*arguments)

    _, job = worked(emulator, task)
    assert job.status is Status.CANCELED


def test_work_that_is_done_all_the_same_has_succeeded(emulator: Emulator) -> None:
    """The status says what happened to the work; that it should have stopped is kept."""

    def task(here: Bench, context: TaskContext) -> str:
        cancel(here, context.job_id)
        return "done"

    _, job = worked(emulator, task)
    assert (job.status, job.result) == (Status.SUCCEEDED, b'"done"')
    assert job.cancel_requested_at_ms is not None


def test_a_task_that_fails_while_it_should_stop_is_not_tried_again(emulator: Emulator) -> None:
    """It is canceled then and there."""

    def task(here: Bench, context: TaskContext) -> None:
        cancel(here, context.job_id)
        raise RetryableError("later")

    _, job = worked(emulator, task)
    assert (job.status, job.attempt) == (Status.CANCELED, 1)


def test_a_task_that_stops_unasked_has_failed(emulator: Emulator) -> None:
    """It is not canceled, for nobody wanted that."""

    def task(context: TaskContext) -> None:
        raise CanceledError

    here = bench_on(emulator, test=task_that(task))
    job = here.accept("test", max_attempts=1)
    here.work()
    failed = here.job(job.id)
    assert failed.failure is not None
    assert (failed.status, failed.failure.slug) == (Status.FAILED, "attempts-exhausted")


def test_a_job_between_two_attempts_is_canceled_at_once(bench: Bench) -> None:
    """Nobody works on it, so nobody has to be waited for."""
    job = bench.claim(bench.accept())
    bench.store.release(job, Failure("handler-error", "no luck"))
    assert cancel(bench, job.id).status is Status.CANCELED


def test_a_canceling_job_whose_worker_died_is_ended_by_the_next(bench: Bench) -> None:
    """Without being run; not before the dead one's time is over."""
    job = bench.claim(bench.accept(), lease_seconds=60)
    cancel(bench, job.id)
    with pytest.raises(MessagesLeftError):
        bench.work()
    assert bench.job(job.id).status is Status.CANCELING
    bench.pass_time(360)
    bench.work()
    assert (bench.job(job.id).status, bench.job(job.id).attempt) == (Status.CANCELED, 1)


def test_a_canceling_job_in_the_dead_letter_queue_is_canceled(bench: Bench) -> None:
    """If SQS gives up on the message meanwhile."""
    job = bench.claim(bench.accept(), lease_seconds=60)
    cancel(bench, job.id)
    (message,) = bench.receive()
    bench.pass_time(61)
    bench.service.dead_letters.process([message])
    assert bench.job(job.id).status is Status.CANCELED


def test_a_canceling_job_fails_at_its_deadline(bench: Bench) -> None:
    """Every job ends by then, whoever is at work."""
    job = bench.claim(bench.accept(deadline_seconds=10))
    cancel(bench, job.id)
    bench.pass_time(10)
    assert bench.queries.job(TENANT, job.id).status is Status.FAILED


def test_of_cancel_and_claim_one_wins(bench: Bench) -> None:
    """If the claim, the worker is asked to stop."""
    job = bench.accept()
    bench.clients.meanwhile["update_item"] = lambda: bench.claim(job)
    assert cancel(bench, job.id).status is Status.CANCELING


def test_of_cancel_and_finish_one_wins(bench: Bench) -> None:
    """If the finish, the client is told of it."""
    job = bench.claim(bench.accept())
    bench.clients.meanwhile["update_item"] = lambda: bench.store.succeed(
        job, b"1", now_ms=bench.now_ms()
    )
    with pytest.raises(ProblemError) as refused:
        cancel(bench, job.id)
    assert (refused.value.type.slug, refused.value.job_id) == ("job-finished", job.id)


def test_a_zombie_changes_nothing_about_a_canceled_job(bench: Bench) -> None:
    """A worker that wakes up after its lease finds the job ended, whatever it does."""
    zombie = bench.claim(bench.accept(), lease_seconds=60)
    bench.pass_time(61)
    canceled = cancel(bench, zombie.id)
    store, now_ms, failure = bench.store, bench.now_ms(), Failure("handler-error", "no luck")
    writes: list[Callable[[], Job]] = [
        lambda: store.report_progress(zombie, 0.5),
        lambda: store.release(zombie, failure),
        lambda: store.succeed(zombie, b"1", now_ms=now_ms),
        lambda: store.fail(zombie, failure, now_ms=now_ms),
        lambda: store.stop(zombie, now_ms=now_ms),
    ]
    for write in writes:
        with pytest.raises(StaleAttemptError):
            write()
    assert bench.job(zombie.id) == canceled


def test_a_zombie_learns_at_its_next_check_that_the_job_is_another_s(emulator: Emulator) -> None:
    """It stops, and leaves the message to the other."""

    def task(here: Bench, context: TaskContext) -> None:
        here.pass_time(63)
        here.claim(here.job(context.job_id))
        context.check()
        raise AssertionError("it went on")

    here = bench_on(emulator, test=task_that(lambda context: task(here, context)))
    job = here.accept("test")
    with pytest.raises(MessagesLeftError):
        here.service.worker.process(here.receive(), lambda: 60 * SECOND_MS)
    assert (here.job(job.id).status, here.job(job.id).attempt) == (Status.RUNNING, 2)


def test_a_check_that_cannot_be_made_does_not_stop_the_task(emulator: Emulator) -> None:
    """A database that is away for a moment costs no attempt."""

    def task(here: Bench, context: TaskContext) -> str:
        here.pass_time(5)
        here.clients.fail_before = {"get_item"}
        context.check()
        here.clients.fail_before = set()
        return "done"

    _, job = worked(emulator, task)
    assert job.status is Status.SUCCEEDED


def test_a_deleted_job_leaves_only_that_there_was_one(bench: Bench) -> None:
    """Its result and input are erased; deleting again changes nothing."""
    job = bench.accept("echo", "a" * 2_000, retain_input=True, tags={"secret": "x"})
    bench.work()
    done = bench.job(job.id)
    assert bench.on.payloads.input(done) is not None
    for _ in range(2):
        controller(bench).delete(TENANT, job.id)
    left = bench.job(job.id)
    assert (left.status, left.tags, left.result) == (Status.PURGED, {}, None)
    assert bench.on.payloads.input(done) is None
    assert bench.on.payloads.result(done) is None


def test_a_delete_erases_the_result_of_an_attempt_that_died(bench: Bench) -> None:
    """Which no record names."""
    died = bench.claim(bench.accept())
    large = b'"' + b"x" * 2_000 + b'"'
    bench.on.payloads.put_result(died, large, expires_at_s=died.expires_at_s)
    bench.pass_time(63)
    bench.store.succeed(bench.claim(died), b"1", now_ms=bench.now_ms())
    controller(bench).delete(TENANT, died.id)
    (left,) = _CLIENTS.dynamodb.scan(TableName=bench.settings.jobs_table)["Items"]
    assert left["s"] == {"S": "purged"}


def test_a_delete_that_died_half_way_is_completed_by_its_repetition(bench: Bench) -> None:
    """The tombstone still knows what lies beside it."""
    job = bench.accept("echo", 1, retain_input=True)
    bench.work()
    done = bench.job(job.id)
    bench.clients.fail_before = {"delete_item"}
    with pytest.raises(UnavailableError):
        controller(bench).delete(TENANT, job.id)
    bench.clients.fail_before = set()
    controller(bench).delete(TENANT, job.id)
    assert bench.on.payloads.input(done) is None


def test_a_message_of_a_deleted_job_is_done_with(bench: Bench) -> None:
    """Also one that comes late."""
    job = bench.accept()
    cancel(bench, job.id)
    controller(bench).delete(TENANT, job.id)
    bench.work()
    assert bench.job(job.id).status is Status.PURGED


def test_a_failed_job_is_done_again_with_the_input_it_had(emulator: Emulator) -> None:
    """Letter by letter; a new job, with the old one's settings."""
    here = bench_on(emulator, test=task_that(lambda context: 1 / 0))
    body = b'{"type":"test","input":[1.10, 1e5],"max_attempts":1,"tags":{"a":"b"}}'
    job = here.submit(body).job
    here.work()
    failed = here.job(job.id)
    assert (failed.status, failed.input_retained) == (Status.FAILED, True)
    retrier = Retrier(here.queries, tasks=here.tasks)
    again = here.on.acceptor.accept(TENANT, retrier.order(TENANT, job.id, key=None)).job
    (message,) = here.receive()
    assert bytes(JobMessage.decode(message.body).input) == b"[1.10, 1e5]"
    assert (again.retry_of, again.max_attempts, again.tags) == (job.id, 1, {"a": "b"})
    assert again.deadline_at_ms - again.created_at_ms == 3_600_000


def test_an_input_that_is_kept_on_request_can_be_done_again_after_success(bench: Bench) -> None:
    """And counts among what the job cost."""
    job = bench.accept("echo", "x", retain_input=True)
    bench.work()
    assert bench.job(job.id).write_units == 4
    retrier = Retrier(bench.queries, tasks=bench.tasks)
    assert retrier.order(TENANT, job.id, key=None).retry_of == job.id
