"""What the emulator and its zygote say to each other, over sockets that keep messages apart.

On the zygote's socket: READY, then requests, each with three descriptors. On the channel that comes
with a request: the new process's id or REFUSED; once the process has ended, its exit code, or minus
the signal's number. The id stays taken until the emulator closes its end of the channel.
"""

from __future__ import annotations

import json
import os
import socket
from typing import NamedTuple

READY = b"ready"
#: This environment needs a Python of its own.
REFUSED = b"0"
REQUEST_BYTES_MAX = 131_072
ANSWER_BYTES_MAX = 64


class Start(NamedTuple):
    """What is to run, and where."""

    handler: str
    variables: dict[str, str]
    directory: str


class Descriptors(NamedTuple):
    """The new process's ends."""

    lifeline: int
    output: int
    channel: int


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection that carries whole messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def encode(start: Start) -> bytes | None:
    """None: it is too large for one message."""
    message = json.dumps(start).encode()
    return message if len(message) <= REQUEST_BYTES_MAX else None


def send(zygote: socket.socket, message: bytes, descriptors: Descriptors) -> None:
    """Raises OSError: the zygote is gone."""
    socket.send_fds(zygote, [message], descriptors)


def receive(emulator: socket.socket) -> tuple[Start, Descriptors] | None:
    """The next request; None if there will be no more."""
    message, received, _, _ = socket.recv_fds(emulator, REQUEST_BYTES_MAX, len(Descriptors._fields))
    if not message:
        return None
    for descriptor in received:
        os.set_inheritable(descriptor, False)  # noqa: FBT003
    return Start(*json.loads(message)), Descriptors(*received)
