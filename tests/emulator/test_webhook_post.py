"""One POST to a receiver: to the checked address, with the name's certificate, and bounded."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from receiver import certificate_for, receiving

from chalicelib import limits
from chalicelib.callbacks.url_guard import Target
from chalicelib.callbacks.webhook_post import Answer, NoAnswerError, WebhookPost

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from receiver import Receiver

HERE = ["127.0.0.1"]
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def plain(receiver: Receiver, path: str = "/hooks?x=1") -> Target:
    return Target("localhost", receiver.port, path, secure=False)


def post(post: WebhookPost, target: Target, addresses: list[str] = HERE) -> Answer:
    return post(target, addresses, headers={"webhook-id": "m"}, body=b'{"a":1}')


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return certificate_for("hooks.example", folder)


def ticking(step_ms: int) -> Callable[[], int]:
    """A clock that is further at every look."""
    times: Iterator[int] = iter(range(0, 10_000_000, step_ms))
    return lambda: next(times)


def test_checked_address_is_called_by_the_targets_name(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    """The name is in no DNS: only the address that was given can have been used."""
    server, client = tls
    with receiving(NO_CONTENT, tls=server) as receiver:
        target = Target("hooks.example", receiver.port, "/jobs")
        assert post(WebhookPost(tls=client), target) == Answer(204)
    (got,) = receiver.got
    assert (got.request_line, got.server_name) == ("POST /jobs HTTP/1.1", "hooks.example")
    assert got.headers["host"] == f"hooks.example:{receiver.port}"
    assert (got.headers["webhook-id"], got.body) == ("m", b'{"a":1}')


def test_certificate_for_another_name_gets_nothing(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = tls
    unverified = pytest.raises(NoAnswerError, match="certificate verify failed")
    with receiving(NO_CONTENT, tls=server) as receiver, unverified:
        post(WebhookPost(tls=client), Target("other.example", receiver.port, "/"))
    assert receiver.got == []


def test_certificate_of_an_unknown_authority_gets_nothing(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    """With the system's own certificates, as deployed."""
    unverified = pytest.raises(NoAnswerError, match="certificate verify failed")
    with receiving(NO_CONTENT, tls=tls[0]) as receiver, unverified:
        post(WebhookPost(), Target("hooks.example", receiver.port, "/"))
    assert receiver.got == []


def test_redirect_is_an_answer_and_not_followed() -> None:
    with receiving(NO_CONTENT) as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.port}/".encode()
        redirect = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + location + b"\r\n\r\n"
        with receiving(redirect) as receiver:
            assert post(WebhookPost(), plain(receiver)) == Answer(307)
    assert elsewhere.connections == 0


def test_next_address_is_tried_when_one_takes_no_connection() -> None:
    with receiving(NO_CONTENT) as receiver:
        # this machine has more loopback addresses than this one listens on
        assert post(WebhookPost(), plain(receiver), ["127.0.0.2", *HERE]) == Answer(204)


def test_retry_after_is_told_and_an_early_hint_is_not_the_answer() -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#name-informational-1xx"""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with receiving(hint + b"HTTP/1.0 503 Busy\r\nretry-after: 7\r\n\r\nbody") as receiver:
        assert post(WebhookPost(), plain(receiver)) == Answer(503, "7")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"HTTP/1.1 200 OK\r\nX: 1\r\n", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"\r\n\r\n", b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_answer_in_http_is_told(answer: bytes) -> None:
    with receiving(answer) as receiver, pytest.raises(NoAnswerError):
        post(WebhookPost(), plain(receiver))


def test_body_of_the_answer_is_not_read() -> None:
    """However much there is of it."""
    with receiving(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000) as receiver:
        assert post(WebhookPost(), plain(receiver)) == Answer(200)


def test_answer_that_drips_ends_with_the_time_for_all_of_it() -> None:
    """Each byte comes in time; together they do not."""
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    late = pytest.raises(NoAnswerError, match=f"within {limits.CALLBACK_SECONDS_MAX} seconds")
    with receiving(early * 100_000) as receiver, late:
        post(WebhookPost(now_ms=ticking(1_000)), plain(receiver))


def test_receiver_that_says_nothing_ends_with_the_time() -> None:
    """By a clock that stands short of the end: the socket waits for the rest only."""
    times = iter([0, 0, limits.CALLBACK_SECONDS_MAX * 1000 - 50, limits.CALLBACK_SECONDS_MAX * 999])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target("localhost", silent.getsockname()[1], "/", secure=False)
        with pytest.raises(NoAnswerError, match="timed out"):
            post(WebhookPost(now_ms=lambda: next(times)), target)


def test_no_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
        post(WebhookPost(), Target("localhost", port, "/", secure=False))
