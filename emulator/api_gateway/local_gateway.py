"""API Gateway in front of a Chalice app that runs in this process: what ``chalice local`` serves.

The API is what Chalice would deploy, read from the document that Chalice makes of the app; only
its functions are called here and now.
"""

from __future__ import annotations

import errno
import os
import uuid
import warnings
from email.message import Message
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from chalice import local
from chalice.app import ChaliceAuthorizer
from chalice.deploy.swagger import SwaggerGenerator

from emulator.api_gateway import openapi, refusal
from emulator.api_gateway.authorizing import FunctionFailedError
from emulator.api_gateway.definition import Stage
from emulator.api_gateway.proxy_event import Call
from emulator.api_gateway.refusal import Refusal
from emulator.api_gateway.rest_api import RestApi
from emulator.clock import SystemClock
from emulator.http.message import Request, Response
from emulator.http.server import Server, listen
from emulator.limits import (
    FUNCTION_TIMEOUT_SECONDS_MAX,
    REQUEST_BYTES_MAX,
    REQUEST_HEADER_BYTES_MAX,
    RESPONSE_BYTES_MAX,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice import Chalice
    from chalice.config import Config

    from emulator.api_gateway.definition import Authorizer, RestApiDefinition
    from emulator.api_gateway.gateway_responses import Definition
    from emulator.clock import Clock

API_HANDLER = "api_handler"
ACCOUNT_ID, API_ID = "123456789012", "local"
REGION_DEFAULT = "us-east-1"


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
    """Calls an app's functions the way API Gateway does."""

    body_bytes_max = REQUEST_BYTES_MAX
    header_bytes_max = REQUEST_HEADER_BYTES_MAX

    def __init__(
        self,
        app: Chalice,
        config: Config,
        *,
        record: Record | None = None,
        responses: Mapping[str, Definition] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._app = app
        self._record = record
        self._clock = clock or SystemClock()
        stage = Stage(
            api_id=API_ID,
            name=config.api_gateway_stage,
            account_id=ACCOUNT_ID,
            region=os.environ.get("AWS_REGION", REGION_DEFAULT),
        )
        definition = msgspec.structs.replace(described(app), gateway_responses=responses or {})
        self._api = RestApi(definition, stage, _InProcess(app, config))
        own = {route.split("/")[1] for route in definition.methods}
        #: what may stand in front of a path, unless a route begins like that
        self._prefix = None if stage.name in own else f"/{stage.name}"

    def answer(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Call the app without HTTP; ``path`` may have a query. Raises what the app raises."""
        message = Message()
        for name, value in headers.items():
            message[name] = value
        return self.respond(Request(method, path, message, body, lambda: False))

    def refuse(self, target: str, headers: Message) -> str | None:
        """Nothing: whose pages may call the app is the app's decision, as on AWS."""
        return None

    def respond(self, request: Request) -> Response:
        call, status = self._call(request), 502
        try:
            response = self._answer(call)
            status = response.status
        finally:
            if self._record is not None:
                self._record(
                    method=request.method,
                    path=request.target,
                    status=status,
                    duration_ms=self._clock.now_ms() - call.at_ms,
                    request_id=call.request_id,
                )
        return response

    def crashed(self, request: Request, error: BaseException) -> Response:
        """API Gateway's answer to a function that failed. The traceback goes to the app's log."""
        self._app.log.error("%s %s", request.method, request.target, exc_info=error)
        return self._api.refused(refusal.malformed(str(error)), self._call(request))

    def _call(self, request: Request) -> Call:
        path, mark, query = request.target.partition("?")
        below = path
        if self._prefix and f"{path}/".startswith(f"{self._prefix}/"):
            below = path.removeprefix(self._prefix) or "/"
        request_id, now_ms = str(uuid.uuid4()), self._clock.now_ms()
        return Call(request, f"{below}{mark}{query}", path, request_id, now_ms)

    def _answer(self, call: Call) -> Response:
        try:
            return self._api.answer(call)
        except Refusal as refused:
            if refused.reason:
                self._app.log.error(refused.reason)
            return self._api.refused(refused, call)


class _Document(SwaggerGenerator):  # type: ignore[misc]
    """Chalice's document, with the functions by their names in the app."""

    def __init__(self) -> None:
        """Without what was deployed, for nothing is."""

    def _uri(self, lambda_arn: str | None = None) -> str:
        return _uri(API_HANDLER)

    def _auth_uri(self, authorizer: ChaliceAuthorizer) -> str:
        return _uri(authorizer.name)


def _uri(function: str) -> str:
    where = f"arn:aws:apigateway:{REGION_DEFAULT}:lambda:path/2015-03-31/functions"
    return f"{where}/{function}/invocations"


def document(app: Chalice) -> dict[str, Any]:
    """What Chalice would import into API Gateway."""
    made: dict[str, Any] = _Document().generate_swagger(app)
    return made


def described(app: Chalice) -> RestApiDefinition:
    """The API that Chalice would make of the app."""
    return openapi.read(document(app))


class _InProcess:
    """The app's functions and authorizers, called in the thread of the request."""

    def __init__(self, app: Chalice, config: Config) -> None:
        self._app = app
        self._config = config
        views = [view for methods in app.routes.values() for view in methods.values()]
        self._authorizers = {
            view.authorizer.name: view.authorizer
            for view in views
            if isinstance(view.authorizer, ChaliceAuthorizer)
        }

    def answer(self, arn: str, event: dict[str, Any], *, call: Call, timeout_ms: int) -> Any:
        """Raises what the app raises, and ValueError for more than Lambda hands out."""
        answer = self._app(event, self._context(call.request_id))
        if len(answer.get("body") or "") > RESPONSE_BYTES_MAX // 2:
            size_bytes = len(msgspec.json.encode(answer))
            if size_bytes > RESPONSE_BYTES_MAX:
                raise ValueError(f"the answer exceeds {RESPONSE_BYTES_MAX} bytes of JSON")
        return answer

    def permission(self, arn: str, event: dict[str, Any]) -> Any:
        """Of a function that is not the app's nothing is known: everybody may pass."""
        authorizer = self._authorizers.get(arn)
        if authorizer is None:
            warnings.warn(f"everybody may pass whom {arn} would be asked for", stacklevel=2)
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            return {"principalId": "", "policyDocument": {"Statement": [everything]}}
        try:
            return authorizer(event, self._context(str(uuid.uuid4())))
        except Exception as error:
            if str(error) != refusal.UNAUTHORIZED:
                self._app.log.error("the authorizer failed", exc_info=error)
            raise FunctionFailedError(str(error)) from error

    def vouch(self, authorizer: Authorizer, event: dict[str, Any]) -> dict[str, Any]:
        """As chalice does: the claims of a token of Cognito are believed, and all else is."""
        lower = {name.lower(): value for name, value in event["headers"].items()}
        chalice = local.LocalGatewayAuthorizer(self._app)
        context = self._context(event["requestContext"]["requestId"])
        said, _ = chalice.authorize(event["path"], {**event, "headers": lower}, context)
        found: dict[str, Any] = said["requestContext"].get("authorizer", {})
        return found

    def knows_key(self, key: str) -> bool:
        """Every one: there are none to be compared with."""
        return True

    def _context(self, request_id: str) -> local.LambdaContext:
        seconds = self._config.lambda_timeout or FUNCTION_TIMEOUT_SECONDS_MAX
        context = local.LambdaContext(
            self._config.function_name, self._config.lambda_memory_size, seconds * 1000
        )
        context.aws_request_id = request_id
        return context
