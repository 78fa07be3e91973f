"""Too many jobs wait: whose they are is told to come later, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from service_bench import Bench, bench_on

from chalicelib import limits
from chalicelib.http import answers
from chalicelib.http.http_message import HttpAnswer, HttpRequest
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests.backlog import Backlog

if TYPE_CHECKING:
    from emulator.emulator import Emulator

GOOD = {"type": "echo", "input": 1}
MANY = limits.BACKLOG_TENANT_JOBS_MAX


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    """A service that takes a hundred messages for a long queue."""
    return bench_on(emulator, changed={"backlog_messages_max": MANY})


def post(
    bench: Bench, route: str = "/jobs", body: Any = GOOD, *, tenant: str, job_id: str = ""
) -> HttpAnswer:
    request = HttpRequest(
        method="POST",
        route=route,
        path_values={"job_id": job_id},
        headers={"content-type": "application/json", "idempotency-key": f"of-{tenant}"}
        if route != "/batches"
        else {"content-type": "application/json"},
        body=msgspec.json.encode(body),
        tenant=tenant,
    )
    try:
        return bench.service.api.answer(request)
    except ProblemError as raised:
        return answers.of_problem(raised, request)


def flood(bench: Bench, tenant: str, count: int = MANY) -> None:
    """As many jobs as that, which nobody works on."""
    batch = {"jobs": [GOOD] * limits.BATCH_JOBS_MAX}
    for _ in range(count // limits.BATCH_JOBS_MAX):
        assert post(bench, "/batches", batch, tenant=tenant).status == 202
    for _ in range(count % limits.BATCH_JOBS_MAX):
        bench.submit(GOOD, tenant=tenant)


def items(bench: Bench) -> int:
    return len(bench.clients.dynamodb.scan(TableName=bench.settings.jobs_table)["Items"])


def test_a_tenant_that_floods_a_long_queue_has_to_wait_and_no_other(bench: Bench) -> None:
    """On every route that makes jobs; nothing is stored, and the answer says when to come again."""
    done = bench.accept(retain_input=True)
    bench.work()
    flood(bench, "loud", MANY + 1)
    bench.pass_time(limits.BACKLOG_SECONDS)
    before, waiting = items(bench), bench.waiting()
    for route, body in (("/jobs", GOOD), ("/batches", {"jobs": [GOOD]})):
        refused = post(bench, route, body, tenant="loud")
        assert refused.status == 429
        assert refused.headers["Retry-After"] == str(limits.BACKLOG_SECONDS)
        assert msgspec.json.decode(refused.body)["type"].endswith("problems/too-many-requests")
    assert (items(bench), bench.waiting()) == (before, waiting)
    assert post(bench, tenant="quiet").status == 202
    assert post(bench, "/jobs/{job_id}/retry", tenant="public", job_id=done.id).status == 202


def test_who_had_to_wait_may_come_again_when_some_jobs_have_run(bench: Bench) -> None:
    """What was found out is good for five seconds."""
    flood(bench, "loud", MANY + 1)
    bench.pass_time(limits.BACKLOG_SECONDS)
    assert post(bench, tenant="loud").status == 429
    asked_ms = bench.now_ms()
    bench.emulator.run_until_idle()
    assert bench.now_ms() == asked_ms
    assert post(bench, tenant="loud").status == 429
    bench.pass_time(limits.BACKLOG_SECONDS)
    assert post(bench, tenant="loud").status == 202


@pytest.mark.parametrize(("messages", "status"), [(MANY, 202), (MANY + 1, 429)])
def test_a_queue_is_long_beyond_its_limit(bench: Bench, messages: int, status: int) -> None:
    flood(bench, "loud", messages)
    bench.pass_time(limits.BACKLOG_SECONDS)
    assert post(bench, tenant="loud").status == status


def test_a_tenant_with_one_job_fewer_than_too_many_is_let_in(bench: Bench) -> None:
    """However long the queue is."""
    flood(bench, "loud", 2 * MANY)
    flood(bench, "busy", MANY - 1)
    bench.pass_time(limits.BACKLOG_SECONDS)
    assert post(bench, tenant="busy").status == 202


def test_asking_costs_one_request_in_five_seconds_and_one_page_for_each_tenant(
    bench: Bench,
) -> None:
    """The page only while the queue is long."""

    def asked() -> tuple[int, int]:
        names = [operation for operation, _ in bench.clients.calls]
        return names.count("get_queue_attributes"), names.count("query")

    backlog = Backlog(bench.on.queue, bench.store, messages_max=MANY)
    flood(bench, "loud", MANY + 1)
    bench.clients.calls.clear()
    for _ in range(3):
        with pytest.raises(ProblemError):
            backlog.refuse_flood("loud")
        backlog.refuse_flood("quiet")
    assert asked() == (1, 2)
    bench.emulator.queue("accepted-jobs").purge()
    bench.pass_time(limits.BACKLOG_SECONDS)
    backlog.refuse_flood("loud")
    assert asked() == (2, 2)


def test_nobody_has_to_wait_because_sqs_does_not_say_how_many_do(bench: Bench) -> None:
    """Nor is it asked again before its time."""
    flood(bench, "loud", MANY + 1)
    bench.pass_time(limits.BACKLOG_SECONDS)
    bench.clients.fail_before.add("get_queue_attributes")
    assert post(bench, tenant="loud").status == 202
    bench.clients.fail_before.clear()
    backlog = Backlog(bench.on.queue, bench.store, messages_max=0)
    backlog.refuse_flood("loud")


def test_a_flood_of_one_tenant_holds_no_message_of_another_back(emulator: Emulator) -> None:
    """Messages of a standard queue carry their tenant as group, which orders and blocks nothing.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    bench = bench_on(emulator)
    flood(bench, "loud")
    quiet = bench.submit(GOOD, tenant="quiet").job
    in_flight = [message for _ in range(MANY // 10) for message in bench.receive()]
    assert len(in_flight) == MANY
    (received,) = bench.receive()
    assert msgspec.json.decode(received.body)["tenant"] == "quiet"
    bench.work([received])
    assert bench.job(quiet.id, "quiet").terminal
    sent = [request for operation, request in bench.clients.calls if "send_message" in operation]
    entries = [entry for request in sent for entry in request.get("Entries", [request])]
    assert {entry["MessageGroupId"] for entry in entries} == {"loud", "quiet"}
