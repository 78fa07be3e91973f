"""The strict HTTP server: framing, limits, keep-alive, refusals, ends."""

from __future__ import annotations

import json
import socket
import threading
from email.message import Message
from typing import TYPE_CHECKING, NamedTuple

import pytest

from emulator.http import server as http_server
from emulator.http.message import Request, Response, refusal
from emulator.http.server import Server, client_is_gone, listen

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_BYTES = 1000
MARKER = b"GET /marker HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Echo:
    """Answers with what it was asked."""

    body_bytes_max = LIMIT_BYTES
    header_bytes_max = 2000

    def refuse(self, target: str, headers: Message) -> str | None:
        return headers.get("X-Refuse")

    def respond(self, request: Request) -> Response:
        if request.target == "/crash":
            raise RuntimeError("the application failed")
        if request.target == "/empty":
            return Response(204, [("X-Kind", "empty")])
        if request.target == "/header":
            return Response(200, [("X-Split", "a\r\nX-Injected: b"), ("X-Name", "Zoë")])
        content = {
            "method": request.method,
            "target": request.target,
            "body": request.body.decode(),
        }
        return Response(200, [("Content-Type", "application/json")], json.dumps(content).encode())

    def crashed(self, request: Request, error: BaseException) -> Response:
        return Response(500, [], f"{request.target}: {error}".encode())


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """A raw connection, so that a test says every byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, *, bodiless: bool = False) -> Answer:
        status = int(self._file.readline().split()[1])
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode()
        length = 0 if bodiless else int(headers.get("content-length", "0"))
        return Answer(status, headers, self._file.read(length))

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.answer()

    def is_closed(self) -> bool:
        return self._file.read(1) == b""

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def port() -> Iterator[int]:
    server = Server(listen("127.0.0.1", 0), Echo())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def connection(port: int) -> Iterator[Connection]:
    made = Connection(port)
    yield made
    made.close()


def request(head: str = "", body: bytes = b"", line: str = "POST /a?b=1 HTTP/1.1") -> bytes:
    extra = f"{head}\r\n" if head else ""
    return f"{line}\r\nHost: localhost\r\n{extra}\r\n".encode() + body


def test_connection_serves_one_request_after_another(connection: Connection) -> None:
    for text in (b"one", b"two"):
        answer = connection.ask(request(f"Content-Length: {len(text)}", text))
        assert json.loads(answer.body) == {
            "method": "POST",
            "target": "/a?b=1",
            "body": text.decode(),
        }


def test_chunked_body_is_put_together_and_its_trailers_are_dropped(connection: Connection) -> None:
    chunks = b"3;name=value\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    answer = connection.ask(request("Transfer-Encoding: chunked", chunks))
    assert json.loads(answer.body)["body"] == "abcde"
    assert json.loads(connection.ask(MARKER).body)["target"] == "/marker"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: abc", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: +5", 400),
        ("Content-Length: 5, 5", 400),
        ("Content-Length: 5\r\nContent-Length: 5", 400),
        ("Content-Length: \u00b2", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: identity", 501),
        (f"Content-Length: {LIMIT_BYTES + 1}", 413),
        ("Content-Length : 5", 400),
        ("no colon here\r\nContent-Length: 5", 400),
        (f"X-Long: {'x' * 2000}", 431),
        ("X-Refuse: because", 403),
    ],
)
def test_refused_request_is_answered_once_and_its_rest_is_no_request(
    connection: Connection, head: str, status: int
) -> None:
    """RFC 9112 section 6.3: what follows a broken length must not be read as a request."""
    answer = connection.ask(request(head) + MARKER)
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert json.loads(answer.body)["message"]
    assert connection.is_closed()


@pytest.mark.parametrize(
    "chunks", [b"x\r\n", b"-1\r\n", b"0x2\r\nab\r\n", b"2\r\nabc\r\n", b"1_0\r\n", b"2\n"]
)
def test_malformed_chunk_is_refused(connection: Connection, chunks: bytes) -> None:
    answer = connection.ask(request("Transfer-Encoding: chunked", chunks + MARKER))
    assert answer.status == 400
    assert connection.is_closed()


def test_chunks_beyond_the_limit_are_refused(connection: Connection) -> None:
    chunks = b"1F4\r\n" + b"a" * 500 + b"\r\n1F5\r\n"
    assert connection.ask(request("Transfer-Encoding: chunked", chunks)).status == 413


def test_client_that_sends_a_large_body_at_once_still_reads_the_refusal(
    connection: Connection,
) -> None:
    body = b"x" * 5_000_000
    answer = connection.ask(request(f"Content-Length: {len(body)}", body))
    assert answer.status == 413


@pytest.mark.parametrize(
    "line",
    ["GET http://example.com/ HTTP/1.1", "GET * HTTP/1.1", "BREW / HTTP/1.1", "GET / X", "G"],
)
def test_request_line_that_is_no_path_of_ours_is_refused(connection: Connection, line: str) -> None:
    assert connection.ask(request(line=line)).status in (400, 501)
    assert connection.is_closed()


def test_body_is_asked_for_only_when_it_is_wanted(connection: Connection) -> None:
    """RFC 9110 section 10.1.1: 100-continue, or the final answer at once."""
    connection.send(request("Content-Length: 3\r\nExpect: 100-continue"))
    assert connection.answer().status == 100
    assert connection.ask(b"abc").status == 200
    connection.send(request("Content-Length: 3000\r\nExpect: 100-continue"))
    assert connection.answer().status == 413


def test_answer_to_head_has_the_length_and_no_body(connection: Connection) -> None:
    connection.send(request(line="HEAD / HTTP/1.1"))
    answer = connection.answer(bodiless=True)
    assert int(answer.headers["content-length"]) > 0
    assert json.loads(connection.ask(MARKER).body)["target"] == "/marker"


def test_answer_without_content_has_no_length(connection: Connection) -> None:
    answer = connection.ask(request(line="DELETE /empty HTTP/1.1"))
    assert answer.status == 204
    assert "content-length" not in answer.headers


def test_header_value_cannot_start_another_header(connection: Connection) -> None:
    headers = connection.ask(request(line="GET /header HTTP/1.1")).headers
    assert headers["x-split"] == "a  X-Injected: b"
    assert headers["x-name"] == "Zoë"


def test_application_that_raises_answers_and_keeps_the_connection(connection: Connection) -> None:
    answer = connection.ask(request(line="GET /crash HTTP/1.1"))
    assert (answer.status, answer.body) == (500, b"/crash: the application failed")
    assert connection.ask(MARKER).status == 200


def test_client_that_leaves_in_the_middle_of_a_body_leaves_no_trace(
    port: int, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    leaver = Connection(port)
    leaver.send(request("Content-Length: 100", b"half"))
    leaver.close()
    other = Connection(port)
    assert other.ask(MARKER).status == 200
    other.close()
    assert (capfd.readouterr().err, caplog.records) == ("", [])


def test_connection_above_the_cap_is_turned_away(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX", 1)
    first, second = Connection(port), Connection(port)
    assert first.ask(MARKER).status == 200
    answer = second.answer()
    assert (answer.status, json.loads(answer.body)) == (503, {"message": "too many connections"})
    first.close()
    second.close()


def test_crowd_of_new_connections_is_served_to_the_last(port: int) -> None:
    """With the standard library's backlog of 5, some of a crowd are reset."""
    statuses: list[int] = []

    def call() -> None:
        for _ in range(10):
            connection = Connection(port)
            statuses.append(connection.ask(MARKER).status)
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 160


