"""The dead-letter queue, the sweep and late readers: every job reaches an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from service_bench import SECOND_MS, Bench, bench_on

from chalicelib import limits
from chalicelib.errors import MessagesLeftError
from chalicelib.jobs import ids
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import TENANT, Failure, Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.work.sweeping import Swept

if TYPE_CHECKING:
    from chalicelib.jobs.model import Job
    from emulator.clock import VirtualClock
    from emulator.emulator import Emulator

DEAD = "accepted-jobs-dead-letters"


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def advance(bench: Bench, seconds: float) -> None:
    clock: VirtualClock = bench.emulator.clock  # type: ignore[assignment]
    clock.advance(seconds)


def bury(bench: Bench, job: Job) -> None:
    """Put the job's message into the dead-letter queue."""
    bench.move(JobMessage(id=job.id, input=msgspec.Raw(b"1")).encode(), bench.on.dead_letter_queue)


def slug_of(job: Job) -> str:
    return job.failure.slug if job.failure else ""


def test_a_dead_letter_fails_a_job_that_never_started(bench: Bench) -> None:
    """A client that polls is told, and may submit again."""
    job = bench.accept()
    bury(bench, job)
    bench.service.dead_letters.process(bench.receive(DEAD))
    failed = bench.job(job.id)
    assert (failed.status, slug_of(failed), failed.executed) == (Status.FAILED, "poison", "never")


def test_a_dead_letter_tells_how_the_last_attempt_failed(bench: Bench) -> None:
    """The last error was kept when the attempt let go."""
    job = bench.claim(bench.accept())
    bench.store.release(job, Failure("handler-error", "no luck"))
    bury(bench, job)
    bench.service.dead_letters.process(bench.receive(DEAD))
    failure = bench.job(job.id).failure
    assert failure is not None
    assert failure.last == Failure("handler-error", "no luck")


def test_a_dead_letter_waits_for_the_lease(bench: Bench) -> None:
    """A worker that still runs may yet succeed; afterwards the job fails."""
    job = bench.claim(bench.accept(), lease_seconds=60)
    bury(bench, job)
    with pytest.raises(MessagesLeftError):
        bench.service.dead_letters.process(bench.receive(DEAD))
    assert bench.job(job.id).status is Status.RUNNING
    advance(bench, 61)
    bench.service.dead_letters.process(bench.receive(DEAD))
    assert slug_of(bench.job(job.id)) == "attempts-exhausted"


def test_a_dead_letter_of_a_finished_job_is_done_with(bench: Bench) -> None:
    """The job's end stands."""
    job = bench.claim(bench.accept())
    done = bench.store.succeed(job, b"1", now_ms=bench.now_ms())
    bury(bench, job)
    bench.service.dead_letters.process(bench.receive(DEAD))
    assert bench.job(job.id) == done


def test_a_dead_letter_that_is_not_ours_is_kept_out_of_the_way(bench: Bench) -> None:
    """It stays for a person, and does not come back all day long."""
    bench.move("not ours", bench.on.dead_letter_queue)
    with pytest.raises(MessagesLeftError):
        bench.service.dead_letters.process(bench.receive(DEAD))
    advance(bench, limits.HIDE_SECONDS_MAX - 1)
    assert (bench.receive(DEAD), bench.waiting(DEAD)) == ([], 1)


def test_the_sweep_ends_overdue_jobs(bench: Bench) -> None:
    """Also those whose message was lost."""
    overdue = bench.accept(deadline_seconds=10)
    alive = bench.accept(deadline_seconds=1_000)
    advance(bench, 10)
    assert bench.service.sweeper.sweep(lambda: 60 * SECOND_MS) == Swept(expired=1)
    assert slug_of(bench.job(overdue.id)) == "deadline-exceeded"
    assert bench.job(alive.id) == alive


def test_a_sweep_short_of_time_leaves_the_rest_to_the_next(bench: Bench) -> None:
    """It is never killed in the middle."""
    bench.accept(deadline_seconds=10)
    advance(bench, 10)
    assert bench.service.sweeper.sweep(lambda: SECOND_MS) == Swept(complete=False)
    assert bench.service.sweeper.sweep(lambda: 60 * SECOND_MS) == Swept(expired=1)


def test_the_first_reader_after_the_deadline_writes_it_down(bench: Bench) -> None:
    """What one client was told, every other is told, whatever its server's clock says."""
    job = bench.claim(bench.accept(deadline_seconds=10), lease_seconds=60)
    advance(bench, 10)
    told = bench.queries.job(TENANT, job.id)
    assert (slug_of(told), told.executed) == ("deadline-exceeded", "maybe")
    assert bench.job(job.id) == told


def test_a_job_is_gone_after_its_retention(bench: Bench) -> None:
    """DynamoDB deletes expired items within days, so every read compares the time itself."""
    job = bench.claim(bench.accept())
    bench.store.succeed(job, b"1", now_ms=bench.now_ms())
    advance(bench, 7 * 86_400)
    with pytest.raises(ProblemError) as gone:
        bench.queries.job(TENANT, job.id)
    assert gone.value.type.slug == "gone"


def test_an_id_that_was_made_here_and_has_no_record_is_gone(bench: Bench) -> None:
    """Not unknown: the client did not invent it."""
    key = bench.settings.job_id_key
    with pytest.raises(ProblemError) as gone:
        bench.queries.job(TENANT, ids.mint(key, TENANT, now_ms=1, random_bits=1))
    assert gone.value.type.slug == "gone"


def test_an_id_that_was_not_made_here_is_not_looked_up(bench: Bench) -> None:
    """Guessing ids costs the database nothing."""
    bench.clients.fail_before = {"get_item"}
    with pytest.raises(ProblemError) as unknown:
        bench.queries.job(TENANT, "01938f2e-7b3a-7c44-9d21-6f0e5a1b2c3d")
    assert unknown.value.type.slug == "not-found"


def test_an_id_in_upper_case_is_the_same_id(bench: Bench) -> None:
    """RFC 9562 asks readers to accept both."""
    job = bench.accept()
    assert bench.queries.job(TENANT, job.id.upper()) == job
