"""AWS's native ``runtime_client`` module in Python, for machines it is not built for: a Mac.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

On a plain socket: loading ``http.client`` would cost every cold start 30 ms.
"""

from __future__ import annotations

import socket
from typing import IO, Any

_INVOCATION = "/2018-06-01/runtime/invocation/"
_DEADLINE = "Lambda-Runtime-Deadline-Ms"


class RuntimeApiError(RuntimeError):
    """The Runtime API did not accept what it was sent."""


class PortableClient:
    """The three calls that ``awslambdaric`` makes, over one connection."""

    def __init__(self, address: str) -> None:
        self._address = address
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._answers: IO[bytes] = self._socket.makefile("rb")

    def next(self) -> tuple[bytes, dict[str, Any]]:
        """Wait for an event; returns its body and headers, the deadline as a number."""
        body, headers = self._call(f"GET {_INVOCATION}next", b"")
        return body, {**headers, _DEADLINE: int(headers[_DEADLINE])}

    def post_invocation_result(self, request_id: str, result: bytes, *_: str | None) -> None:
        """Give back what the function returned."""
        self._call(f"POST {_INVOCATION}{request_id}/response", result)

    def post_error(self, request_id: str, error: str, *_: str | None) -> None:
        """Give back what the function raised."""
        self._call(f"POST {_INVOCATION}{request_id}/error", error.encode())

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def _call(self, target: str, body: bytes) -> tuple[bytes, dict[str, str]]:
        head = f"{target} HTTP/1.1\r\nHost: {self._address}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        status = self._answers.readline().split()
        headers = {}
        while line := self._answers.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name] = value.strip()
        if len(status) < 2 or not status[1].startswith(b"2"):
            raise RuntimeApiError(f"{target}: {status}")
        return self._answers.read(int(headers["Content-Length"])), headers
