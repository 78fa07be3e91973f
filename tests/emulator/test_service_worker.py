"""The worker: which messages are let go of, and what their jobs become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from service_bench import SECOND_MS, Bench, bench_on, task_that

from chalicelib.errors import MessagesLeftError, PermanentError, RetryableError
from chalicelib.jobs import ids
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import TENANT, Status
from chalicelib.work import processing

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.task import Task, TaskContext
    from emulator.clock import VirtualClock
    from emulator.emulator import Emulator


@pytest.fixture
def make_bench(emulator: Emulator) -> Callable[..., Bench]:
    return lambda **tasks: bench_on(emulator, **tasks)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


def fails_with(error: Exception) -> Task:
    def function(context: TaskContext) -> None:
        raise error

    return task_that(function)


def advance(bench: Bench, seconds: float) -> None:
    """Time passes and no event source mapping runs."""
    clock: VirtualClock = bench.emulator.clock  # type: ignore[assignment]
    clock.advance(seconds)


def test_a_batch_that_succeeds_is_left_to_lambda_to_delete(bench: Bench) -> None:
    """Returning deletes the batch: a delete of our own would be one request more."""
    jobs = [bench.accept("echo", n) for n in range(3)]
    bench.work(bench.receive())
    assert [bench.job(job.id).result for job in jobs] == [b"0", b"1", b"2"]
    assert bench.waiting() == 3


def test_without_partial_responses_the_good_messages_are_deleted_before_raising(
    make_bench: Callable[..., Bench],
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""
    bench = make_bench(test=fails_with(RetryableError("later")))
    bench.accept("echo", 1)
    bad = bench.accept("test")
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    advance(bench, 3_600)
    assert [JobMessage.decode(m.body).id for m in bench.receive()] == [bad.id]


def test_a_permanent_error_fails_the_job_at_once(make_bench: Callable[..., Bench]) -> None:
    """No further attempt is made, and the message is done with."""
    bench = make_bench(test=fails_with(PermanentError("no such order")))
    job = bench.accept("test")
    bench.work(bench.receive())
    failed = bench.job(job.id)
    assert (failed.status, failed.attempt, failed.executed) == (Status.FAILED, 1, "yes")
    assert failed.failure is not None
    assert (failed.failure.slug, failed.failure.detail) == ("handler-error", "no such order")


def test_a_retryable_error_brings_the_message_back_after_the_back_off(
    make_bench: Callable[..., Bench],
) -> None:
    """The job is free by then, so the next attempt is not refused."""
    bench = make_bench(test=fails_with(RetryableError("later")))
    bench.accept("test")
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    advance(bench, processing.back_off_seconds(1) - 1)
    assert bench.receive() == []
    advance(bench, 1)
    assert len(bench.receive()) == 1


def test_a_task_chooses_its_own_back_off(make_bench: Callable[..., Bench]) -> None:
    """``after_seconds`` replaces the usual one."""
    bench = make_bench(test=fails_with(RetryableError("later", after_seconds=77)))
    bench.accept("test")
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    advance(bench, 76)
    assert bench.receive() == []
    advance(bench, 1)
    assert len(bench.receive()) == 1


def test_attempts_exhausted_fails_the_job_with_the_last_error(
    make_bench: Callable[..., Bench],
) -> None:
    """An unforeseen error is told by its type alone: its message may hold anything."""
    bench = make_bench(test=fails_with(ValueError("a secret")))
    job = bench.accept("test", max_attempts=2)
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    advance(bench, 60)
    bench.work(bench.receive())
    failure = bench.job(job.id).failure
    assert failure is not None
    assert failure.last is not None
    assert (failure.slug, failure.attempts) == ("attempts-exhausted", 2)
    assert failure.last.detail == "The task raised ValueError"


def test_a_duplicate_is_left_while_another_worker_holds_the_lease(bench: Bench) -> None:
    """If it were deleted and the other died, nobody would ever finish the job."""
    job = bench.accept()
    bench.claim(job)
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    assert bench.job(job.id).attempt == 1


def test_a_duplicate_of_a_finished_job_is_done_with(bench: Bench) -> None:
    """Nothing runs and nothing changes."""
    job = bench.accept()
    messages = bench.receive()
    bench.work(messages)
    done = bench.job(job.id)
    bench.work(messages)
    assert bench.job(job.id) == done


def test_a_message_whose_job_is_gone_is_done_with(bench: Bench) -> None:
    """A record that was deleted cannot be finished."""
    message = JobMessage(id=_unrecorded_id(bench), input=msgspec.Raw(b"1"))
    bench.move(message.encode(), bench.on.queue)
    bench.work(bench.receive())


def test_a_worker_that_lost_its_lease_neither_writes_nor_acknowledges(
    make_bench: Callable[..., Bench],
) -> None:
    """The attempt that took over owns the job."""

    def overtaken(context: TaskContext) -> str:
        advance(here, 63)
        here.claim(here.job(context.job_id))
        return "too late"

    here = make_bench(test=task_that(overtaken))
    job = here.accept("test")
    with pytest.raises(MessagesLeftError):
        here.work(here.receive())
    running = here.job(job.id)
    assert (running.status, running.attempt) == (Status.RUNNING, 2)


def test_reporting_progress_stops_a_worker_that_lost_its_job(
    make_bench: Callable[..., Bench],
) -> None:
    """A long task need not run to its end for nothing."""
    reached: list[str] = []

    def overtaken(context: TaskContext) -> None:
        advance(here, 63)
        here.claim(here.job(context.job_id))
        context.progress(0.5)
        reached.append("after the report")

    here = make_bench(test=task_that(overtaken))
    here.accept("test")
    with pytest.raises(MessagesLeftError):
        here.work(here.receive())
    assert reached == []


def test_the_attempt_after_the_last_fails_the_job(bench: Bench) -> None:
    """A worker that died in the last attempt left nobody else to say so."""
    job = bench.accept(max_attempts=1)
    bench.claim(job)
    advance(bench, 61)
    bench.work(bench.receive())
    failure = bench.job(job.id).failure
    assert failure is not None
    assert failure.slug == "attempts-exhausted"


def test_a_job_past_its_deadline_is_not_run(bench: Bench) -> None:
    """It fails, and a client may submit it again: ``executed`` is never."""
    job = bench.accept(deadline_seconds=10)
    advance(bench, 10)
    bench.work(bench.receive())
    failed = bench.job(job.id)
    assert failed.failure is not None
    assert (failed.failure.slug, failed.executed) == ("deadline-exceeded", "never")


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", '{"id":1}', '{"version":2,"id":"x","input":1}', '{"a":' * 5_000, "\ufeff{}"],
)
def test_a_message_that_is_not_ours_is_left_for_the_dead_letter_queue(
    bench: Bench, body: str
) -> None:
    """SQS moves it there; no record is touched."""
    bench.move(body or " ", bench.on.queue)
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    assert bench.waiting() == 1


def test_a_message_with_an_id_made_elsewhere_is_refused(bench: Bench) -> None:
    """Whoever can write to the queue cannot thereby touch a record."""
    foreign = ids.mint(b"another key of some length", TENANT, now_ms=1, random_bits=1)
    bench.move(JobMessage(id=foreign, input=msgspec.Raw(b"1")).encode(), bench.on.queue)
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())


def test_no_job_starts_with_less_than_half_the_time(make_bench: Callable[..., Bench]) -> None:
    """The rest goes back at once, to whoever has time."""
    here = make_bench(test=task_that(lambda context: advance(here, 31)))
    jobs = [here.accept("test") for _ in range(3)]
    ends_ms = here.now_ms() + 60 * SECOND_MS
    with pytest.raises(MessagesLeftError):
        here.service.worker.process(here.receive(), lambda: ends_ms - here.now_ms())
    assert [here.job(job.id).attempt for job in jobs] == [1, 0, 0]
    assert len(here.receive()) == 2


def test_a_message_handed_back_too_often_is_replaced(make_bench: Callable[..., Bench]) -> None:
    """Waiting for its turn must not bring a job that never ran to the dead-letter queue."""
    here = make_bench(test=task_that(lambda context: advance(here, 31)))
    here.accept("test")
    waiting = here.accept("test")
    old = [_worn(message) for message in here.receive()]
    ends_ms = here.now_ms() + 60 * SECOND_MS
    here.service.worker.process(old, lambda: ends_ms - here.now_ms())
    (fresh,) = here.receive()
    assert (JobMessage.decode(fresh.body).id, fresh.receive_count) == (waiting.id, 1)


@pytest.mark.parametrize("answers", ["fail_before", "lose_answer"])
def test_a_database_that_does_not_answer_leaves_the_message(bench: Bench, answers: str) -> None:
    """Whether or not the write was done, the job ends once the database is back."""
    job = bench.accept("echo", 1)
    setattr(bench.clients, answers, {"update_item"})
    with pytest.raises(MessagesLeftError):
        bench.work(bench.receive())
    setattr(bench.clients, answers, set())
    advance(bench, 360)
    bench.work(bench.receive())
    assert bench.job(job.id).result == b"1"


def test_input_travels_letter_by_letter(bench: Bench) -> None:
    """Numbers keep every digit, and SQS's forbidden characters arrive."""
    text = b'{"type":"echo","input":[12345678901234567890123, 1.10, "\xef\xbf\xbe \xef\xbf\xbf"]}'
    job = bench.submit(text).job
    bench.work(bench.receive())
    result = bench.job(job.id).result
    assert result is not None
    assert result.startswith(b"[12345678901234567890123, 1.10, ")
    assert msgspec.json.decode(result)[2] == "\ufffe \uffff"


