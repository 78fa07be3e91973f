"""The Python client of ``examples/client`` against a scripted server, on a clock of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from accepted_client import (
    Client,
    Job,
    JobCanceledError,
    JobFailedError,
    NotFinishedError,
    RefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from accepted_client.__main__ import bar, main
from accepted_client.transport import Clock
from scripted_server import Scripted, ScriptedServer, scripted_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCEPTED = Scripted(202, {}, {"Location": "jobs/7"})
BUSY = Scripted(503, {"title": "busy"}, {"Retry-After": "3"})
LOST = Scripted(0)
QUEUED = Scripted(200, {"id": "7", "status": "queued"}, {"ETag": '"v1"', "Retry-After": "2"})
RUNNING = Scripted(200, {"id": "7", "status": "running"}, {"ETag": '"v2"', "Retry-After": "2"})
UNCHANGED = Scripted(304, None, {"ETag": '"v1"', "Retry-After": "2"})
DONE = {"id": "7", "status": "succeeded", "finished_at": "2026-01-01T00:00:00.000Z"}
SUCCEEDED = Scripted(200, {**DONE, "result": 42}, {"ETag": '"v3"'})


class FakeClock(Clock):
    """Moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as made:
        yield made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(server: ScriptedServer, clock: FakeClock) -> Client:
    return Client(f"{server.url}/v1/", clock=clock)


@pytest.fixture
def job(client: Client) -> Job:
    return client.job("7")


def held(answer: Scripted) -> Scripted:
    """The same from a server that held the request until something changed."""
    return answer._replace(headers={**answer.headers, "Preference-Applied": "wait=20"})


def test_submission_is_sent_again_with_its_key_until_it_is_accepted(
    client: Client, server: ScriptedServer, clock: FakeClock
) -> None:
    server.script = [LOST, BUSY, Scripted(429), Scripted(502), Scripted(504), ACCEPTED]

    job = client.submit("echo", {"text": "Zoë"}, tags={"order": "1138"})

    assert job.url == f"{server.url}/v1/jobs/7"
    assert {(a.path, a.body) for a in server.asked} == {("/v1/jobs", server.asked[0].body)}
    assert len({a.headers["idempotency-key"] for a in server.asked}) == 1
    assert json.loads(server.asked[0].body) == {
        "type": "echo",
        "input": {"text": "Zoë"},
        "tags": {"order": "1138"},
    }
    assert clock.slept[1] >= 3


def test_two_submissions_have_two_keys_and_a_given_one_is_used(
    client: Client, server: ScriptedServer
) -> None:
    server.script = [ACCEPTED] * 3
    for key in (None, None, "mine"):
        client.submit("echo", 1, idempotency_key=key)

    keys = [a.headers["idempotency-key"] for a in server.asked]
    assert len(set(keys)) == 3
    assert keys[2] == '"mine"'


def test_pauses_grow_and_end_when_the_time_is_over(
    client: Client, server: ScriptedServer, clock: FakeClock
) -> None:
    server.script = [LOST] * 100

    with pytest.raises(UnreachableError):
        client.submit("echo", 1)

    assert 0.1 <= clock.slept[0] <= 0.2
    assert max(clock.slept) <= 10
    assert 45 <= clock.seconds < 60
    assert len(server.asked) < 20


def test_error_says_why_there_was_no_answer(clock: FakeClock) -> None:
    with scripted_server() as closed:
        url = closed.url
    with pytest.raises(UnreachableError, match="refused"):
        Client(url, clock=clock).submit("echo", 1)


def test_pause_longer_than_the_time_left_is_not_begun(
    client: Client, server: ScriptedServer, clock: FakeClock
) -> None:
    """The error has what the server said last."""
    server.script = [Scripted(503, {"title": "closed"}, {"Retry-After": "9" * 400})]

    with pytest.raises(UnreachableError, match="closed"):
        client.submit("echo", 1)
    assert clock.slept == []


def test_retry_after_may_be_a_date(
    client: Client, server: ScriptedServer, clock: FakeClock
) -> None:
    """Compared with the server's own clock, not with ours.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    date = {"Date": "Thu, 01 Jan 2026 00:00:00 GMT", "Retry-After": "Thu, 01 Jan 2026 00:00:07 GMT"}
    server.script = [
        Scripted(503, None, date),
        Scripted(503, None, {"Retry-After": "soon"}),
        ACCEPTED,
    ]

    client.submit("echo", 1)

    assert clock.slept[0] == 7
    assert clock.slept[1] < 1


def test_refusal_is_raised_at_once_with_its_problem(client: Client, server: ScriptedServer) -> None:
    errors = [{"pointer": "/input/text", "detail": "Missing"}]
    problem = {"type": "problems/invalid-input", "title": "No", "detail": "So", "errors": errors}
    server.script = [Scripted(422, problem)]

    with pytest.raises(RefusedError, match="No: So; /input/text: Missing") as raised:
        client.submit("echo", 1)

    assert (raised.value.status, raised.value.slug) == (422, "invalid-input")
    assert raised.value.problem == problem
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html>413</html>", "^413 Request Entity Too Large$|^413 Content Too Large$"),
        ({"message": "Request Too Long"}, "413 .*: Request Too Long"),
        ([], "413"),
    ],
)
def test_refusal_in_another_form_is_told_by_its_status(
    client: Client, server: ScriptedServer, body: Any, text: str
) -> None:
    """A proxy answers in HTML, API Gateway with a message."""
    server.script = [Scripted(413, body)]

    with pytest.raises(RefusedError, match=text) as raised:
        client.submit("echo", 1)
    assert raised.value.slug == "about:blank"


@pytest.mark.parametrize("location", ["jobs/7", "./jobs/7", "/v1/jobs/7", "//{host}/v1/jobs/7"])
def test_location_is_resolved_against_the_url_that_answered(
    client: Client, server: ScriptedServer, location: str
) -> None:
    """https://www.rfc-editor.org/rfc/rfc3986#section-5"""
    host = server.url.removeprefix("http://")
    server.script = [Scripted(202, {}, {"Location": location.format(host=host)})]
    assert client.submit("echo", 1).url == f"{server.url}/v1/jobs/7"


