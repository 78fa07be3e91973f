"""The receiver's side, as the examples and the documents show it."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.callbacks import webhooks

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path(__file__).parents[2] / "examples/webhooks/callback_receiver.py"
NEW, OLD = (webhooks.secret(master, "one") for master in (b"new", b"old"))
NOW_S = 1_614_265_330


def load() -> Any:
    spec = importlib.util.spec_from_file_location(FILE.stem, FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def is_ours(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    monkeypatch.setattr(time, "time", lambda: NOW_S)
    function: Callable[..., bool] = load().is_ours
    return function


def sent(*secrets: str, at_s: int = NOW_S, body: bytes = b"{}") -> dict[str, str]:
    return webhooks.headers(secrets, message_id="m.succeeded", timestamp_s=at_s, body=body)


def test_receiver_accepts_the_signature_that_the_specification_publishes(
    is_ours: Callable[..., bool],
) -> None:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests"""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert is_ours(headers, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


@pytest.mark.parametrize(
    ("signing", "knowing"),
    [([NEW], [NEW]), ([NEW, OLD], [OLD]), ([NEW, OLD], [NEW]), ([OLD], [NEW, OLD])],
)
def test_rotation_needs_one_secret_in_common(
    is_ours: Callable[..., bool], signing: list[str], knowing: list[str]
) -> None:
    """So neither side has to change at the same moment as the other."""
    assert is_ours(sent(*signing), b"{}", knowing)


@pytest.mark.parametrize("off_s", [-300, 300])
def test_clocks_may_differ_by_five_minutes(is_ours: Callable[..., bool], off_s: int) -> None:
    assert is_ours(sent(NEW, at_s=NOW_S + off_s), b"{}", [NEW])
    further_s = off_s + off_s // 300
    assert not is_ours(sent(NEW, at_s=NOW_S + further_s), b"{}", [NEW])


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "other.succeeded"},
        {"webhook-timestamp": str(NOW_S + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": sent(OLD)["webhook-signature"]},
        {"webhook-signature": sent(NEW)["webhook-signature"].replace("v1,", "v2,")},
    ],
)
def test_what_is_not_ours_is_refused(is_ours: Callable[..., bool], changed: dict[str, str]) -> None:
    assert not is_ours({**sent(NEW), **changed}, b"{}", [NEW])
    assert not is_ours({}, b"{}", [NEW])


def test_other_body_is_refused(is_ours: Callable[..., bool]) -> None:
    assert not is_ours(sent(NEW), b"{} ", [NEW])
