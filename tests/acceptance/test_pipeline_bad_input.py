"""What clients send that is not right, and what each is told: always problem+json, never a 500."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response

JSON = {"content-type": "application/json"}
GOOD = {"type": "echo", "input": 1}


def post(client: Client, body: bytes, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/jobs", body=body, headers={**JSON, **named})


def refused(answer: Response, status: int, slug: str) -> dict[str, Any]:
    """The answer's body, once it is the problem that was expected."""
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert problem["type"].endswith(f"problems/{slug}")
    assert (problem["status"], problem["instance"]) == (status, answer.headers["x-request-id"])
    return problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"type":"echo","input":1} {}',
        b'{"type":"echo","input":"\xff"}',
        b'{"type":"echo","input":NaN}',
        b'{"type":"echo","input":-Infinity}',
        b'{"type":"echo","input":1e400}',
        b'{"type":"echo","input":' + b"9" * 5_000 + b"}",
        b'{"type":"echo","type":"echo","input":1}',
        b'{"type":"echo","input":{"a":1,"a":1}}',
        rb'{"type":"echo","input":"\ud800"}',
        b"[" * 200_000,
        b'{"type":"echo","input":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_malformed_json_is_400(client: Client, emulator: Emulator, body: bytes) -> None:
    """And nothing is recorded or queued."""
    refused(post(client, body), 400, "malformed-json")
    assert emulator.status()["tables"]["accepted-jobs"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"type":"echo","input":1}',
        b'{"type":"echo","input":12345678901234567890}',
        rb'{"type":"echo","input":"\u0000"}',
        b'{"type":"echo","input":"\xef\xbf\xbf"}',
        b' {"input" : null, "type" : "echo" } \n',
    ],
    ids=repr,
)
def test_odd_but_right_json_is_accepted(client: Client, emulator: Emulator, body: bytes) -> None:
    """And comes back as it was sent."""
    accepted = post(client, body)
    assert accepted.status_code == 202
    emulator.run_until_idle()
    result = client.get(f"/{accepted.headers['location']}/result")
    assert json.loads(result.body) == json.loads(body.decode("utf-8-sig"))["input"]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/json; charset=latin1",
        "json",
        "application/+json",
        "text/json",
    ],
)
def test_what_does_not_say_it_is_json_is_415(client: Client, content_type: str) -> None:
    """A form on another site can send no more than these."""
    answer = client.post(
        "/jobs",
        body=json.dumps(GOOD).encode(),
        headers={"content-type": content_type} if content_type else {},
    )
    assert "application/json" in refused(answer, 415, "unsupported-media-type")["accepts"]
    assert answer.headers["accept-post"] == "application/json"


