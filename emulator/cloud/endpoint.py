"""AWS on a loopback port: what the AWS CLI and every boto3 client talk to.

A request says in its signature which service and region it is for, so one port serves them all.
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hmac
import json
import re
import threading
import traceback
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError

from emulator.api_gateway import address
from emulator.caller import calling_from
from emulator.cloud.aws import UnknownServiceError
from emulator.http.message import Request, Response, foreign_host, refusal
from emulator.http.server import Server

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from email.message import Message

    from emulator.api_gateway.address import Address
    from emulator.cloud.aws import Answer
    from emulator.journal import Journal

    Control = Callable[[str, str, bytes], tuple[int, Mapping[str, str], bytes]]

#: Larger than any request of the services a Chalice app uses; S3 clients upload more in parts.
BODY_BYTES_MAX = 64 * 1024 * 1024
HEADER_BYTES_MAX = 64 * 1024
CONTROL_PREFIX = "/_emulator/"
HEALTH_PATH = "/_emulator/health"
TOKEN_HEADER = "X-Emulator-Token"

_SCOPE = re.compile(r"[^/]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request", re.IGNORECASE)
#: Services that sign with another name than their host has.
_HOST_NAMES = {
    "iotdata": "data-ats.iot",
    "memorydb": "memory-db",
    "mobiletargeting": "pinpoint",
    "sagemaker": "api.sagemaker",
    "timestream": "ingest.timestream",
}


class Target(NamedTuple):
    """Whom a request is for."""

    #: the first part of the service's host name, e.g. ``sqs``, ``streams.dynamodb``
    service: str
    region: str


#: What clients leave unsigned: downloads of public S3 objects.
UNSIGNED = Target("s3", "us-east-1")
#: Services of paths and XML. What neither is one nor posts a form speaks JSON.
_SPEAK_XML = {"s3", "s3-control", "s3express", "cloudfront", "route53"}
#: What moto cannot do, as it says so.
_UNKNOWN = (NotImplementedError, OperationNotFoundError, UnknownServiceError)


class AwsCloud(Protocol):
    """What answers the requests: see emulator.cloud.aws.Cloud."""

    condition: threading.Condition

    def handle(
        self,
        *,
        service: str,
        region: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer: ...


class Apis(Protocol):
    """What answers requests to deployed APIs: see emulator.api_gateway.deployed.DeployedApis."""

    def respond(self, request: Request, address: Address) -> Response: ...


def target(request: Request) -> Target:
    """The service and region of a request, by the credential scope in its header or query."""
    signature = request.headers.get("Authorization") or unquote(urlsplit(request.target).query)
    scope = _SCOPE.match(signature.partition("Credential=")[2])
    if scope is None:
        return UNSIGNED
    service = scope[2].lower()
    if request.headers.get("X-Amz-Target", "").startswith("DynamoDBStreams_"):
        service = "streams.dynamodb"  # signed as dynamodb
    return Target(_HOST_NAMES.get(service, service), scope[1].lower())


class Endpoint:
    """Serves a cloud, and the emulator's own control paths beside it, on a listening socket."""

    body_bytes_max = BODY_BYTES_MAX
    header_bytes_max = HEADER_BYTES_MAX

    def __init__(
        self,
        cloud: AwsCloud,
        *,
        listener: socket.socket,
        control: Control,
        token: str,
        journal: Journal,
        apis: Apis | None = None,
    ) -> None:
        """``control`` answers paths below /_emulator/ for callers that know ``token``; ``apis``
        are the deployed ones.
        """
        self._cloud = cloud
        self._control = control
        self._token = token
        self._journal = journal
        self._apis = apis
        self._server = Server(listener, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="endpoint", daemon=True
        )
        self.port: int = listener.getsockname()[1]

    def start(self) -> None:
        """Serve in threads of its own until ``stop``."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection; a long poll ends empty-handed."""
        self._server.shutdown()
        self._server.hang_up()
        with self._cloud.condition:
            self._cloud.condition.notify_all()
        self._server.server_close()
        self._thread.join()

    def refuse(self, target: str, headers: Message) -> str | None:
        if address.find(target, host := headers.get("Host", "")) is None:
            reason = refusal(headers)
        else:
            # whose pages may call an API is the API's decision, as on AWS
            reason = foreign_host(headers, [host.lower()] if address.has_own_host(host) else [])
        if reason:
            self._journal.record("endpoint", "refuse", reason=reason)
        return reason

    def respond(self, request: Request) -> Response:
        if request.target.startswith(CONTROL_PREFIX):
            return self._respond_to_control(request)
        found = address.find(request.target, request.headers["Host"])
        if found is not None and self._apis is not None:
            return self._apis.respond(request, found)
        service, region = target(request)
        with calling_from(request.is_gone):
            status, headers, body = self._cloud.handle(
                service=service,
                region=region,
                method=request.method,
                url=f"http://{request.headers['Host']}{request.target}",
                headers=dict(request.headers.items()),
                body=request.body,
            )
        return Response(status, list(headers.items()), body)

    def _respond_to_control(self, request: Request) -> Response:
        path = urlsplit(request.target).path
        if (request.method, path) == ("GET", HEALTH_PATH):
            return _json_response(200, {"status": "ok"})
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _json_response(403, {"message": f"{TOKEN_HEADER} must hold this run's token"})
        status, headers, body = self._control(request.method, path, request.body)
        return Response(status, list(headers.items()), body)

    def crashed(self, request: Request, error: BaseException) -> Response:
        """What moto cannot do is 501, which SDKs do not retry; a bug of moto's or ours is 500."""
        subject = target(request).service
        if request.target.startswith(CONTROL_PREFIX):
            subject = "control"
        summary = f"{type(error).__name__}: {error}"
        if isinstance(error, _UNKNOWN):
            self._journal.record(subject, "error", error=summary)
            return _error_response(request, 501, "NotImplemented", summary)
        self._journal.record(subject, "error", error=summary, traceback=traceback.format_exc())
        return _error_response(request, 500, "InternalFailure", summary)


def _error_response(request: Request, status: int, code: str, message: str) -> Response:
    """An error in the protocol of the request, so that an SDK can read it."""
    is_form = "x-www-form-urlencoded" in request.headers.get("Content-Type", "")
    if not is_form and target(request).service not in _SPEAK_XML:
        return _json_response(status, {"__type": code, "message": message})
    xml = (
        f"<ErrorResponse><Error><Code>{code}</Code>"
        f"<Message>{escape(message)}</Message></Error></ErrorResponse>"
    )
    return Response(status, [("Content-Type", "text/xml")], xml.encode("utf-8", "replace"))


def _json_response(status: int, content: object) -> Response:
    return Response(status, [("Content-Type", "application/json")], json.dumps(content).encode())