def test_closing_ends_idle_connections_and_their_threads() -> None:
    before = set(threading.enumerate())
    server = Server(listen("127.0.0.1", 0), Echo())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    idle = Connection(server.server_address[1])
    idle.ask(MARKER)
    server.shutdown()
    server.server_close()
    thread.join()
    assert idle.is_closed()
    assert set(threading.enumerate()) <= before
    idle.close()


def test_client_is_gone_when_it_closes_and_not_when_it_sends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not client_is_gone(ours)
        theirs.send(b"next request")
        assert not client_is_gone(ours)
        assert ours.recv(100) == b"next request"
        theirs.close()
        assert client_is_gone(ours)


def headers(**values: str) -> Message:
    message = Message()
    for name, value in values.items():
        message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:4566", "127.0.0.1", "127.0.0.1:80", "[::1]:4566", "box.test:1"]
)
def test_host_of_this_machine_is_welcome(host: str) -> None:
    assert refusal(headers(Host=host), allowed_hosts=("box.test:1",)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.nip.io",
        "user@localhost",
        "localhost:4566@evil.example",
        "localhost:",
        "localhost:http",
        "[::1%eth0]",
        "0.0.0.0",
        "2130706433",
        "",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    """A name that is rebound to 127.0.0.1 still says its own name in Host."""
    assert refusal(headers(Host=host)) is not None


def test_host_must_be_given_once() -> None:
    twice = headers(Host="localhost")
    twice["Host"] = "localhost"
    assert refusal(twice) is not None
    assert refusal(headers()) is not None


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "file://", "http://localhost:3000", "http://localhost.evil"],
)
def test_page_of_another_origin_is_refused(origin: str) -> None:
    assert refusal(headers(Host="localhost:4566", Origin=origin)) is not None


def test_page_of_another_site_is_refused_without_an_origin() -> None:
    cross_site = headers(Host="localhost", Sec_Fetch_Site="cross-site")
    assert refusal(cross_site) is not None


def test_page_of_the_server_itself_is_welcome() -> None:
    own = headers(
        Host="localhost:4566", Origin="http://localhost:4566", Sec_Fetch_Site="same-origin"
    )
    assert refusal(own) is None
