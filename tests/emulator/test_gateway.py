"""chalice's gateway with the limits, routes and errors of API Gateway."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from chalice import Chalice, Response
from chalice.config import Config

from emulator.api_gateway.local_gateway import Gateway, ListenError, PortInUseError, create_server
from emulator.http.server import listen
from emulator.limits import EVENT_BYTES_MAX, REQUEST_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.http.message import Response as Answer


app = Chalice("shop")
meeting = threading.Barrier(2, timeout=10)


def echo() -> Any:
    event = app.current_request.to_original_event()
    json.dumps(event)
    wanted = ("body", "isBase64Encoded", "headers", "multiValueHeaders", "requestContext")
    return {name: event[name] for name in wanted}


def raw() -> Any:
    return {"bytes": list(app.current_request.raw_body)}


def size() -> Any:
    return {"bytes": len(app.current_request.raw_body)}


def context() -> Any:
    remaining_ms = app.lambda_context.get_remaining_time_in_millis()
    return {"id": app.lambda_context.aws_request_id, "remaining_ms": remaining_ms}


def job(job_id: str) -> Any:
    return {"job": job_id}


def latest() -> Any:
    return {"job": "the latest"}


def below() -> Any:
    return {"below": app.current_request.uri_params["proxy"]}


def gone() -> Any:
    return Response(body="", status_code=204, headers={"Set-Cookie": ["a=1", "b=2"]})


def large() -> Any:
    return Response(body="x" * (7 * 1024 * 1024), headers={"Content-Type": "text/plain"})


def meet() -> Any:
    """Answers when two requests are here at once."""
    meeting.wait()
    return {"bytes": list(app.current_request.raw_body)}


def leave() -> Any:
    raise SystemExit(3)


for methods, path, view in (
    (["POST"], "/echo", echo),
    (["POST"], "/raw", raw),
    (["POST"], "/size", size),
    (["POST"], "/meet", meet),
    (["GET"], "/context", context),
    (["GET", "HEAD"], "/jobs/{job_id}", job),
    (["GET"], "/jobs/latest", latest),
    (["GET"], "/jobs/{proxy+}", below),
    (["DELETE"], "/gone", gone),
    (["GET"], "/large", large),
    (["GET"], "/exit", leave),
):
    app.route(path, methods=methods, content_types=[])(view)


class Records(list[dict[str, Any]]):
    def __call__(self, **data: Any) -> None:
        self.append(data)


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def connection(records: Records) -> Iterator[http.client.HTTPConnection]:
    config = Config.create(app_name="shop", lambda_timeout=20)
    server = create_server(app, config, host="127.0.0.1", port=0, record=records)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield made
    made.close()
    server.shutdown()
    thread.join()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(app, Config.create(app_name="shop"))


def get(gateway: Gateway, path: str, method: str = "GET") -> Answer:
    return gateway.answer(method, path, headers={}, body=b"")


def post(
    gateway: Gateway, path: str, body: bytes, content_type: str = "application/json"
) -> Answer:
    return gateway.answer("POST", path, headers={"Content-Type": content_type}, body=body)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/jobs/7", {"job": "7"}),
        ("/jobs/7/", {"job": "7"}),
        ("/jobs/latest", {"job": "the latest"}),
        ("/jobs/7/result", {"below": "7/result"}),
        ("/jobs/7/a/b?x=1", {"below": "7/a/b"}),
    ],
)
def test_most_specific_route_wins(gateway: Gateway, path: str, expected: Any) -> None:
    assert json.loads(get(gateway, path).body) == expected


def test_known_path_with_another_method_stays_with_its_route(gateway: Gateway) -> None:
    assert get(gateway, "/jobs/latest", "DELETE").status == 403


@pytest.mark.parametrize("path", ["/", "/jobs", "/nothing", "/jobs//", "/../etc/passwd"])
def test_unknown_path_is_answered_as_api_gateway_does(gateway: Gateway, path: str) -> None:
    """https://repost.aws/knowledge-center/api-gateway-authentication-token-errors"""
    answer = get(gateway, path)
    assert (answer.status, json.loads(answer.body)) == (
        403,
        {"message": "Missing Authentication Token"},
    )


@pytest.mark.parametrize(
    ("body", "text", "is_base64"),
    [(b"plain", "plain", False), ("Zoë".encode(), "Zoë", False), (b"\xff\x00", "/wA=", True)],
)
def test_body_reaches_the_app_as_json_can_carry_it(
    gateway: Gateway, body: bytes, text: str, is_base64: bool
) -> None:
    event = json.loads(post(gateway, "/echo", body).body)
    assert (event["body"], event["isBase64Encoded"]) == (text, is_base64)
    assert json.loads(post(gateway, "/raw", body).body) == {"bytes": list(body)}