@pytest.mark.parametrize("body", [b"<html>", [], {"status": "no", "jobs": None}])
def test_answer_of_something_else_is_not_taken_for_the_api_s(
    client: Client, server: ScriptedServer, body: Any
) -> None:
    """Such as the page of another program at that address."""
    server.script = [Scripted(200, body), Scripted(200, b"<html>"), Scripted(200, [])]
    with pytest.raises(UnexpectedAnswerError, match="without Location"):
        client.submit("echo", 1)
    with pytest.raises(UnexpectedAnswerError, match="JSON"):
        client.job("7").status()
    with pytest.raises(UnexpectedAnswerError, match="list of jobs"):
        next(client.jobs())


@pytest.mark.parametrize("status", [301, 307, 308])
def test_submission_is_never_taken_elsewhere(
    client: Client, server: ScriptedServer, status: int
) -> None:
    """What the standard library follows with a GET finds a page, not a new job."""
    server.script = [Scripted(status, None, {"Location": "/elsewhere"}), Scripted(200, b"<html>")]
    with pytest.raises(UnexpectedAnswerError):
        client.submit("echo", 1)


def test_secret_headers_do_not_follow_a_redirect(server: ScriptedServer, clock: FakeClock) -> None:
    client = Client(server.url, headers={"Authorization": "secret"}, clock=clock)
    server.script = [Scripted(303, None, {"Location": f"{server.url}/elsewhere"}), SUCCEEDED]

    assert client.job("7").status()["result"] == 42
    assert [a.headers.get("authorization") for a in server.asked] == ["secret", None]


def test_waiting_asks_the_server_to_hold_the_request_until_the_end(
    job: Job, server: ScriptedServer, clock: FakeClock
) -> None:
    """And does not ask for what changes on the way: each would be an answer of its own."""
    server.script = [held(RUNNING), held(RUNNING), SUCCEEDED]

    assert job.result() == 42

    asked = [(a.headers["prefer"], a.headers.get("if-none-match")) for a in server.asked]
    assert asked == [("wait=20", None)] * 3
    assert sum(clock.slept) <= 1


def test_waiting_with_progress_asks_for_each_change(
    job: Job, server: ScriptedServer, clock: FakeClock
) -> None:
    """First for how the job stands, and at once after a change, so nothing is learned late."""
    server.script = [QUEUED, held(RUNNING), SUCCEEDED]

    assert job.result(progress=lambda document: None) == 42

    asked = [(a.headers.get("prefer"), a.headers.get("if-none-match")) for a in server.asked]
    assert asked == [(None, None), ("wait=20", '"v1"'), ("wait=20", '"v2"')]
    assert sum(clock.slept) == 0


def test_waiting_goes_by_retry_after_where_requests_are_not_held(
    job: Job, server: ScriptedServer, clock: FakeClock
) -> None:
    """A server that does hold them is asked once a second at most."""
    server.script = [QUEUED, UNCHANGED, held(UNCHANGED), SUCCEEDED]

    assert job.result() == 42
    assert clock.slept == [2, 2, 1]


def test_waiting_outlives_lost_answers(job: Job, server: ScriptedServer) -> None:
    server.script = [LOST, QUEUED, BUSY, LOST, SUCCEEDED]
    assert job.result() == 42


def test_waiting_ends_when_the_time_is_over_with_a_last_look(
    job: Job, server: ScriptedServer, clock: FakeClock
) -> None:
    """The job goes on, and the error knows how it stood."""
    server.script = [QUEUED, UNCHANGED, UNCHANGED]

    with pytest.raises(NotFinishedError, match="still queued") as raised:
        job.result(3.5)

    assert clock.seconds == 3.5
    assert len(server.asked) == 3
    assert isinstance(raised.value, TimeoutError)
    assert raised.value.document["id"] == "7"
    assert [a.headers.get("prefer") for a in server.asked] == ["wait=3", "wait=1", None]


