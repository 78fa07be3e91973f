"""Everything around a body that a client can get wrong, and what it is told: one table.

``test_pipeline_bad_input.py`` has the bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from chalicelib import clock, limits
from chalicelib.http import cursor
from chalicelib.jobs import ids

if TYPE_CHECKING:
    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response

GOOD = {"type": "echo", "input": 1}
KEY = "Idempotency-Key"


class Row(NamedTuple):
    """A request and its answer. In a path, ``{queued}`` is the id of a queued job and so on."""

    request: str
    status: int
    slug: str = ""
    headers: dict[str, str] | None = None
    json: Any = None


def bad_key(key: str) -> Row:
    return Row("POST /jobs", 400, "bad-header", headers={KEY: key}, json=GOOD)


def bad_query(request: str) -> Row:
    return Row(request, 400, "bad-query")


def bad_batch(value: Any) -> Row:
    return Row("POST /batches", 422, "invalid-input", json=value)


JUNK_ID = "01938f2e-7b3a-7c44-9d21-6f0e5a1b2c3d"

ROWS = [
    # idempotency keys
    *map(bad_key, ["", '""', "a b", "a" * 256, '"a', 'a"b', "é", "a\tb", "\x7f", '"a";b=1']),
    Row("POST /jobs", 202, headers={KEY: "a" * 255}, json=GOOD),
    Row("POST /jobs", 400, "bad-header", headers={KEY: "a", KEY.lower(): "a"}, json=GOOD),
    Row("POST /jobs", 400, "bad-header", headers={KEY: '"a"', KEY.lower(): '"b"'}, json=GOOD),
    Row("POST /jobs/{failed}/retry", 400, "bad-header", headers={KEY: " "}),
    Row("POST /jobs/{queued}/cancel", 200, headers={KEY: "ignored here"}),
    Row("POST /batches", 400, "bad-header", headers={KEY: "a"}, json={"jobs": [GOOD]}),
    # preferences are advice
    *(
        Row("POST /jobs", 202, headers={"Prefer": value}, json=GOOD)
        for value in ("wait=abc", "wait=-1", "wait=", "wait", ";;,,=", "wait=1.5", '"wait=5"')
    ),
    # ids
    *(
        Row(f"{method} /jobs/{text}{suffix}", 404, "not-found")
        for method, suffix in (
            ("GET", ""),
            ("GET", "/result"),
            ("POST", "/cancel"),
            ("POST", "/retry"),
            ("DELETE", ""),
        )
        for text in ("x", JUNK_ID, "{foreign}", "%7B" + JUNK_ID + "%7D", "a%2Fb", "%00")
    ),
    Row("GET /jobs/{QUEUED}", 200),
    *(
        Row(request, 410, "gone")
        for request in (
            "GET /jobs/{unrecorded}",
            "GET /jobs/{purged}",
            "GET /jobs/{purged}/result",
            "POST /jobs/{purged}/cancel",
            "POST /jobs/{purged}/retry",
            "DELETE /jobs/{unrecorded}",
        )
    ),
    # paths and methods
    *(
        Row(request, 404, "not-found")
        for request in (
            "GET /nothing",
            "POST /nothing/at/all",
            "GET /jobs/{queued}/",
            "GET /jobs/",
            "POST /jobs/",
            "GET /jobs/{queued}/results",
            "GET /jobs/a/b/c/d",
            "GET /favicon.ico",
            "GET /problems/no-such",
        )
    ),
    *(
        Row(request, 405, "method-not-allowed")
        for request in (
            "PUT /jobs",
            "DELETE /jobs",
            "PATCH /jobs/{queued}",
            "POST /jobs/{queued}",
            "GET /jobs/{queued}/cancel",
            "HEAD /jobs/{queued}/retry",
            "DELETE /jobs/{queued}/result",
            "GET /batches",
            "OPTIONS /jobs",
            "POST /healthz",
        )
    ),
    # content negotiation
    *(
        Row("GET /jobs/{queued}", 406, "not-acceptable", headers={"Accept": value})
        for value in (
            "image/png",
            "application/json;q=0",
            "application/json;q=0, text/html;q=0, */*",
            "*/*;q=0.0",
            "application/xml, image/*;q=0.5",
        )
    ),
    *(
        Row("GET /jobs/{queued}", 200, headers={"Accept": value})
        for value in (
            "",
            "*/*",
            "application/*",
            "Application/JSON; charset=utf-8",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "image/png, application/json;q=0.001",
        )
    ),
    Row("POST /jobs", 406, "not-acceptable", headers={"Accept": "image/png"}, json=GOOD),
    # conditions
    *(
        Row("GET /jobs/{queued}", status, headers={"If-None-Match": value})
        for value, status in (
            ("*", 304),
            ('W/"v1"', 304),
            ('"a", "v1"', 304),
            ('"v2"', 200),
            ("v1", 200),
        )
    ),
    # queries
    *map(
        bad_query,
        [
            "GET /jobs?limit=0",
            "GET /jobs?limit=101",
            "GET /jobs?limit=x",
            "GET /jobs?limit=",
            "GET /jobs?limit=-1",
            "GET /jobs?limit=1.0",
            "GET /jobs?limit=%D9%A3",
            "GET /jobs?limit=99999999999999999999",
            "GET /jobs?limit=1&limit=2",
            "GET /jobs?status=done",
            "GET /jobs?status=",
            "GET /jobs?status=purged",
            "GET /jobs?statsu=failed",
            "GET /jobs?cursor=",
            "GET /jobs?cursor=x",
            "GET /jobs?cursor=%F0%9F%98%80",
            "GET /jobs?cursor={foreign_cursor}",
            "GET /jobs?cursor={edited_cursor}",
            "GET /jobs?status=failed&cursor={cursor}",
            "GET /jobs/{queued}?wait=1",
            "GET /jobs/{queued}/result?follow=yes",
            "GET /jobs/{queued}/result?fllow=1",
            "POST /jobs/{queued}/cancel?now",
            "DELETE /jobs/{succeeded}?x=1",
            "POST /jobs?dry_run=1",
            "GET /problems/gone?x",
        ],
    ),
    Row("GET /jobs?cursor={cursor}", 200),
    Row("GET /healthz?a=1&b", 200),
    # the wrong moment
    Row("POST /jobs/{canceled}/cancel", 200),
    Row("POST /jobs/{succeeded}/cancel", 409, "job-finished"),
    Row("POST /jobs/{failed}/cancel", 409, "job-finished"),
    Row("DELETE /jobs/{queued}", 409, "job-not-finished"),
    Row("DELETE /jobs/{purged}", 204),
    Row("GET /jobs/{queued}/result", 202),
    Row("GET /jobs/{failed}/result", 409, "job-failed"),
    Row("GET /jobs/{canceled}/result", 409, "job-canceled"),
    Row("POST /jobs/{queued}/retry", 409, "job-not-finished"),
    Row("POST /jobs/{succeeded}/retry", 409, "input-not-retained"),
    Row("POST /jobs/{failed}/retry", 202),
    # batches
    *map(
        bad_batch,
        [
            [],
            {},
            1,
            {"jobs": {}},
            {"jobs": []},
            {"jobs": [GOOD] * 101},
            {"jobs": [GOOD], "more": 1},
            {"jobs": [{**GOOD, "key": ""}]},
            {"jobs": [{**GOOD, "key": "a b"}]},
            {"jobs": [{**GOOD, "key": 1}]},
            {"jobs": [1, GOOD | {"tags": 1}]},
        ],
    ),
    Row("POST /batches", 422, "unknown-type", json={"jobs": [{"type": "x", "input": 1}]}),
    Row("POST /batches", 202, json={"jobs": [{"type": "x"}, GOOD]}),
]


@pytest.fixture
def names(
    client: Client,
    emulator: Emulator,
    failing_task: str,
    tenant: str,
    job_id_key: bytes,
    request: pytest.FixtureRequest,
) -> dict[str, str]:
    """What the rows' paths name: a job in every state, ids and cursors."""
    row = request.node.callspec.params["row"] if hasattr(request.node, "callspec") else None
    if row and "{" not in row.request:
        return {}
    made = {
        "succeeded": submit(client, GOOD),
        "purged": submit(client, GOOD),
        "failed": submit(client, {**GOOD, "type": failing_task}),
    }
    emulator.run_until_idle()
    client.request("DELETE", f"/jobs/{made['purged']}")
    waiting = {**GOOD, "delay_seconds": 900}
    made["queued"], made["canceled"] = submit(client, waiting), submit(client, waiting)
    client.post(f"/jobs/{made['canceled']}/cancel")
    for name, owner in {"unrecorded": tenant, "foreign": "another"}.items():
        made[name] = ids.mint(job_id_key, owner, now_ms=clock.now_ms(), random_bits=7)
    mine = cursor.encode(job_id_key, made["queued"], list_of=f"tenant={tenant}")
    return {
        **made,
        "QUEUED": made["queued"].upper(),
        "cursor": mine,
        "edited_cursor": mine[:-3] + ("AAA" if mine[-3:] != "AAA" else "BBB"),
        "foreign_cursor": cursor.encode(job_id_key, made["queued"], list_of="tenant=another"),
    }