@pytest.mark.parametrize("attempt", range(1, 11))
def test_each_wait_is_longer_than_the_last_up_to_a_quarter_of_an_hour(attempt: int) -> None:
    """A queue's visibility timeout goes further, a client's patience does not."""
    seconds = processing.back_off_seconds(attempt)
    assert processing.back_off_seconds(attempt + 1) >= seconds
    assert 5 <= seconds <= 900


def _worn(message: Any) -> Any:
    return msgspec.structs.replace(message, receive_count=processing.RENEW_AT_RECEIVES)


def _unrecorded_id(bench: Bench) -> str:
    key = bench.settings.job_id_key
    return ids.mint(key, TENANT, now_ms=bench.now_ms(), random_bits=7)


def test_failed_messages_are_named_where_the_mapping_reads_them(emulator: Emulator) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""
    here = bench_on(emulator, reports=True, test=fails_with(RetryableError("later")))
    good, bad = here.accept("echo"), here.accept("test")
    messages = here.receive()

    answer = here.work(messages)

    assert [here.job(job.id).status for job in (good, bad)] == [Status.SUCCEEDED, Status.RUNNING]
    assert answer == {"batchItemFailures": [{"itemIdentifier": messages[1].message_id}]}


def test_answer_names_nothing_when_all_is_done(emulator: Emulator) -> None:
    here = bench_on(emulator, reports=True)
    here.accept("echo")

    assert here.work(here.receive()) == {"batchItemFailures": []}


def test_progress_that_cannot_be_written_does_not_cost_the_attempt(
    make_bench: Callable[..., Bench],
) -> None:
    """Progress is advice; the result is what counts."""

    def work(context: TaskContext) -> str:
        here.clients.fail_before.add("update_item")
        context.progress(0.5)
        here.clients.fail_before.clear()
        return "done"

    here = make_bench(test=task_that(work))
    job = here.accept("test")
    here.work(here.receive())

    assert here.job(job.id).status is Status.SUCCEEDED