def test_stage_may_stand_in_front_of_a_path(gateway: Gateway) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html"""
    staged = Gateway(app, Config.create(app_name="shop", api_gateway_stage="v1"))
    assert get(staged, "/v1/jobs/7").body == get(staged, "/jobs/7").body == b'{"job":"7"}'
    assert get(staged, "/v1/v1/jobs/7").status == get(staged, "/v1").status == 403
    assert get(gateway, "/v1/jobs/7").status == 403


def test_route_that_begins_with_the_stage_s_name_keeps_its_path() -> None:
    """A client of the app without a stage in front must find it."""
    staged = Gateway(app, Config.create(app_name="shop", api_gateway_stage="jobs"))
    assert get(staged, "/jobs/7").body == b'{"job":"7"}'
    assert get(staged, "/jobs/jobs/7").body == b'{"below":"jobs/7"}'


def test_missing_body_is_null_in_the_event(gateway: Gateway) -> None:
    assert json.loads(post(gateway, "/echo", b"").body)["body"] is None


def test_binary_type_of_the_app_is_base64(gateway: Gateway) -> None:
    event = json.loads(post(gateway, "/echo", b"abc", "application/octet-stream").body)
    assert (event["body"], event["isBase64Encoded"]) == ("YWJj", True)


def test_repeated_header_is_complete_in_multi_value_headers(
    connection: http.client.HTTPConnection,
) -> None:
    connection.putrequest("POST", "/echo")
    for value in ("one", "two"):
        connection.putheader("X-Twice", value)
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    event = json.load(connection.getresponse())
    assert event["headers"]["X-Twice"] == "two"
    assert event["multiValueHeaders"]["X-Twice"] == ["one", "two"]


def test_context_counts_down_from_the_function_timeout(
    connection: http.client.HTTPConnection, records: Records
) -> None:
    connection.request("GET", "/context")
    answer = json.load(connection.getresponse())
    assert 0 < answer["remaining_ms"] <= 20_000
    assert answer["id"] == records[0]["request_id"]


def test_every_request_is_recorded(
    connection: http.client.HTTPConnection, records: Records, capfd: pytest.CaptureFixture[str]
) -> None:
    connection.request("GET", "/jobs/7?x=1")
    request_id = connection.getresponse().headers["x-amzn-RequestId"]
    assert records[0].pop("duration_ms") >= 0
    assert records == [
        {"method": "GET", "path": "/jobs/7?x=1", "status": 200, "request_id": request_id}
    ]
    assert capfd.readouterr().err == ""


def test_head_and_no_content_carry_no_body(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/jobs/7")
    answer = connection.getresponse()
    assert (answer.read(), answer.headers["Content-Length"]) == (b"", str(len('{"job":"7"}')))
    connection.request("DELETE", "/gone")
    answer = connection.getresponse()
    assert (answer.status, answer.read(), answer.headers["Content-Length"]) == (204, b"", None)
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_request_of_more_than_ten_megabytes_is_413(
    connection: http.client.HTTPConnection, records: Records
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
    connection.request("POST", "/echo", body=b"x" * (REQUEST_BYTES_MAX + 1))
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.load(answer) == {"message": "HTTP content length exceeded 10485760 bytes."}
    assert records == []


def test_event_of_more_than_six_megabytes_is_413(gateway: Gateway) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    assert post(gateway, "/size", b"x" * (EVENT_BYTES_MAX - 10_000)).status == 200
    assert post(gateway, "/size", b"x" * EVENT_BYTES_MAX).status == 413
    assert post(gateway, "/size", b"\x01" * (EVENT_BYTES_MAX // 6)).status == 413


@pytest.mark.parametrize("path", ["/large", "/exit"])
def test_function_that_fails_is_502_with_its_traceback_in_the_log(
    connection: http.client.HTTPConnection,
    records: Records,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)) == (502, {"message": "Internal server error"})
    assert records[0]["status"] == 502
    assert f"GET {path}" in caplog.text
    connection.request("GET", "/jobs/7")
    assert connection.getresponse().status == 200


def test_port_in_use_says_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port}; stop it, or use .*{port + 1}"):
            create_server(app, Config.create(), host="127.0.0.1", port=port, record=Records())


def test_address_of_another_machine_says_what_to_do() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1"):
        create_server(app, Config.create(), host="192.0.2.1", port=0, record=Records())


def test_each_request_is_the_current_request_of_its_own_thread(
    connection: http.client.HTTPConnection,
) -> None:
    """As with chalice's own server: two requests at once do not see each other."""
    other = http.client.HTTPConnection("127.0.0.1", connection.port, timeout=10)
    connection.request("POST", "/meet", body=b"a")
    other.request("POST", "/meet", body=b"b")
    assert json.load(connection.getresponse()) == {"bytes": [97]}
    assert json.load(other.getresponse()) == {"bytes": [98]}
    other.close()
