"""The Runtime API as a client meets it."""

from __future__ import annotations

import selectors
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from emulator.limits import RESPONSE_BYTES_MAX
from emulator.runtime.portable_client import PortableClient, RuntimeApiError
from emulator.runtime.runtime_api import Request, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT_HEADERS = {"Lambda-Runtime-Aws-Request-Id": "id", "Lambda-Runtime-Deadline-Ms": "5"}


class Served:
    """An API whose selector the test turns, and a client that calls it from another thread."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.api = RuntimeApi(self.selector)
        self.executor = ThreadPoolExecutor(1)
        self.client = PortableClient(self.api.address)

    def turn(self) -> None:
        for key, _ in self.selector.select(5):
            key.data()

    def request(self) -> Request:
        while not self.api.requests:
            self.turn()
        return self.api.requests.popleft()

    def ask(self, call: Any, *arguments: Any) -> tuple[Request, Future[Any]]:
        answer = self.executor.submit(call, *arguments)
        return self.request(), answer

    def raw(self, request: str) -> bytes:
        """The first bytes that come back for a request sent as it stands."""
        with socket.create_connection(self.api._listener.getsockname()) as peer:
            peer.settimeout(5)
            peer.sendall(request.encode())
            self.turn()
            self.turn()
            self.turn()
            return peer.recv(12)

    def close(self) -> None:
        self.client.close()
        self.executor.shutdown()
        self.api.close()
        self.selector.close()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


def test_next_waits_for_an_event_and_returns_it_with_its_headers(served: Served) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next"""
    request, answer = served.ask(served.client.next)
    assert (request.kind, answer.done()) == ("next", False)
    request.reply(200, b'{"a":1}', EVENT_HEADERS)
    body, headers = answer.result(5)
    assert body == b'{"a":1}'
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "id"
    assert headers["Lambda-Runtime-Deadline-Ms"] == 5


def test_response_carries_the_result_and_its_request_id(served: Served) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-response"""
    call = served.client.post_invocation_result
    request, answer = served.ask(call, "id", b"[1]", "application/json", None)
    assert request[:3] == ("response", "id", b"[1]")
    request.reply(202)
    assert answer.result(5) is None


def test_error_carries_what_was_raised(served: Served) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror"""
    request, answer = served.ask(served.client.post_error, "id", '{"errorType":"E"}', "{}", None)
    assert request[:3] == ("error", "id", b'{"errorType":"E"}')
    request.reply(202)
    assert answer.result(5) is None


def test_refused_answer_is_an_error_of_the_client(served: Served) -> None:
    request, answer = served.ask(served.client.post_invocation_result, "other", b"1")
    request.reply(400)
    with pytest.raises(RuntimeApiError):
        answer.result(5)


def test_response_over_the_limit_is_not_kept(served: Served) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    result = b"x" * (RESPONSE_BYTES_MAX + 1)
    request, answer = served.ask(served.client.post_invocation_result, "id", result)
    assert request.body is None
    request.reply(202)
    answer.result(5)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /2018-06-01/runtime/other HTTP/1.1\r\nHost: {host}\r\n\r\n", b"404"),
        ("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: evil\r\n\r\n", b"403"),
        (
            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
            "Host: {host}\r\nSec-Fetch-Site: cross-site\r\n\r\n",
            b"403",
        ),
        ("nonsense\r\n\r\n", b""),
    ],
)
def test_request_that_no_runtime_client_sends_is_refused(
    served: Served, request_: str, status: bytes
) -> None:
    """A web page on the same machine must not be able to take an event."""
    answered = served.raw(request_.format(host=served.api.address))
    assert answered[9:12] == status
    assert not served.api.requests
