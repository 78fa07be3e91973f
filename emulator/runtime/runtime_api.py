"""Lambda's Runtime API for one execution environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

The API has no thread: whoever waits for the environment turns its selector, and is the one to
answer. AWS's runtime client sends one request at a time, so nothing waits behind another.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from contextlib import suppress
from functools import partial
from typing import IO, Literal, NamedTuple

from emulator.limits import RESPONSE_BYTES_MAX

_PREFIX = "/2018-06-01/runtime/"
#: How long the other side may take over one read or write, once it has begun a request.
_SOCKET_TIMEOUT_SECONDS = 5
_LINE_BYTES_MAX = 65_536
#: The runtime client sends its error's cause in a header, of up to a megabyte.
_HEAD_LINE_BYTES_MAX = 2 * 1_048_576
_HEADERS_MAX = 100

Kind = Literal["next", "response", "error", "init error"]
_REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}


class BadRequestError(ValueError):
    """The request is not HTTP as a runtime client speaks it."""


class Connection:
    """One connection of the runtime client, kept alive."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.settimeout(_SOCKET_TIMEOUT_SECONDS)
        self.socket = peer
        self._file: IO[bytes] = peer.makefile("rb")

    def read_head(self) -> tuple[str, dict[str, str]] | None:
        """Path and headers of the next request; None when the client has hung up."""
        line = self._line(_LINE_BYTES_MAX)
        if not line:
            return None
        words = line.split()
        if len(words) != 3:
            raise BadRequestError(line)
        headers: dict[str, str] = {}
        for _ in range(_HEADERS_MAX):
            name, _, value = self._line(_HEAD_LINE_BYTES_MAX).partition(":")
            if not name.strip():
                return words[1], headers
            headers[name.lower()] = value.strip()
        raise BadRequestError("too many headers")

    def _line(self, bytes_max: int) -> str:
        return self._file.readline(bytes_max).decode("latin-1")

    def read_body(self, length: int) -> bytes | None:
        """The body; None, and nothing of it kept, if it is larger than an answer may be."""
        if length <= RESPONSE_BYTES_MAX:
            return self._file.read(length)
        while length > 0 and (part := self._file.read(min(length, 1_048_576))):
            length -= len(part)
        return None

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Answer in one write; a client that is gone is found out by whoever waits for it."""
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}"]
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        lines += [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        with suppress(OSError):
            self.socket.sendall(head + body)

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class Request(NamedTuple):
    """What the runtime client asks or tells."""

    kind: Kind
    #: empty for ``next`` and ``init error``
    request_id: str
    #: None: larger than Lambda passes on
    body: bytes | None
    connection: Connection

    def reply(
        self, status: int, body: bytes = b'{"status":"OK"}\n', headers: dict[str, str] | None = None
    ) -> None:
        """Answer the request; every request is answered once."""
        self.connection.send(status, body, headers or {})


class RuntimeApi:
    """The listener of one environment: requests appear in ``requests`` as the selector turns."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.requests: deque[Request] = deque()
        self._selector = selector
        self._connections: set[Connection] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        #: host and port, the value of AWS_LAMBDA_RUNTIME_API
        self.address = "{}:{}".format(*self._listener.getsockname())
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        connection = Connection(self._listener.accept()[0])
        self._connections.add(connection)
        receive = partial(self._receive, connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, receive)

    def _receive(self, connection: Connection) -> None:
        try:
            head = connection.read_head()
            if head is None or not self._take(connection, *head):
                self._drop(connection)
        except (OSError, ValueError):
            self._drop(connection)

    def _take(self, connection: Connection, path: str, headers: dict[str, str]) -> bool:
        """Queue the request; False, which ends the connection, if no runtime client sent it."""
        if headers.get("host") != self.address or "sec-fetch-site" in headers:
            connection.send(403, b"", {})  # a web page on this machine
            return False
        target = _target(path)
        if target is None:
            connection.send(404, b"", {})
            return False
        body = connection.read_body(int(headers.get("content-length", "0")))
        self.requests.append(Request(*target, body, connection))
        return True

    def _drop(self, connection: Connection) -> None:
        self._selector.unregister(connection.socket)
        self._connections.discard(connection)
        connection.close()

    def close(self) -> None:
        """Hang up and stop listening."""
        for connection in tuple(self._connections):
            self._drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()


def _target(path: str) -> tuple[Kind, str] | None:
    """What a path stands for, and the request id it names."""
    match path.removeprefix(_PREFIX).split("/"):
        case ["invocation", "next"]:
            return "next", ""
        case ["invocation", request_id, "response"]:
            return "response", request_id
        case ["invocation", request_id, "error"]:
            return "error", request_id
        case ["init", "error"]:
            return "init error", ""
    return None
