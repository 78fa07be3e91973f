"""Accepting: what is promised, and what a client is told when nothing can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from service_bench import Bench, bench_on

from chalicelib.jobs.problems import ProblemError

if TYPE_CHECKING:
    from emulator.emulator import Emulator


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def refusal(bench: Bench) -> ProblemError:
    with pytest.raises(ProblemError) as refused:
        bench.accept()
    assert refused.value.type.slug == "not-enqueued"
    assert refused.value.headers["Retry-After"] == "1"
    return refused.value


def test_record_and_message_exist_once_a_job_is_accepted(bench: Bench) -> None:
    """202 means handed over: both before the answer."""
    job = bench.accept()
    assert bench.job(job.id) == job
    assert bench.waiting() == 1


def test_a_record_that_may_exist_is_pointed_at(bench: Bench) -> None:
    """The client can look there instead of guessing; the deadline ends the job if it exists."""
    bench.clients.lose_answer = {"put_item"}
    job_id = refusal(bench).job_id
    assert job_id is not None
    assert bench.job(job_id).attempt == 0
    assert bench.waiting() == 0


def test_a_queue_that_is_down_is_told_with_the_record_s_location(bench: Bench) -> None:
    """The record exists, so its location is certain."""
    bench.clients.fail_before = {"send_message"}
    assert refusal(bench).job_id is not None


def test_a_message_whose_answer_was_lost_runs_all_the_same(bench: Bench) -> None:
    """Nothing was promised, and the location shows the result."""
    bench.clients.lose_answer = {"send_message"}
    job_id = refusal(bench).job_id
    bench.work()
    assert job_id is not None
    assert bench.job(job_id).result == b"null"


def test_a_delayed_job_waits_in_the_queue(bench: Bench) -> None:
    """SQS keeps it back, not the worker."""
    bench.accept(delay_seconds=60)
    assert (bench.receive(), bench.waiting()) == ([], 1)
