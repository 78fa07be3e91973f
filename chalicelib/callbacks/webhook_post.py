"""One POST to somebody else's server: to addresses that were checked, in a bounded time, and with
nothing of the answer read but its head. Redirects are answers like any other.
"""

from __future__ import annotations

import contextlib
import functools
import http
import http.client
import io
import re
import socket
import ssl
from typing import TYPE_CHECKING

import msgspec

from chalicelib import clock, limits
from chalicelib.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.callbacks.url_guard import Target

_READ_BYTES = 4_096
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)( [^\r\n]*)?(\r\n|$)")


class NoAnswerError(ServiceError):
    """The receiver could not be reached, or did not answer in HTTP and in time."""


class Answer(msgspec.Struct, frozen=True):
    """What a receiver said."""

    status: int
    #: as sent, empty if it was not
    retry_after: str = ""


class WebhookPost:
    """Posts to receivers. ``tls`` and ``now_ms`` are for tests."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._given_tls = tls
        self._now_ms = now_ms

    def __call__(
        self,
        target: Target,
        addresses: Sequence[str],
        *,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        """Post ``body`` to the first of ``addresses`` that takes the connection.

        The certificate must be for the target's name. Raises NoAnswerError.
        """
        ends_at_ms = self._now_ms() + limits.CALLBACK_SECONDS_MAX * 1000
        try:
            with self._connected(target, addresses, ends_at_ms) as connection:
                connection.settimeout(self._left_seconds(ends_at_ms))
                connection.sendall(_head(target, headers, len(body)) + body)
                return self._answer(connection, ends_at_ms)
        except (OSError, http.client.HTTPException) as error:
            # a TLS error is an OSError, and its message may be long
            raise NoAnswerError(f"{type(error).__name__}: {error}"[:200]) from error

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        # reading the system's certificates takes a while, and every callback needs them
        return self._given_tls or ssl.create_default_context()

    def _connected(
        self, target: Target, addresses: Sequence[str], ends_at_ms: int
    ) -> socket.socket:
        for address in addresses[:-1]:
            with contextlib.suppress(OSError):
                return self._connect(target, address, ends_at_ms)
        return self._connect(target, addresses[-1], ends_at_ms)

    def _connect(self, target: Target, address: str, ends_at_ms: int) -> socket.socket:
        left_seconds = self._left_seconds(ends_at_ms)
        plain = socket.create_connection((address, target.port), timeout=left_seconds)
        if not target.secure:
            return plain
        try:
            return self._tls.wrap_socket(plain, server_hostname=target.host)
        except OSError:
            plain.close()
            raise

    def _answer(self, connection: socket.socket, ends_at_ms: int) -> Answer:
        """The head of the answer, however slowly or endlessly it comes."""
        read = b""
        while len(read) <= limits.CALLBACK_ANSWER_BYTES_MAX:
            head, end, rest = read.partition(b"\r\n\r\n")
            if end and (answer := _parsed(head)).status >= http.HTTPStatus.OK:
                return answer
            if end:
                read = rest  # what comes before the final answer says nothing of it
                continue
            connection.settimeout(self._left_seconds(ends_at_ms))
            more = connection.recv(_READ_BYTES)
            if not more:
                raise NoAnswerError("The connection was closed without an answer")
            read += more
        raise NoAnswerError("The answer's headers are too long")

    def _left_seconds(self, ends_at_ms: int) -> float:
        left_ms = ends_at_ms - self._now_ms()
        if left_ms <= 0:
            raise TimeoutError(f"no answer within {limits.CALLBACK_SECONDS_MAX} seconds")
        return left_ms / 1000


def _head(target: Target, headers: Mapping[str, str], body_bytes: int) -> bytes:
    """https://www.rfc-editor.org/rfc/rfc9112#name-request-line"""
    lines = {
        "Host": target.authority,
        "User-Agent": "accepted-webhooks",
        "Content-Length": str(body_bytes),
        "Connection": "close",
        **headers,
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target.path} HTTP/1.1\r\n{fields}\r\n".encode("ascii")


def _parsed(head: bytes) -> Answer:
    status_line = _STATUS_LINE.match(head)
    if status_line is None:
        raise NoAnswerError("The answer is not HTTP")
    headers = http.client.parse_headers(io.BytesIO(head[status_line.end() :] + b"\r\n\r\n"))
    return Answer(int(status_line[1]), headers.get("Retry-After", ""))