def submit(client: Client, body: Any) -> str:
    job_id: str = client.post("/jobs", json=body).json()["id"]
    return job_id


def send(client: Client, row: Row, names: dict[str, str]) -> Response:
    method, path = row.request.split(" ", 1)
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    return client.request(method, path, json=row.json, headers=row.headers)


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.request}-{row.headers or row.json}"[:70]
)
def test_every_mistake_around_a_body_has_its_answer(
    client: Client, names: dict[str, str], row: Row
) -> None:
    """A problem of the right kind, never a 500."""
    answer = send(client, row, names)
    assert answer.status_code == row.status, answer.text
    if not row.slug or row.request.startswith("HEAD"):
        return
    problem = answer.json()
    if "jobs" in problem:
        problem = problem["jobs"][0]["problem"]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
    assert problem["type"].rpartition("/")[2] == row.slug
    assert problem["instance"] == answer.headers["x-request-id"]


def test_foreign_ids_are_answered_as_unknown_ones_are(
    client: Client, names: dict[str, str]
) -> None:
    """To the byte, but for the request's id."""
    answers = [client.get(f"/jobs/{text}") for text in (names["foreign"], JUNK_ID)]
    first, second = (a.text.replace(a.headers["x-request-id"], "") for a in answers)
    assert first == second


def test_a_wait_is_capped_and_the_cap_is_told(client: Client) -> None:
    body = {**GOOD, "delay_seconds": 900}
    answer = client.post("/jobs", json=body, headers={"Prefer": "wait=1000000000"})
    assert "preference-applied" not in answer.headers
    answer = client.post("/jobs", json=body, headers={"Prefer": "wait=999999999"})
    assert answer.headers["preference-applied"] == f"wait={limits.WAIT_SECONDS_MAX}"
