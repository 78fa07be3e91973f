"""What the HTTP API promises beside a job's life: keys, waiting, lists, batches, HEAD, links."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
from chalice.test import Client as StockClient

from chalicelib import bootstrap
from chalicelib.task import TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.config import Config

    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response

GOOD = {"type": "echo", "input": {"a": 1, "b": [1.5]}}
DELAYED = {**GOOD, "delay_seconds": 2}


def submit(client: Client, body: Any = GOOD, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/jobs", json=body, headers=named)


def path_of(answer: Response) -> str:
    return urllib.parse.urljoin("/jobs", answer.headers["location"])


@pytest.fixture
def define(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], Any]], None]:
    """Makes a function of the context the task called ``test``."""
    bootstrap.service()

    def define(function: Callable[[Any], Any]) -> None:
        task = Task("test", object, lambda value, context: function(context))
        monkeypatch.setitem(TASKS, "test", task)

    return define


# --- idempotency keys -----------------------------------------------------------------------------


def test_a_replay_is_the_same_202_with_the_job_as_it_stands(
    client: Client, emulator: Emulator
) -> None:
    """Before, while and after it runs; never 409."""
    first = submit(client, DELAYED, idempotency_key="k")
    again = submit(client, DELAYED, idempotency_key="k")
    emulator.run_until_idle()
    late = submit(client, DELAYED, idempotency_key="k")
    assert {first.headers["location"]} == {a.headers["location"] for a in (again, late)}
    assert [a.status_code for a in (first, again, late)] == [202, 202, 202]
    assert [a.json()["status"] for a in (first, again, late)] == ["queued", "queued", "succeeded"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == late.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("first", "second"),
    [("abc", '"abc"'), ('"abc"', "abc"), ("abc", "  abc "), (r"a\b", r'"a\\b"')],
)
def test_a_key_is_the_same_bare_and_quoted(client: Client, first: str, second: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc8941#name-strings"""
    made = submit(client, idempotency_key=first)
    again = submit(client, idempotency_key=second)
    assert again.headers["location"] == made.headers["location"]


@pytest.mark.parametrize(
    ("body", "same"),
    [
        (b'{ "input":{"b":[1.50],"a":1} ,"type":"echo"}', True),
        (b'{"type":"echo","input":{"a":1,"b":[15e-1]},"max_attempts":3,"tags":{}}', True),
        (b'{"type":"echo","input":{"a":1.0,"b":[1.5]}}', False),
        (b'{"type":"echo","input":{"a":1,"b":[1.5]},"delay_seconds":1}', False),
    ],
)
def test_requests_are_the_same_if_their_json_means_the_same(
    client: Client, body: bytes, same: bool
) -> None:
    """Another request with the key is 422, and leads to the job that the key made."""
    made = submit(client, idempotency_key="k")
    headers = {"content-type": "application/json", "idempotency-key": "k"}
    again = client.post("/jobs", body=body, headers=headers)
    if same:
        assert again.headers["location"] == made.headers["location"]
    else:
        assert again.status_code == 422
        assert again.json()["type"] == "problems/idempotency-key-reused"
        assert again.json()["job"] == made.headers["location"]


def test_a_key_is_forgotten_after_a_day(client: Client, emulator: Emulator) -> None:
    """To the second; DynamoDB deletes expired items only within days, so the write compares."""
    made = submit(client, idempotency_key="k")
    emulator.clock.advance(86_399)  # type: ignore[attr-defined]
    within = submit(client, idempotency_key="k")
    emulator.clock.advance(1)  # type: ignore[attr-defined]
    after = submit(client, idempotency_key="k")
    assert within.headers["location"] == made.headers["location"]
    assert after.headers["location"] != made.headers["location"]
    assert "idempotency-replayed" not in after.headers


def test_a_refused_request_does_not_use_up_its_key(client: Client) -> None:
    """Correct it and use the same key."""
    assert submit(client, {"type": "echo"}, idempotency_key="k").status_code == 422
    assert submit(client, idempotency_key="k").status_code == 202


def test_the_key_of_a_deleted_job_is_410(client: Client, emulator: Emulator) -> None:
    """It does not make the job again in secret."""
    path = path_of(submit(client, idempotency_key="k"))
    emulator.run_until_idle()
    assert client.request("DELETE", path).status_code == 204
    assert submit(client, idempotency_key="k").status_code == 410


