"""botocore's calls answered by a Cloud in this process: for tests.

The handlers are registered once, for every client made afterwards; which cloud answers is switched
with ``answering``. Clients therefore outlive a test, and a further test costs no new client.
"""

from __future__ import annotations

import contextlib
import functools
import http
import io
import re
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_LAST
from botocore.parsers import create_parser
from botocore.useragent import UserAgentString

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel

    from emulator.cloud.aws import Answer, Cloud

_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_PARSER = create_parser("json")


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class InProcessTransport:
    """Two botocore handlers that ask the current cloud instead of the network."""

    def __init__(self) -> None:
        self.cloud: Cloud | None = None

    def answer_call(
        self, model: OperationModel, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """``before-call``: a call of the JSON protocol that succeeds is done here.

        It is spared the signature, the socket's ways and back: a third of its time. Whatever does
        not succeed goes the long way, for it changed nothing and botocore may want to retry.
        """
        service = model.service_model
        if self.cloud is None or service.resolved_protocol != "json":
            return None
        answer = self.cloud.handle(
            service=service.signing_name,
            region=context["client_region"],
            method=params["method"],
            url=params["url"],
            headers=params["headers"],
            body=_content(params["body"]),
            asks_again=True,
        )
        if answer.status != http.HTTPStatus.OK:
            return None
        return _response(params["url"], answer), _parsed(answer, model)

    def answer_request(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        """``before-send``: botocore's last step before the wire."""
        if self.cloud is None:
            return None
        headers = {name: _text(value) for name, value in request.headers.items()}
        scope = _SCOPE.search(headers.get("Authorization", ""))
        answer = self.cloud.handle(
            service=scope["service"] if scope else "s3",
            region=scope["region"] if scope else "us-east-1",
            method=request.method,
            url=request.url,
            headers=headers,
            body=_content(request.body),
        )
        return _response(request.url, answer)


transport = InProcessTransport()
# put together anew for every call otherwise, and nobody reads it here
UserAgentString.to_string = functools.cache(UserAgentString.to_string)
BUILTIN_HANDLERS[:0] = [
    # after botocore's own, which add the trace header
    ("before-call", transport.answer_call, REGISTER_LAST),
    ("before-send", transport.answer_request),
]


@contextlib.contextmanager
def answering(cloud: Cloud) -> Iterator[None]:
    """Let ``cloud`` answer every client of this process for a while."""
    before, transport.cloud = transport.cloud, cloud
    try:
        yield
    finally:
        transport.cloud = before


def _response(url: str, answer: Answer) -> AWSResponse:
    return AWSResponse(url, answer.status, answer.headers, _Raw(answer.body))


def _parsed(answer: Answer, model: OperationModel) -> dict[str, Any]:
    """What botocore makes of an answer."""
    received = {
        "headers": answer.headers,
        "status_code": answer.status,
        "body": answer.body,
        "context": {"operation_name": model.name},
    }
    parsed: dict[str, Any] = _PARSER.parse(received, model.output_shape)
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return parsed


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _content(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)
