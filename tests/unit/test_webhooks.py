"""Signatures by Standard Webhooks, and what follows from a receiver's answer."""

from __future__ import annotations

import base64

import pytest

from chalicelib import limits
from chalicelib.callbacks import delivery, webhooks
from chalicelib.callbacks.delivery import RetryIn
from chalicelib.callbacks.webhook_post import Answer
from chalicelib.jobs.callback import Outcome

MASTER = b"a master secret of this test"
NOW_MS = 1_445_412_480_000  # 2015-10-21T07:28:00Z


def judge(status: int | None, attempts: int = 1, retry_after: str = "") -> Outcome | RetryIn:
    """Without jitter."""
    answer = None if status is None else Answer(status, retry_after)
    return delivery.judge(answer, attempts=attempts, jitter=0.5, now_ms=NOW_MS)


def test_signature_is_the_one_that_the_specification_publishes() -> None:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests"""
    signed = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_s=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secret_is_32_bytes_that_belong_to_one_tenant_and_one_master() -> None:
    """The specification asks for 24 to 64 bytes."""
    secret = webhooks.secret(MASTER, "one")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret == webhooks.secret(MASTER, "one")
    assert len({secret, webhooks.secret(MASTER, "two"), webhooks.secret(b"other", "one")}) == 3


def test_rotation_signs_with_both_secrets_the_new_one_first() -> None:
    secrets = [webhooks.secret(b"new", "one"), webhooks.secret(b"old", "one")]
    told = {"message_id": "m", "timestamp_s": 1, "body": b"{}"}
    headers = webhooks.headers(secrets, **told)  # type: ignore[arg-type]
    assert headers == {
        "webhook-id": "m",
        "webhook-timestamp": "1",
        "webhook-signature": " ".join(webhooks.signature(s, **told) for s in secrets),  # type: ignore[arg-type]
    }


def test_what_is_no_secret_is_told() -> None:
    with pytest.raises(webhooks.SecretError):
        webhooks.signature("whsec_not base64!", message_id="m", timestamp_s=1, body=b"")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert judge(status) is Outcome.DELIVERED


@pytest.mark.parametrize("status", [None, 300, 301, 302, 307, 308, 304, 400, 401, 404, 429, 500])
def test_anything_else_is_tried_again_and_a_redirect_not_followed(status: int | None) -> None:
    assert judge(status) == RetryIn(5)


def test_gone_stops_at_once() -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#name-410-gone"""
    assert judge(410) is Outcome.FAILED


def test_waits_grow_from_seconds_to_hours_and_end_after_seven_attempts() -> None:
    waits = [judge(500, attempts) for attempts in range(1, 8)]
    hour = 3_600
    expected = [5, 300, 1_800, 2 * hour, 5 * hour, 10 * hour]
    assert waits == [*map(RetryIn, expected), Outcome.FAILED]


@pytest.mark.parametrize("attempts", range(1, 7))
def test_jitter_is_a_fifth_either_way_and_no_wait_is_longer_than_sqs_can_hide(
    attempts: int,
) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
    shortest, longest = (
        delivery.judge(None, attempts=attempts, jitter=jitter, now_ms=NOW_MS)
        for jitter in (0.0, 1.0)
    )
    wait_seconds = delivery.SCHEDULE_SECONDS[attempts]
    assert shortest == RetryIn(round(wait_seconds * 0.8))
    assert longest == RetryIn(min(round(wait_seconds * 1.2), limits.HIDE_SECONDS_MAX))


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (429, "120", 120),
        (503, " 3600 ", 3_600),
        (503, "Wed, 21 Oct 2015 07:30:00 GMT", 120),
        # never sooner than the schedule, never later than SQS can
        (429, "1", 5),
        (503, "Wed, 21 Oct 2015 07:00:00 GMT", 5),
        (429, "999999999", limits.HIDE_SECONDS_MAX),
        (429, "9" * 400, 5),
        (429, "soon", 5),
        (429, "-7", 5),
        (503, "Wed, 99 Oct 2015 07:30:00 GMT", 5),
        # others have no say
        (500, "120", 5),
        (301, "120", 5),
    ],
)
def test_retry_after_of_429_and_503_is_respected(
    status: int, retry_after: str, seconds: int
) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#name-retry-after"""
    assert judge(status, retry_after=retry_after) == RetryIn(seconds)
