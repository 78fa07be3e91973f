"""Deployed APIs beside AWS on the endpoint: who may call them, and by which names."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from emulator.clock import SystemClock
from emulator.cloud.aws import Answer
from emulator.cloud.endpoint import Endpoint
from emulator.http.message import Response
from emulator.http.server import listen
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.api_gateway.address import Address
    from emulator.http.message import Request

PATH = "/_aws/execute-api/abc/v1/jobs"


class FakeCloud:
    condition = threading.Condition()

    def handle(self, **request: Any) -> Answer:
        return Answer(200, {}, b"from the cloud")


class FakeApis:
    def respond(self, request: Request, address: Address) -> Response:
        return Response(200, [], json.dumps(address).encode())


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    endpoint = Endpoint(
        FakeCloud(), listener=listen("127.0.0.1", 0), control=lambda *_: (404, {}, b""),
        token="secret", journal=Journal(SystemClock()), apis=FakeApis(),
    )  # fmt: skip
    endpoint.start()
    made = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    yield made
    made.close()
    endpoint.stop()


def status(connection: http.client.HTTPConnection, path: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=named)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_api_is_found_by_its_path_and_by_its_own_host(
    connection: http.client.HTTPConnection,
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html"""
    for path, headers in (
        (PATH, {}),
        ("/v1/jobs", {"Host": "abc.execute-api.us-east-1.amazonaws.com"}),
    ):
        connection.request("GET", path, headers=headers)
        assert json.load(connection.getresponse()) == ["abc", "v1", "/jobs"]


def test_pages_of_others_may_call_an_api_that_lets_them_and_nothing_else(
    connection: http.client.HTTPConnection,
) -> None:
    """What CORS allows is the API's decision, as on AWS."""
    assert status(connection, PATH, Origin="https://shop.example") == 200
    assert status(connection, "/", Origin="https://shop.example") == 403


@pytest.mark.parametrize("host", ["abc.execute-api.us-east-1.example.com", "shop.example"])
def test_name_that_anybody_may_point_to_this_machine_is_refused(
    connection: http.client.HTTPConnection, host: str
) -> None:
    assert status(connection, PATH, Host=host) == 403