@pytest.mark.parametrize(
    "content_type",
    [
        "Application/JSON",
        "application/vnd.acme+json",
        "application/json;charset=UTF-8",
        'application/json ; charset="utf-8"',
        "application/json; version=1",
    ],
)
def test_every_way_to_say_json_is_accepted(client: Client, content_type: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#name-media-type"""
    answer = post(client, json.dumps(GOOD).encode(), content_type=content_type)
    assert answer.status_code == 202


def test_an_encoded_body_is_415(client: Client) -> None:
    """The only encoding is named."""
    answer = post(client, b"\x1f\x8b\x08\x00", content_encoding="gzip")
    assert "identity" in refused(answer, 415, "unsupported-media-type")["detail"]


@pytest.mark.parametrize(("size", "status"), [(262_144, 202), (262_145, 413)])
def test_a_body_has_at_most_256_kib(client: Client, size: int, status: int) -> None:
    """To the byte."""
    text = b'{"type":"echo","input":"%s"}'
    body = text % (b"a" * (size - len(text) + 2))
    answer = post(client, body)
    assert (len(body), answer.status_code) == (size, status)
    if status == 413:
        problem = refused(answer, 413, "body-too-large")
        assert (problem["limit"], problem["actual"]) == (262_144, size)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], [""]),
        ("x", [""]),
        (1, [""]),
        (None, [""]),
        ({"input": 1}, ["/type"]),
        ({"type": "echo"}, ["/input"]),
        ({"type": 1, "input": 1}, ["/type"]),
        ({"type": "", "input": 1}, ["/type"]),
        ({"type": "text.statistics", "input": {"text": 1}}, ["/input/text"]),
        ({"type": "text.statistics", "input": []}, ["/input"]),
        ({"type": "text.statistics", "input": {"txt": ""}}, ["/input/txt", "/input/text"]),
        ({**GOOD, "a/b~c": 1}, ["/a~1b~0c"]),
        *(
            ({**GOOD, "deadline_seconds": n}, ["/deadline_seconds"])
            for n in (0, -1, "60", 1.5, True, 604_801, 10**30, None)
        ),
        *(({**GOOD, "delay_seconds": n}, ["/delay_seconds"]) for n in (-1, 901, "1")),
        ({**GOOD, "delay_seconds": 60, "deadline_seconds": 60}, ["/delay_seconds"]),
        *(({**GOOD, "max_attempts": n}, ["/max_attempts"]) for n in (0, 11)),
        ({**GOOD, "tags": []}, ["/tags"]),
        ({**GOOD, "tags": {"a": 1, "b": "", "c": {}}}, ["/tags/a", "/tags/c"]),
        ({**GOOD, "tags": {str(n): "" for n in range(11)}}, ["/tags"]),
        ({**GOOD, "tags": {"é" * 33: ""}}, ["/tags"]),
        ({**GOOD, "tags": {"": ""}}, ["/tags"]),
        ({**GOOD, "tags": {"a": "é" * 129}}, ["/tags/a"]),
        (
            {"typ": "echo", "max_attempts": 0, "tags": {"a": 1}},
            ["/typ", "/type", "/input", "/max_attempts", "/tags/a"],
        ),
        (
            {"type": "text.statistics", "input": {}, "max_attempts": 0},
            ["/max_attempts", "/input/text"],
        ),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_all_that_does_not_fit_is_told_at_once(
    client: Client, body: Any, pointers: list[str]
) -> None:
    """422, each error with where it is."""
    answer = post(client, json.dumps(body).encode())
    problem = refused(answer, 422, "invalid-input")
    assert [error["pointer"] for error in problem["errors"]] == pointers


def test_twenty_errors_are_enough(client: Client) -> None:
    """However many there are."""
    answer = post(client, json.dumps({**GOOD, **{f"m{n}": 1 for n in range(9_000)}}).encode())
    assert len(refused(answer, 422, "invalid-input")["errors"]) == 20


def test_a_mistyped_member_is_recognised(client: Client) -> None:
    """The right one is named."""
    answer = post(client, json.dumps({**GOOD, "max_atempts": 1}).encode())
    (error,) = refused(answer, 422, "invalid-input")["errors"]
    assert 'did you mean "max_attempts"' in error["detail"]


def test_an_unknown_type_is_told_which_there_are(client: Client) -> None:
    """Its input cannot be checked then."""
    answer = post(client, b'{"type":"text.wordcount","input":1}')
    types = refused(answer, 422, "unknown-type")["types"]
    assert {"echo", "text.statistics", "csv.profile", "demo.slow"} <= set(types)


@pytest.mark.parametrize("path", ["/jobs/x", "/jobs/01938f2e-7b3a-7c44-9d21-6f0e5a1b2c3d"])
def test_an_id_that_was_not_made_here_is_404(client: Client, path: str) -> None:
    """The same words for junk and for a well-formed id."""
    for suffix in ("", "/result"):
        assert refused(client.get(path + suffix), 404, "not-found")["title"] == "Not found"


@pytest.mark.parametrize("path", ["/jobs/x?wait=1", "/jobs/x/result?follow", "/healthz?a=1&b"])
def test_a_query_that_does_not_exist_is_400(client: Client, path: str) -> None:
    """A typing error must not pass in silence; the health check does not care."""
    answer = client.get(path)
    if path.startswith("/healthz"):
        assert answer.status_code == 200
    else:
        refused(answer, 400, "bad-query")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/jobs"), ("PUT", "/jobs/x")])
def test_a_wrong_method_is_405_with_those_allowed(client: Client, method: str, path: str) -> None:
    """As a problem, not in Chalice's own words."""
    answer = client.request(method, path)
    problem = refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == ", ".join(problem["allow"])


def test_a_bug_of_ours_is_500_and_tells_nothing_but_the_request_s_id(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the rest."""
    monkeypatch.setattr("chalicelib.http.http_message.json_body", lambda request: 1 / 0)
    answer = post(client, b"{}")
    problem = refused(answer, 500, "internal")
    assert "division" not in answer.text
    assert problem["instance"] in problem["detail"]
