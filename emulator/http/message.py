"""HTTP/1.1 messages: what a request and an answer are, and where the body of a request ends.

Every length is checked before a byte is read, because two readings of one length are how the rest
of a body comes to be taken for the next request. https://www.rfc-editor.org/rfc/rfc9112#section-6.3
"""

from __future__ import annotations

import email.errors
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from email.message import Message
    from io import BufferedIOBase

_LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,19}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?\r\n")
_LINE_BYTES_MAX = 1024
_TRAILERS_MAX = 100
#: What the standard library's parser calls a head that it did not read to its end.
_BROKEN_HEAD = (
    email.errors.FirstHeaderLineIsContinuationDefect,
    email.errors.MisplacedEnvelopeHeaderDefect,
    email.errors.MissingHeaderBodySeparatorDefect,
)


class Request(NamedTuple):
    """A request that was read to its end."""

    method: str
    #: path and query as they were sent, still percent-encoded
    target: str
    #: found by any spelling, may repeat; a body that came in chunks has a Content-Length, too
    headers: Message
    body: bytes
    #: whether the client has hung up since
    is_gone: Callable[[], bool]


class Response(NamedTuple):
    """An answer. The server writes the framing itself: Content-Length, Connection, Date."""

    status: int
    headers: Iterable[tuple[str, str]]
    body: bytes = b""


class HttpRefusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A request that is answered with an error and the end of its connection."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def refusal(headers: Message, allowed_hosts: Sequence[str] = ()) -> str | None:
    """Why a request may come from a web page, or from a name rebound to this machine; or None.

    ``Host`` must be localhost, 127.0.0.1, [::1] (with any port) or one of ``allowed_hosts``. A
    browser says in ``Origin`` and ``Sec-Fetch-Site`` whose page it acts for: only the server's own
    is welcome.
    """
    if reason := foreign_host(headers, allowed_hosts):
        return reason
    host = headers["Host"].strip().lower()
    for origin in headers.get_all("Origin", []):
        if origin.lower() not in (f"http://{host}", f"https://{host}"):
            return f"Origin {origin!r} may not use this server"
    if headers.get("Sec-Fetch-Site", "none").lower() not in ("none", "same-origin"):
        return "a page of another site may not use this server"
    return None


def foreign_host(headers: Message, allowed_hosts: Sequence[str] = ()) -> str | None:
    """Why a request may come by a name rebound to this machine; or None."""
    hosts = headers.get_all("Host", [])
    if len(hosts) != 1:
        return "a request needs one Host header"
    host = hosts[0].strip().lower()
    if not _LOCAL_HOST.fullmatch(host) and host not in allowed_hosts:
        return f"Host {host!r} is not this machine"
    return None


def check_head(target: str, headers: Message, *, header_bytes_max: int) -> None:
    """Raises HttpRefusal for a head that can be read in two ways, or is too large."""
    if not target.startswith("/"):
        raise HttpRefusal(400, "the request target must be a path")
    if any(isinstance(defect, _BROKEN_HEAD) for defect in headers.defects):
        raise HttpRefusal(400, "malformed header line")
    if sum(len(name) + len(value) for name, value in headers.items()) > header_bytes_max:
        raise HttpRefusal(431, f"headers exceed {header_bytes_max} bytes")


def content_length(headers: Message, *, limit_bytes: int) -> int | None:
    """How long the body is, None if it comes in chunks; raises HttpRefusal if that is unclear."""
    lengths = headers.get_all("Content-Length", [])
    codings = headers.get_all("Transfer-Encoding", [])
    if codings:
        if lengths:
            raise HttpRefusal(400, "Content-Length together with Transfer-Encoding")
        if len(codings) != 1 or codings[0].strip().lower() != "chunked":
            raise HttpRefusal(501, "no Transfer-Encoding but chunked is understood")
        return None
    if not lengths:
        return 0
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0].strip()):
        raise HttpRefusal(400, "Content-Length must be one number")
    if int(lengths[0]) > limit_bytes:
        raise _too_large(limit_bytes)
    return int(lengths[0])


def read_exactly(stream: BufferedIOBase, count_bytes: int) -> bytes:
    """Raises ConnectionAbortedError if the client leaves before it has sent so much."""
    data = stream.read(count_bytes) if count_bytes else b""
    if len(data) < count_bytes:
        raise ConnectionAbortedError("the client left in the middle of a body")
    return data


def read_chunks(stream: BufferedIOBase, *, limit_bytes: int) -> bytes:
    """A chunked body, put together; trailers are dropped. Raises HttpRefusal."""
    body = bytearray()
    while size := _chunk_size(stream):
        if len(body) + size > limit_bytes:
            raise _too_large(limit_bytes)
        body += read_exactly(stream, size)
        if stream.readline(3) != b"\r\n":
            raise HttpRefusal(400, "a chunk is longer than it says")
    for _ in range(_TRAILERS_MAX):
        if stream.readline(_LINE_BYTES_MAX) in (b"\r\n", b"\n", b""):
            return bytes(body)
    raise HttpRefusal(431, "too many trailers")


def _chunk_size(stream: BufferedIOBase) -> int:
    line = _CHUNK_SIZE.fullmatch(stream.readline(_LINE_BYTES_MAX))
    if line is None:
        raise HttpRefusal(400, "a chunk must begin with its size")
    return int(line[1], 16)


def _too_large(limit_bytes: int) -> HttpRefusal:
    return HttpRefusal(413, f"HTTP content length exceeded {limit_bytes} bytes.")


def has_body(method: str | None, status: int) -> bool:
    """Whether an answer may carry a body. https://www.rfc-editor.org/rfc/rfc9112#section-6.3"""
    return method != "HEAD" and _has_length(status)


def length_header(method: str | None, response: Response) -> str | None:
    """The Content-Length an answer must carry, if any."""
    if not _has_length(response.status):
        return None
    given = [value for name, value in response.headers if name.lower() == "content-length"]
    # the answer to HEAD tells the length a GET would have, which only the application knows
    return str(given[0]) if given and method == "HEAD" else str(len(response.body))


def _has_length(status: int) -> bool:
    bodiless = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    return status >= HTTPStatus.OK and status not in bodiless


def header_text(value: object) -> str:
    """A header's value on the wire: UTF-8 as it is, and no line break that starts another."""
    return str(value).translate({10: " ", 13: " "}).encode("utf-8", "replace").decode("latin-1")
