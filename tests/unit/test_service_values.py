"""The service's pure parts: ids, settings, states, sizes, references."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clock import rfc3339
from chalicelib.http import representation
from chalicelib.http.http_message import HttpRequest, matches
from chalicelib.jobs import ids
from chalicelib.jobs.job_message import JobMessage
from chalicelib.jobs.model import TENANT, Failure, Job, Status
from chalicelib.settings import Settings, SettingsError
from chalicelib.store import job_item

KEY = b"a key of sixteen bytes or more"
NOW_MS = 1_767_225_600_000
ENVIRONMENT = {
    "JOBS_TABLE": "table",
    "JOBS_QUEUE": "queue",
    "JOBS_DEAD_LETTER_QUEUE": "dead",
    "CALLBACKS_QUEUE": "callbacks",
    "JOB_ID_KEY": "0123456789abcdef",
}


def job(**members: object) -> Job:
    job_id = ids.mint(KEY, TENANT, now_ms=NOW_MS, random_bits=1)
    made = {
        "id": job_id,
        "type": "text.statistics",
        "created_at_ms": NOW_MS,
        "deadline_at_ms": NOW_MS + 3_600_000,
        "max_attempts": 3,
        "expires_at_s": NOW_MS // 1000 + 608_400,
    }
    return Job(**{**made, **members})  # type: ignore[arg-type]


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**ids.RANDOM_BITS - 1))
def test_an_id_is_a_uuid_of_version_7_that_carries_its_time(now_ms: int, random_bits: int) -> None:
    """https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7"""
    made = ids.mint(KEY, TENANT, now_ms=now_ms, random_bits=random_bits)
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (7, uuid.RFC_4122)
    assert ids.created_at_ms(made) == now_ms
    assert ids.minted(KEY, TENANT, made) == made


def test_ids_sort_by_their_time() -> None:
    """Listing needs no index."""
    made = [ids.mint(KEY, TENANT, now_ms=ms, random_bits=5) for ms in (1, 2, 3_000_000_000)]
    assert made == sorted(made)


@pytest.mark.parametrize("position", [0, 9, 15, 20, 25, 35])
def test_an_id_with_one_letter_changed_was_not_made_here(position: int) -> None:
    """The tag covers time and random part; it is itself compared whole."""
    made = ids.mint(KEY, TENANT, now_ms=NOW_MS, random_bits=12_345)
    other = "0" if made[position] != "0" else "1"
    assert ids.minted(KEY, TENANT, made[:position] + other + made[position + 1 :]) is None


def test_an_id_belongs_to_its_key_and_tenant() -> None:
    """Neither another deployment nor another tenant can use it."""
    made = ids.mint(KEY, TENANT, now_ms=NOW_MS, random_bits=1)
    assert ids.minted(KEY, "another", made) is None
    assert ids.minted(KEY + b"!", TENANT, made) is None


@pytest.mark.parametrize(
    "text", ["", "x", "{}", "019b76da-a800-7c26-8315-c850b74cc129\n", "\u0660" * 36]
)
def test_what_is_no_uuid_is_no_id(text: str) -> None:
    """Nothing is parsed that does not have the form."""
    assert ids.minted(KEY, TENANT, text) is None


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_missing_variable_is_named(name: str) -> None:
    """And where to put it."""
    with pytest.raises(SettingsError, match=rf"{name} is not set: .*config.json"):
        Settings.from_environment({**ENVIRONMENT, name: ""})


def test_a_short_key_is_refused() -> None:
    """It could be guessed."""
    with pytest.raises(SettingsError, match="JOB_ID_KEY has 3 bytes"):
        Settings.from_environment({**ENVIRONMENT, "JOB_ID_KEY": "abc"})


@pytest.mark.parametrize(
    ("members", "executed"),
    [
        ({}, "never"),
        ({"status": Status.RUNNING, "attempt": 1}, "maybe"),
        ({"status": Status.SUCCEEDED, "attempt": 1}, "yes"),
        ({"status": Status.FAILED, "failure": Failure("deadline-exceeded", "")}, "never"),
        (
            {"status": Status.FAILED, "attempt": 1, "failure": Failure("deadline-exceeded", "")},
            "maybe",
        ),
        ({"status": Status.FAILED, "attempt": 1, "failure": Failure("handler-error", "")}, "yes"),
        ({"status": Status.FAILED, "attempt": 1, "failure": Failure("unknown-type", "")}, "never"),
    ],
)
def test_executed_tells_whether_submitting_again_is_safe(
    members: dict[str, object], executed: str
) -> None:
    """``never`` only if no task was started, ``maybe`` where nobody knows its end."""
    assert job(**members).executed == executed


def test_an_accepted_job_is_a_small_item() -> None:
    """A write unit is 1 KB; a job stays near a sixth of it."""
    assert job_item.item_bytes(job_item.encode_new(job())) <= 175


def test_an_item_is_measured_as_dynamodb_does() -> None:
    """Names and values in UTF-8, numbers about half a byte a digit, three bytes for a list."""
    item: job_item.Item = {
        "a": {"S": "é"},
        "n": {"N": "1234"},
        "l": {"L": [{"N": "12"}]},
        "b": {"B": b"123"},
    }
    assert job_item.item_bytes(item) == (1 + 2) + (1 + 3) + (1 + 3 + 1 + 2) + (1 + 3)


@pytest.mark.parametrize(
    ("age_seconds", "wait_seconds"),
    [(-1, 1), (0, 1), (3, 1), (3.1, 2), (30, 10), (90, 30), (10_000, 30)],
)
def test_clients_are_asked_to_wait_a_third_of_the_job_s_age(
    age_seconds: float, wait_seconds: int
) -> None:
    """At least a second, at most thirty."""
    assert representation.retry_after_seconds(age_seconds) == wait_seconds


@pytest.mark.parametrize(
    ("route", "root"), [("/jobs", ""), ("/jobs/{id}", "../"), ("/jobs/{id}/result", "../../")]
)
def test_references_lead_from_the_answer_s_own_url(route: str, root: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc3986#section-5.2"""
    assert HttpRequest(route=route, headers={}).root == root


@pytest.mark.parametrize(
    ("header", "known"), [("*", True), ('W/"v1", "v2"', True), ('"v3"', False), ("", False)]
)
def test_if_none_match_is_compared_weakly(header: str, known: bool) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match"""
    request = HttpRequest(route="/jobs/{id}", headers={"if-none-match": header})
    assert matches(request, '"v2"') is known


def test_times_are_rfc_3339_in_utc_with_milliseconds() -> None:
    """Also those that a float would round."""
    assert rfc3339(NOW_MS + 1) == "2026-01-01T00:00:00.001Z"


@given(st.text().map(lambda text: text.encode("utf-8", "ignore").decode()))
def test_a_message_reads_back_as_it_was_written(text: str) -> None:
    """Whatever JSON text the input is."""
    raw = JobMessage.decode(JobMessage(id="x", input=_raw(text)).encode()).input
    assert JobMessage(id="x", input=raw).encode() == JobMessage(id="x", input=_raw(text)).encode()


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))
