"""A receiver of callbacks on this machine that answers as a test says, byte by byte if need be."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: A receiver that hangs costs a test this long.
TIMEOUT_SECONDS = 10


class Got(NamedTuple):
    """One request as it came."""

    request_line: str
    #: names in lower case
    headers: dict[str, str]
    body: bytes
    #: what the client asked for in the TLS handshake
    server_name: str | None = None


class Receiver:
    """Answers each connection with the next of ``answers``; the last one serves all that follow."""

    def __init__(self, answers: Sequence[bytes], tls: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        self.connections = 0
        self._answers = list(answers)
        self._tls = tls
        self._name: str | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if tls is not None:
            tls.sni_callback = self._note_name

    def _note_name(self, sock: object, name: str | None, context: ssl.SSLContext) -> None:
        self._name = name

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            connection.settimeout(TIMEOUT_SECONDS)
            self.connections += 1
            with contextlib.suppress(OSError), connection:
                self._talk(connection)

    def close(self) -> None:
        # wakes the accept, which closing alone does not everywhere
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _talk(self, connection: socket.socket) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            self.got.append(self._request(connection))
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            connection.sendall(answer)
            # until the client has read what it wants and hangs up
            connection.shutdown(socket.SHUT_WR) if self._tls is None else None
            while connection.recv(4_096):
                pass

    def _request(self, connection: socket.socket) -> Got:
        with connection.makefile("rb") as file:
            request_line = file.readline().decode().rstrip()
            headers = {}
            while line := file.readline().decode().rstrip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers.get("content-length", 0)))
        return Got(request_line, headers, body, self._name)


@contextlib.contextmanager
def receiving(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver for the length of a test."""
    receiver = Receiver(answers, tls)
    thread = threading.Thread(target=receiver.serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        thread.join(TIMEOUT_SECONDS)


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server whose certificate is for ``name``, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    from_day = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(from_day)
        .not_valid_after(from_day + 36_500 * day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / f"{name}.pem"
    file.write_bytes(key_pem + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())
