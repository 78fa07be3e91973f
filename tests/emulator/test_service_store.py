"""The job table: which write is refused when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from service_bench import Bench, bench_on

from chalicelib import limits
from chalicelib.errors import ResultTooLargeError, UnavailableError
from chalicelib.jobs.model import TENANT, Failure, Status
from chalicelib.store.job_store import ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.emulator import Emulator

FAILURE = Failure("handler-error", "no luck")


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def test_a_job_reads_back_as_it_was_recorded(bench: Bench) -> None:
    """Nothing is lost on the way through DynamoDB's types."""
    job = bench.accept(tags={"order": "1138", "é": "ü"})
    assert bench.store.get(TENANT, job.id) == job


def test_an_id_is_given_once(bench: Bench) -> None:
    """Another job with the same id is refused."""
    job = bench.accept()
    other = bench.accept(deadline_seconds=7)
    taken = msgspec.structs.replace(job, deadline_at_ms=other.deadline_at_ms)
    assert not bench.store.create(taken, now_ms=bench.now_ms())


def test_recording_the_same_job_twice_is_recording_it_once(bench: Bench) -> None:
    """An SDK's retry after a lost answer finds its own job and is content."""
    job = bench.accept()
    assert bench.store.create(job, now_ms=bench.now_ms())


def test_only_one_of_two_claims_wins(bench: Bench) -> None:
    """The second sees the job as the first made it."""
    job = bench.accept()
    first = bench.claim(job)
    with pytest.raises(ConditionFailedError) as refused:
        bench.claim(job)
    assert refused.value.job == first


def test_a_claim_follows_a_lease_that_has_passed(bench: Bench) -> None:
    """A worker that died does not keep its job for ever."""
    job = bench.accept()
    bench.claim(job, lease_seconds=60)
    bench.emulator.clock.advance_to(bench.now_ms() + 60_001)  # type: ignore[attr-defined]
    assert bench.claim(job).attempt == 2


def test_no_claim_follows_the_last_attempt(bench: Bench) -> None:
    """The client's max_attempts is never exceeded."""
    job = bench.accept(max_attempts=1)
    bench.store.release(bench.claim(job), FAILURE)
    with pytest.raises(ConditionFailedError):
        bench.claim(job)


def test_no_claim_follows_the_deadline(bench: Bench) -> None:
    """From the deadline on a job can only fail."""
    job = bench.accept(deadline_seconds=10)
    bench.emulator.clock.advance_to(job.deadline_at_ms)  # type: ignore[attr-defined]
    with pytest.raises(ConditionFailedError):
        bench.claim(job)


@pytest.mark.parametrize(
    "write",
    [
        lambda store, job: store.succeed(job, b"1", now_ms=job.deadline_at_ms),
        lambda store, job: store.succeed(job, b"1" * 2_000, now_ms=job.deadline_at_ms),
        lambda store, job: store.fail(job, FAILURE, now_ms=job.deadline_at_ms),
        lambda store, job: store.release(job, FAILURE),
        lambda store, job: store.report_progress(job, 0.5),
    ],
    ids=["succeed", "succeed-large", "fail", "release", "progress"],
)
def test_a_stale_attempt_changes_nothing(bench: Bench, write: Callable[..., Any]) -> None:
    """A worker that wakes up after another has taken over is refused every write."""
    stale = bench.claim(bench.accept(), lease_seconds=-1)
    current = bench.claim(stale)
    with pytest.raises(ConditionFailedError):
        write(bench.store, stale)
    assert bench.job(current.id) == current


def test_a_terminal_job_never_changes(bench: Bench) -> None:
    """Not by its own attempt, a dead letter, the deadline or a new claim."""
    job = bench.claim(bench.accept())
    done = bench.store.succeed(job, b"1", now_ms=bench.now_ms())
    late_ms = job.deadline_at_ms + 1
    with pytest.raises(ConditionFailedError):
        bench.store.fail(job, FAILURE, now_ms=late_ms)
    with pytest.raises(ConditionFailedError):
        bench.store.fail_abandoned(done, FAILURE, now_ms=late_ms)
    with pytest.raises(ConditionFailedError):
        bench.store.expire(job, FAILURE, now_ms=late_ms)
    with pytest.raises(ConditionFailedError):
        bench.claim(job)
    assert bench.job(job.id) == done


def test_a_dead_letter_does_not_fail_a_job_under_a_lease(bench: Bench) -> None:
    """A worker may still succeed."""
    job = bench.claim(bench.accept())
    with pytest.raises(ConditionFailedError):
        bench.store.fail_abandoned(job, FAILURE, now_ms=bench.now_ms())


def test_a_job_costs_three_write_units(bench: Bench) -> None:
    """Accept, claim and finish are one unit each."""
    done = bench.store.succeed(bench.claim(bench.accept()), b"1", now_ms=bench.now_ms())
    assert done.write_units == 3


def test_a_large_result_lies_in_an_item_of_its_own(bench: Bench) -> None:
    """And reads back as it was."""
    result = b'"' + b"abc" * 5_000 + b'"'
    done = bench.store.succeed(bench.claim(bench.accept()), result, now_ms=bench.now_ms())
    assert done.result is None
    assert bench.on.payloads.result(bench.job(done.id)) == result


@pytest.mark.parametrize("size", [limits.RESULT_BYTES_MAX, limits.RESULT_BYTES_MAX + 1])
def test_without_a_bucket_a_result_has_at_most_five_mebibytes(
    emulator: Emulator, size: int
) -> None:
    """One byte more is refused before anything is written."""
    bench = bench_on(emulator, changed={"results_bucket": None})
    job = bench.claim(bench.accept())
    result = b"1" * size
    if size <= limits.RESULT_BYTES_MAX:
        assert bench.store.succeed(job, result, now_ms=1).status is Status.SUCCEEDED
    else:
        with pytest.raises(ResultTooLargeError):
            bench.store.succeed(job, result, now_ms=1)


def test_overdue_jobs_are_found_and_no_others(bench: Bench) -> None:
    """One scan: not the finished, not those that still have time."""
    overdue = bench.accept(deadline_seconds=10)
    finished = bench.claim(bench.accept(deadline_seconds=10))
    bench.store.fail(finished, FAILURE, now_ms=bench.now_ms())
    bench.accept(deadline_seconds=11)
    found = bench.store.neglected(now_ms=bench.now_ms() + 10_000)
    assert [job.id for job in found] == [overdue.id]


def test_no_answer_from_dynamodb_may_have_been_a_write(bench: Bench) -> None:
    """The error says so, because a client is told of it."""
    job = bench.claim(bench.accept())
    bench.clients.lose_answer = {"update_item"}
    with pytest.raises(UnavailableError) as error:
        bench.store.release(job, FAILURE)
    assert error.value.maybe_done