def test_progress_is_told_once_for_each_change(job: Job, server: ScriptedServer) -> None:
    half = Scripted(200, {"id": "7", "status": "running", "progress": 0.5})
    server.script = [QUEUED, UNCHANGED, RUNNING, RUNNING, half, SUCCEEDED]
    seen: list[Any] = []

    job.result(progress=lambda document: seen.append(document["status"]))

    assert seen == ["queued", "running", "running", "succeeded"]


def test_large_result_is_fetched_from_its_own_address(job: Job, server: ScriptedServer) -> None:
    server.script = [Scripted(200, DONE), Scripted(200, [1, 2])]
    assert job.result() == [1, 2]
    assert server.asked[1].path == "/v1/jobs/7/result"


def test_result_null_is_a_result(job: Job, server: ScriptedServer) -> None:
    server.script = [Scripted(200, {**DONE, "result": None})]
    assert job.result() is None
    assert len(server.asked) == 1


def test_job_that_failed_is_an_error_with_the_reason(job: Job, server: ScriptedServer) -> None:
    error = {"type": "../problems/attempts-exhausted", "title": "No attempt", "detail": "3 times"}
    server.script = [Scripted(200, {**DONE, "status": "failed", "error": error})]

    with pytest.raises(JobFailedError, match="No attempt: 3 times") as raised:
        job.result()
    assert raised.value.slug == "attempts-exhausted"


def test_canceling_posts_and_a_canceled_job_is_an_error(job: Job, server: ScriptedServer) -> None:
    canceled = {**DONE, "status": "canceled"}
    server.script = [Scripted(202, {"id": "7", "status": "canceling"}), Scripted(200, canceled)]

    assert job.cancel()["status"] == "canceling"
    assert server.asked[0].method == "POST"
    assert server.asked[0].path == "/v1/jobs/7/cancel"
    with pytest.raises(JobCanceledError, match="job 7 was canceled"):
        job.result()


def test_list_goes_on_page_by_page(client: Client, server: ScriptedServer) -> None:
    server.script = [
        Scripted(200, {"jobs": [{"id": "2"}], "next": "jobs?cursor=x&status=failed"}),
        Scripted(200, {"jobs": [{"id": "1"}]}),
    ]
    assert [document["id"] for document in client.jobs(status="failed")] == ["2", "1"]
    paths = [a.path for a in server.asked]
    assert paths == ["/v1/jobs?status=failed", "/v1/jobs?cursor=x&status=failed"]


@pytest.mark.parametrize("address", ["localhost:8000", "file:///etc", ""])
def test_address_without_a_scheme_is_refused_before_anything_is_tried(address: str) -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        Client(address)


def test_input_that_json_cannot_say_is_refused_before_it_is_sent(
    client: Client, server: ScriptedServer
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        client.submit("echo", float("nan"))
    assert server.asked == []


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"status": "queued"}, "[" + "." * 30 + "]   0%  queued"),
        (
            {"status": "running", "progress": 0.5, "attempt": 2},
            "[" + "#" * 15 + "." * 15 + "]  50%  running, attempt 2",
        ),
        ({"status": "succeeded", "attempt": 1}, "[" + "#" * 30 + "] 100%  succeeded"),
        ({"status": "failed", "progress": 7.0}, "[" + "#" * 30 + "] 100%  failed"),
    ],
)
def test_bar_shows_share_and_status(document: Any, line: str) -> None:
    assert bar(document) == line


def test_command_prints_the_result_and_draws_where_it_is_asked_to(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = [ACCEPTED, held(QUEUED), SUCCEEDED]

    code = main(["--url", server.url, "submit", "echo", "42", "--tag", "a=b", "--progress"])

    shown = capsys.readouterr()
    assert (code, shown.out) == (0, "42\n")
    assert [line.split()[-1] for line in shown.err.splitlines()[1:]] == ["queued", "succeeded"]
    assert json.loads(server.asked[0].body)["tags"] == {"a": "b"}


@pytest.mark.parametrize("arguments", [["status", "7"], ["cancel", "7"], ["result", "7"]])
def test_command_takes_up_a_job_by_its_id(
    server: ScriptedServer, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = [SUCCEEDED]
    assert main(["--url", server.url, *arguments]) == 0
    assert "42" in capsys.readouterr().out


def test_command_reads_its_input_from_a_file(server: ScriptedServer, tmp_path: Path) -> None:
    server.script = [ACCEPTED]
    (tmp_path / "input.json").write_text('{"a": 1}')
    file = f"@{tmp_path / 'input.json'}"
    assert main(["--url", server.url, "submit", "echo", file, "--no-wait"]) == 0
    assert json.loads(server.asked[0].body)["input"] == {"a": 1}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["submit", "echo", "{"], "the input is not JSON"),
        (["submit", "echo", "@/nowhere/at/all"], "No such file"),
        (["status", "7"], "the script is over"),
        (["--url", "localhost:8000", "list"], "must begin with http"),
    ],
)
def test_command_says_in_one_line_what_is_wrong(
    server: ScriptedServer, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", server.url, *arguments]) == 1
    shown = capsys.readouterr()
    assert text in shown.err
    assert (shown.out, len(shown.err.splitlines())) == ("", 1)