def test_doing_again_has_keys_of_its_own(
    client: Client, emulator: Emulator, failing_task: str
) -> None:
    """The same key for submitting and doing again is two keys; repeating makes one job."""
    path = path_of(submit(client, {"type": failing_task, "input": 1}, idempotency_key="k"))
    emulator.run_until_idle()
    retries = [client.post(f"{path}/retry", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert retries[0].status_code == 202
    assert len({retry.headers["location"] for retry in retries}) == 1
    assert retries[1].headers["idempotency-replayed"] == "true"


# --- waiting --------------------------------------------------------------------------------------


def test_a_post_that_waits_is_200_with_the_result(client: Client) -> None:
    """The worker runs while the route waits; the answer says which job it shows."""
    answer = submit(client, prefer="wait=5")
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.json()["result"] == GOOD["input"]
    assert answer.headers["content-location"] == answer.headers["location"]
    assert answer.headers["preference-applied"] == "wait=5"
    assert answer.headers["cache-control"] == "private, max-age=60"


def test_a_post_that_waits_in_vain_is_the_usual_202(client: Client, emulator: Emulator) -> None:
    """After as long as it was asked to wait."""
    started_ms = emulator.clock.now_ms()
    answer = submit(client, DELAYED, prefer="respond-async, wait=1, return=minimal")
    assert emulator.clock.now_ms() - started_ms == 1_000
    assert (answer.status_code, set(answer.json())) == (202, {"id", "status", "links"})
    assert answer.headers["preference-applied"] == "wait=1, respond-async, return=minimal"


def test_a_get_that_waits_answers_at_the_end(client: Client, emulator: Emulator) -> None:
    path = path_of(submit(client, DELAYED))
    started_ms = emulator.clock.now_ms()
    job = client.get(path, headers={"Prefer": "wait=10, wait=1"}).json()
    assert job["status"] == "succeeded"
    assert 2_000 <= emulator.clock.now_ms() - started_ms <= 3_000


def test_a_get_that_waits_and_knows_the_job_answers_at_the_first_change(
    client: Client, emulator: Emulator, define: Callable[..., None]
) -> None:
    """Though the job goes on; or 304 when the time is over."""
    define(lambda context: 1 / 0)
    path = path_of(submit(client, {"type": "test", "input": 1, "delay_seconds": 2}))
    known = {"If-None-Match": '"v1"', "Prefer": "wait=1"}
    unchanged = client.get(path, headers=known)
    assert (unchanged.status_code, unchanged.headers["preference-applied"]) == (304, "wait=1")
    changed = client.get(path, headers={**known, "Prefer": "wait=20"})
    assert (changed.status_code, changed.json()["status"]) == (200, "running")
    assert emulator.clock.now_ms() % 60_000 <= 3_000


def test_a_result_is_reached_by_following_redirects_alone(
    client: Client, emulator: Emulator
) -> None:
    """Each is held as long as a request can be."""
    path = path_of(submit(client, {**GOOD, "delay_seconds": 50})) + "/result?follow=1"
    started_ms = emulator.clock.now_ms()
    hops = 0
    while (answer := client.get(path)).status_code == 303:
        path, hops = urllib.parse.urljoin(path, answer.headers["location"]), hops + 1
    assert (answer.status_code, answer.json(), hops) == (200, GOOD["input"], 2)
    assert 50_000 <= emulator.clock.now_ms() - started_ms <= 51_000


def test_an_operator_can_turn_waiting_off(
    client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held request occupies a function; clients see that they were not waited for."""
    monkeypatch.setenv("WAIT_SECONDS_MAX", "0")
    bootstrap.service.cache_clear()
    try:
        answer = submit(client, prefer="wait=5")
        followed = client.get(f"{path_of(answer)}/result?follow=1")
    finally:
        bootstrap.service.cache_clear()
    assert (answer.status_code, followed.status_code) == (202, 202)
    assert "preference-applied" not in {**answer.headers, **followed.headers}


# --- lists ----------------------------------------------------------------------------------------


def pages(client: Client, query: str) -> list[list[str]]:
    """The ids of every page, by following ``next``."""
    found, path = [], f"/jobs{query}"
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found.append([job["id"] for job in page["jobs"]])
        linked = f'<{page.get("next")}>; rel="next"' if "next" in page else None
        assert answer.headers.get("link") == linked
        path = urllib.parse.urljoin("/jobs", page["next"]) if "next" in page else ""
    return found


def test_a_list_shows_every_job_once_the_newest_first(client: Client, emulator: Emulator) -> None:
    """In pages of the size that was asked for, however they divide."""
    made = []
    for _ in range(6):
        made.append(submit(client).json()["id"])
        emulator.clock.advance(1)  # type: ignore[attr-defined]
    newest = made[::-1]
    assert pages(client, "?limit=3") == [newest[:3], newest[3:]]
    assert pages(client, "?limit=4") == [newest[:4], newest[4:]]
    assert pages(client, "") == [newest]


def test_a_list_can_be_of_one_status_and_type(client: Client, emulator: Emulator) -> None:
    """As jobs stand when they are listed, also those past a deadline that nobody looked at."""
    done = submit(client).json()["id"]
    emulator.run_until_idle()
    late = submit(client, {**GOOD, "delay_seconds": 60, "deadline_seconds": 61}).json()["id"]
    emulator.clock.advance(61)  # type: ignore[attr-defined]
    waits = submit(client, {**GOOD, "type": "demo.slow", "input": {}}).json()["id"]
    assert pages(client, "?status=succeeded") == [[done]]
    assert pages(client, "?status=failed&type=echo") == [[late]]
    # what comes behind a full page is not known before it is read
    assert pages(client, "?type=demo.slow&limit=1") == [[waits], []]
    assert pages(client, "?status=canceled") == [[]]


def test_a_list_leaves_out_what_is_gone(client: Client, emulator: Emulator) -> None:
    deleted, expired = path_of(submit(client)), submit(client)
    emulator.run_until_idle()
    client.request("DELETE", deleted)
    assert pages(client, "") == [[expired.json()["id"]]]
    emulator.clock.advance(7 * 86_400)  # type: ignore[attr-defined]
    assert pages(client, "") == [[]]


# --- batches --------------------------------------------------------------------------------------


def test_a_batch_accepts_what_it_can(client: Client, emulator: Emulator) -> None:
    """Each entry with a status of its own, in order; the good ones run."""
    body = {"jobs": [GOOD, {"type": "echo"}, {**GOOD, "key": "k"}, {**GOOD, "key": "k"}]}
    answer = client.post("/batches", json=body)
    entries = answer.json()["jobs"]
    assert answer.status_code == 202
    assert [entry["status"] for entry in entries] == [202, 422, 202, 202]
    assert entries[1]["problem"]["errors"] == [
        {"pointer": "/input", "detail": "Required, but missing"}
    ]
    assert entries[2]["job"]["id"] == entries[3]["job"]["id"]
    assert ("replayed" in entries[2], entries[3]["replayed"]) == (False, True)
    emulator.run_until_idle()
    paths = {urllib.parse.urljoin("/batches", entries[n]["job"]["links"]["self"]) for n in (0, 2)}
    assert [client.get(path).json()["result"] for path in paths] == [GOOD["input"]] * 2


def test_a_batch_of_a_hundred_is_queued_in_tens(client: Client, emulator: Emulator) -> None:
    """Ten messages in one request are SQS's limit."""
    answer = client.post("/batches", json={"jobs": [{**GOOD, "input": n} for n in range(100)]})
    assert [entry["status"] for entry in answer.json()["jobs"]] == [202] * 100
    emulator.run_until_idle()
    assert len(client.get("/jobs?status=succeeded&limit=100").json()["jobs"]) == 100


def test_a_key_makes_one_job_alone_and_in_a_batch(client: Client) -> None:
    """So a client may fall back from one to the other."""
    alone = submit(client, idempotency_key="k").json()["id"]
    (entry,) = client.post("/batches", json={"jobs": [{**GOOD, "key": "k"}]}).json()["jobs"]
    assert (entry["job"]["id"], entry["replayed"]) == (alone, True)


def test_an_entry_of_a_batch_has_at_most_256_kib(client: Client) -> None:
    """As alone; the whole may be larger."""
    jobs = [{"type": "echo", "input": "a" * size} for size in (200_000, 262_144, 200_000)]
    entries = client.post("/batches", json={"jobs": jobs}).json()["jobs"]
    assert [entry["status"] for entry in entries] == [202, 413, 202]
    assert client.post("/batches", json={"jobs": [jobs[0]] * 5}).status_code == 413


# --- HEAD and links -------------------------------------------------------------------------------


def test_head_is_get_without_the_body(client: Client, emulator: Emulator) -> None:
    path = path_of(submit(client))
    emulator.run_until_idle()
    for one in (path, f"{path}/result", "/jobs", "/healthz"):
        head, get = client.request("HEAD", one), client.get(one)
        own = {"x-request-id", "x-amzn-requestid", "content-length"}
        assert {k: v for k, v in head.headers.items() if k not in own} == {
            k: v for k, v in get.headers.items() if k not in own
        }
        assert (head.status_code, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(get.body))
    known = client.request("HEAD", path, headers={"If-None-Match": '"v3"'})
    assert known.status_code == 304


def test_links_show_what_can_be_done_and_can_be_followed(
    client: Client, emulator: Emulator, failing_task: str
) -> None:
    """Resolved against the answer they stand in."""
    path = path_of(submit(client, {"type": failing_task, "input": 1, "delay_seconds": 2}))
    assert set(client.get(path).json()["links"]) == {"self", "result", "cancel"}
    emulator.run_until_idle()
    links = client.get(path).json()["links"]
    assert set(links) == {"self", "retry"}
    retried = client.post(urllib.parse.urljoin(path, links["retry"]))
    assert retried.status_code == 202
    new_path = urllib.parse.urljoin(f"{path}/retry", retried.headers["location"])
    retry_of = client.get(new_path).json()["retry_of"]
    assert urllib.parse.urljoin(new_path, retry_of) == path


def test_an_answer_says_what_it_depends_on(client: Client) -> None:
    """So that a cache does not give one client's form to another."""
    path = path_of(submit(client))
    for one in (path, f"{path}/result", "/jobs"):
        assert client.get(one).headers["vary"] == "Accept, Prefer"


def test_the_app_answers_without_the_emulator_in_front(
    emulator: Emulator, chalice_config: Config
) -> None:
    """Chalice's own local server and test client hand over each header once."""
    with StockClient(chalice_config.chalice_app) as stock:
        body = b'{"type": "echo", "input": {}}'
        headers = {"Content-Type": "application/json"}
        accepted = stock.http.post("/jobs", headers=headers, body=body)

    assert accepted.status_code == 202
