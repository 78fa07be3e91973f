"""A small strict HTTP/1.1 server for loopback: one connection a thread, keep-alive, bounded.

A request is either understood to its end, or answered with an error on a connection that closes.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import logging
import selectors
import socket
import sys
import threading
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from emulator.clock import SystemClock
from emulator.http.message import (
    HttpRefusal,
    Request,
    Response,
    check_head,
    content_length,
    has_body,
    header_text,
    length_header,
    read_chunks,
    read_exactly,
)

if TYPE_CHECKING:
    from email.message import Message

#: Connections waiting to be accepted; the standard library's 5 resets clients that come in a crowd.
BACKLOG = 128
#: Connections, and so threads, at once; a further one is answered 503.
CONNECTIONS_MAX = 256
#: How long a connection may stay silent, within a request or between two.
IDLE_SECONDS = 29
#: How long closing the server waits for requests that are being answered.
CLOSE_SECONDS = 2
#: How much of a refused body is thrown away so that the client gets to read why it was refused.
LINGER_BYTES_MAX = 32 * 1024 * 1024
LINGER_SECONDS = 0.5
_PIECE_BYTES = 65_536

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\nContent-Length: 35\r\n\r\n"
    b'{"message": "too many connections"}'
)
#: Written by the server itself, from what it really sends.
_FRAMING = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

_CLOCK = SystemClock()

_log = logging.getLogger(__name__)


class Application(Protocol):
    """What a Server serves. Called by many threads at once."""

    #: a larger body is answered 413, unread
    body_bytes_max: int
    #: a larger head (names and values of all headers) is answered 431
    header_bytes_max: int

    def refuse(self, target: str, headers: Message) -> str | None:
        """Why a request with this head is answered 403 before its body is read, or None."""

    def respond(self, request: Request) -> Response:
        """The answer; whatever it raises goes to ``crashed``."""

    def crashed(self, request: Request, error: BaseException) -> Response:
        """The answer when ``respond`` raised; called while the exception is being handled."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises OSError if the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def client_is_gone(connection: socket.socket) -> bool:
    """Whether the other end has closed the connection; what it sent meanwhile stays unread."""
    try:
        # not select.select: it fails for file numbers above 1,023
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            readable = bool(selector.select(0))
        return readable and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True


class StrictHandler(http.server.BaseHTTPRequestHandler):
    """One connection, from its first request to its end."""

    server: Server
    protocol_version = "HTTP/1.1"
    # a request line without a version gets an answer with a head, too
    default_request_version = "HTTP/1.0"
    # Head and body leave in one packet, and no packet waits until the one before is acknowledged:
    # the standard library's defaults cost 40 ms a request.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    _refused = False

    def _exchange(self) -> None:
        application = self.server.application
        try:
            request = self._read()
        except HttpRefusal as error:
            self.send_error(error.status, str(error))
            return
        try:
            response = application.respond(request)
        except (Exception, SystemExit) as error:
            response = application.crashed(request, error)
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _exchange  # noqa: N815

    def _read(self) -> Request:
        application = self.server.application
        check_head(self.path, self.headers, header_bytes_max=application.header_bytes_max)
        if reason := application.refuse(self.path, self.headers):
            raise HttpRefusal(403, reason)
        body = self.read_body(application.body_bytes_max)
        if "Transfer-Encoding" in self.headers:
            del self.headers["Transfer-Encoding"]
            self.headers["Content-Length"] = str(len(body))
        connection = self.connection
        return Request(
            self.command, self.path, self.headers, body, lambda: client_is_gone(connection)
        )

    def read_body(self, limit_bytes: int) -> bytes:
        """The body of the request; raises HttpRefusal if that is unclear or too long."""
        length = content_length(self.headers, limit_bytes=limit_bytes)
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
            self.wfile.flush()
        if length is None:
            return read_chunks(self.rfile, limit_bytes=limit_bytes)
        return read_exactly(self.rfile, length)

    def handle_expect_100(self) -> bool:
        return True  # answered by read_body, once it is known that the body is wanted

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer an error and close, so that leftovers are never read as a request."""
        self._refused = self.close_connection = True
        body = json.dumps({"message": message or explain or HTTPStatus(code).phrase}).encode()
        self._send(Response(code, [("Content-Type", "application/json")], body))

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        self.send_header("Date", _http_date(_CLOCK.now_ms() // 1000))
        if length := length_header(self.command, response):
            self.send_header("Content-Length", length)
        for name, value in response.headers:
            if name.lower() not in _FRAMING:
                self.send_header(name, header_text(value))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        if has_body(self.command, response.status):
            self.wfile.write(response.body)

    def finish(self) -> None:
        super().finish()
        if self._refused:
            _linger(self.connection)

    def log_message(self, *_: Any) -> None:
        """Nothing: applications keep their own record."""


class Server(http.server.ThreadingHTTPServer):
    """Serves an application on a listening socket until ``server_close``."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, application: Application) -> None:
        self.application = application
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__(listener.getsockname()[:2], StrictHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"http-{client_address[1]}",
            daemon=True,
        )
        with self._lock:
            full = len(self._connections) >= CONNECTIONS_MAX
            if not full:
                self._connections[thread] = request
        if full:
            with contextlib.suppress(OSError):
                request.sendall(_TOO_MANY)
            self.shutdown_request(request)
        else:
            thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                del self._connections[threading.current_thread()]

    def shutdown(self) -> None:
        """Stop accepting; returns when ``serve_forever`` has."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the accept loop at once
        super().shutdown()

    def hang_up(self) -> None:
        """End every connection; a request that is being answered finds its client gone."""
        with self._lock:
            connections = list(self._connections.values())
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_close(self) -> None:
        """Close the listening socket and every connection, and wait for their threads."""
        super().server_close()
        self.hang_up()
        with self._lock:
            threads = list(self._connections)
        for thread in threads:
            thread.join(CLOSE_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; anything else is ours and is logged."""
        if not isinstance(sys.exc_info()[1], OSError):
            _log.exception("the connection of %s failed", client_address)


@functools.lru_cache(1)
def _http_date(seconds: int) -> str:
    """https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7"""
    return formatdate(seconds, usegmt=True)


def _linger(connection: socket.socket) -> None:
    """Let the client finish sending: closing on unread bytes would reset the answer away."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(LINGER_SECONDS)
        for _ in range(LINGER_BYTES_MAX // _PIECE_BYTES):
            if not connection.recv(_PIECE_BYTES):
                break
