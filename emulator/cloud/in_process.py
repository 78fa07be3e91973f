"""botocore's last step before the wire, answered by a Cloud in this process: for tests.

The handler is registered once, for every client made afterwards; which cloud answers is switched
with ``answering``. Clients therefore outlive a test, and a further test costs no new client.
"""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.handlers import BUILTIN_HANDLERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.cloud.aws import Cloud

_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class InProcessTransport:
    """A botocore ``before-send`` handler that asks the current cloud instead of the network."""

    def __init__(self) -> None:
        self.cloud: Cloud | None = None

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
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
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))


transport = InProcessTransport()
BUILTIN_HANDLERS.insert(0, ("before-send", transport))


@contextlib.contextmanager
def answering(cloud: Cloud) -> Iterator[None]:
    """Let ``cloud`` answer every client of this process for a while."""
    before, transport.cloud = transport.cloud, cloud
    try:
        yield
    finally:
        transport.cloud = before


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _content(body: Any) -> bytes:
    if hasattr(body, "read"):
        body = body.read()
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)
