"""Tenants: each has jobs, keys, lists and cursors of its own, and learns nothing of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from service_bench import Bench, bench_on

from chalicelib.http import answers, identity
from chalicelib.http.http_message import HttpAnswer, HttpRequest
from chalicelib.jobs.model import TENANT, Status
from chalicelib.jobs.problems import ProblemError

if TYPE_CHECKING:
    from emulator.emulator import Emulator

JUNK_ID = "01938f2e-7b3a-7c44-9d21-6f0e5a1b2c3d"


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def ask(
    bench: Bench,
    method: str,
    route: str,
    *,
    tenant: str,
    job_id: str = "",
    query: tuple[tuple[str, str], ...] = (),
) -> HttpAnswer:
    """A route's answer to a tenant, as the gateway would pass the request on."""
    request = HttpRequest(
        method=method, route=route, path_values={"job_id": job_id}, tenant=tenant, query=query
    )
    try:
        return bench.service.api.answer(request)
    except ProblemError as raised:
        return answers.of_problem(raised, request)


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")],
)
def test_another_tenant_s_job_is_answered_as_one_that_never_was(
    bench: Bench, method: str, suffix: str
) -> None:
    """Byte by byte, and without a request to the table."""
    theirs = bench.submit({"type": "echo", "input": 1}, tenant="another").job
    bench.clients.calls.clear()
    route = "/jobs/{job_id}" + suffix
    unknown, foreign = (
        ask(bench, method, route, tenant=TENANT, job_id=job_id) for job_id in (JUNK_ID, theirs.id)
    )
    assert foreign == unknown
    assert foreign.status == 404
    assert bench.clients.calls == []
    assert bench.job(theirs.id, "another").status is Status.QUEUED


def test_a_list_is_of_one_tenant_s_jobs(bench: Bench) -> None:
    """Nor does its cursor open another's."""
    for tenant in (TENANT, "another"):
        for _ in range(2):
            bench.submit({"type": "echo", "input": 1}, tenant=tenant)
    limit = ("limit", "1")
    page: dict[str, Any] = msgspec.json.decode(
        ask(bench, "GET", "/jobs", tenant="another", query=(limit,)).body
    )
    (job,) = page["jobs"]
    assert bench.job(job["id"], "another").tenant == "another"
    cursor = ("cursor", page["next"].rpartition("cursor=")[2])
    assert ask(bench, "GET", "/jobs", tenant="another", query=(limit, cursor)).status == 200
    assert ask(bench, "GET", "/jobs", tenant=TENANT, query=(limit, cursor)).status == 400


@pytest.mark.parametrize(
    ("context", "tenant"),
    [
        ({}, TENANT),
        ({"authorizer": {"tenant": "acme", "principalId": "ann"}}, "acme"),
        ({"authorizer": {"principalId": "ann@acme.example"}}, "ann@acme.example"),
    ],
)
def test_the_authorizer_says_whose_request_it_is(context: dict[str, Any], tenant: str) -> None:
    """Without one, everybody is the same.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    assert identity.tenant(context) == tenant


@pytest.mark.parametrize("name", ["", "a#b", "a b", "é", "a" * 65, "-", 7, None])
def test_an_authorizer_that_names_nobody_lets_nobody_in(name: Any) -> None:
    """Least of all as the tenant of those without an authorizer."""
    with pytest.raises(ProblemError) as refused:
        identity.tenant({"authorizer": {"tenant": name}})
    assert refused.value.type.slug == "forbidden"
