"""API Gateway in front of a Chalice app: chalice's own gateway, with the limits and errors of AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import errno
import uuid
from email.message import Message
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from chalice import local

from emulator.api_gateway.gateway_responses import GatewayResponses
from emulator.api_gateway.routes import RouteMatcher
from emulator.clock import SystemClock
from emulator.http.message import Request, Response
from emulator.http.refusals import Authorizers, RequestTooLongError, response_type
from emulator.http.server import Server, listen
from emulator.limits import EVENT_BYTES_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalice import Chalice
    from chalice.config import Config

    from emulator.api_gateway.gateway_responses import Definition

#: API Gateway: all headers together.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
HEADER_BYTES_MAX = 10_240
#: JSON text is at most this much longer than what it encodes (``\u0000`` for one byte).
_JSON_GROWTH_MAX = 6


class ListenError(OSError):
    """The gateway cannot have its address; the message says what to do."""


class PortInUseError(ListenError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"another program has port {port}; stop it, or use chalice local --port {port + 1}"
        )
        self.port = port


class Record(Protocol):
    """Is told of every request that was answered."""

    def __call__(
        self, *, method: str, path: str, status: int, duration_ms: int, request_id: str
    ) -> object: ...


def create_server(
    app: Chalice,
    config: Config,
    *,
    host: str,
    port: int,
    record: Record,
    responses: Mapping[str, Definition] | None = None,
) -> local.LocalDevServer:
    """What ``chalice local`` serves: in place of ``chalice.local.create_local_server``.

    ``responses`` are the template's gateway responses.

    Raises PortInUseError, or ListenError for another reason.
    """
    if not isinstance(app, local.CustomLocalChalice):
        # as chalice does: current_request becomes one a thread
        local.CustomLocalChalice.__bases__ = (local.LocalChalice, app.__class__)
        app.__class__ = local.CustomLocalChalice
    gateway = Gateway(app, config, record=record, responses=responses)
    return GatewayServer(gateway, host=host, port=port)


class GatewayServer(local.LocalDevServer):  # type: ignore[misc]  # chalice has no types
    """chalice's server object, with our HTTP below."""

    def __init__(self, gateway: Gateway, *, host: str, port: int) -> None:
        # not chalice's __init__, which would make a server of its own
        try:
            listener = listen(host, port)
        except OverflowError:
            raise ListenError(f"there is no port {port}; choose one up to 65535") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(port) from None
            raise ListenError(
                f"cannot listen on {host} port {port}: {error.strerror}; "
                "choose others with chalice local --host and --port"
            ) from None
        self.host: str = host
        self.port: int = listener.getsockname()[1]
        self.server = Server(listener, gateway)

    def shutdown(self) -> None:
        """Stop serving and close every connection; called from another thread."""
        self.server.shutdown()
        self.server.server_close()


class Gateway:
    """Calls an app's API function the way API Gateway does."""

    body_bytes_max = REQUEST_BYTES_MAX
    header_bytes_max = HEADER_BYTES_MAX

    def __init__(
        self,
        app: Chalice,
        config: Config,
        *,
        record: Record | None = None,
        responses: Mapping[str, Definition] | None = None,
    ) -> None:
        self._app = app
        self._responses = GatewayResponses(responses or {})
        self._config = config
        self._record = record
        self._clock = SystemClock()
        self._routes = RouteMatcher(list(app.routes), stage=config.api_gateway_stage)

    def answer(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Call the app without HTTP; ``path`` may have a query. Raises what the app raises."""
        message = Message()
        for name, value in headers.items():
            message[name] = value
        request = Request(method, path, message, body, lambda: False)
        return self._answer(request, str(uuid.uuid4()))

    def refuse(self, target: str, headers: Message) -> str | None:
        """Nothing: whose pages may call the app is the app's decision, as on AWS."""
        return None

    def respond(self, request: Request) -> Response:
        request_id = str(uuid.uuid4())
        started_ms, status = self._clock.now_ms(), 502
        try:
            response = self._answer(request, request_id)
            status = response.status
        finally:
            if self._record is not None:
                self._record(
                    method=request.method,
                    path=request.target,
                    status=status,
                    duration_ms=self._clock.now_ms() - started_ms,
                    request_id=request_id,
                )
        return response

    def crashed(self, request: Request, error: BaseException) -> Response:
        """API Gateway's answer to a function that failed. The traceback goes to the app's log."""
        self._app.log.error("%s %s", request.method, request.target, exc_info=error)
        return _message(502, "Internal server error")

    def _answer(self, request: Request, request_id: str) -> Response:
        call = _Call(self._app, self._config, request_id=request_id, routes=self._routes)
        try:
            answer = call.handle_request(
                request.method, request.target, request.headers, request.body or None
            )
        except local.LocalGatewayException as error:
            own = Response(error.CODE, _json_headers(error.headers), error.body or b"")
            return self._responses.answer(
                response_type(error), own, variables={"requestId": request_id}
            )
        if _exceeds(RESPONSE_BYTES_MAX, answer, answer.get("body")):
            raise ValueError(f"the answer exceeds {RESPONSE_BYTES_MAX} bytes of JSON")
        return _response(answer, request_id)


class _Call(local.LocalGateway):  # type: ignore[misc]
    """One request on its way through chalice's gateway, which keeps nothing between two."""

    def __init__(
        self, app: Chalice, config: Config, *, request_id: str, routes: RouteMatcher
    ) -> None:
        super().__init__(app, config)
        self.event_converter = _Events(routes, app.api.binary_types, request_id=request_id)
        self._authorizer = Authorizers(app)
        self._request_id = request_id

    def _generate_lambda_context(self) -> local.LambdaContext:
        context = super()._generate_lambda_context()
        context.aws_request_id = self._request_id
        return context


class _Events(local.LambdaEventConverter):  # type: ignore[misc]
    """Chalice's events, with what API Gateway's have besides."""

    def __init__(self, routes: RouteMatcher, binary_types: list[str], *, request_id: str) -> None:
        super().__init__(routes, binary_types)
        self._request_id = request_id

    def create_lambda_event(
        self, *, method: str, path: str, headers: Message, body: bytes | None
    ) -> dict[str, Any]:
        """Raises ValueError if no route fits."""
        event: dict[str, Any] = super().create_lambda_event(method, path, headers, body)
        event["requestContext"]["requestId"] = self._request_id
        names = {name.lower() for name, _ in headers.items()}
        event["multiValueHeaders"] = {name: headers.get_all(name) for name in names}
        if isinstance(event["body"], bytes):
            event["body"], event["isBase64Encoded"] = _text(event["body"])
        event.setdefault("isBase64Encoded", False)
        if _exceeds(EVENT_BYTES_MAX, event, event["body"]):
            raise RequestTooLongError({}, b'{"message": "Request Too Long"}')
        return event


def _text(body: bytes) -> tuple[str, bool]:
    """A body as JSON can carry it, and whether that is base64."""
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _exceeds(limit_bytes: int, payload: dict[str, Any], body: str | bytes | None) -> bool:
    """Whether Lambda would refuse the payload; it is encoded only if its body leaves that open."""
    if len(body or "") * _JSON_GROWTH_MAX < limit_bytes // 2:
        return False
    return len(msgspec.json.encode(payload)) > limit_bytes


def _response(answer: dict[str, Any], request_id: str) -> Response:
    """Raises KeyError or TypeError for an answer that is not in the form API Gateway wants."""
    headers = _json_headers({**answer["headers"], **answer["multiValueHeaders"]})
    headers.append(("x-amzn-RequestId", request_id))
    body = answer["body"] or b""
    if answer.get("isBase64Encoded"):
        body = base64.b64decode(body)
    elif isinstance(body, str):
        body = body.encode()
    return Response(int(answer["statusCode"]), headers, body)


def _json_headers(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Headers one by one; without a type, API Gateway calls a body JSON."""
    pairs = list(_pairs(headers))
    if not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", "application/json"))
    return pairs


def _pairs(headers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, str(one)


def _message(status: int, text: str) -> Response:
    body = msgspec.json.encode({"message": text})
    return Response(status, [("Content-Type", "application/json")], body)
