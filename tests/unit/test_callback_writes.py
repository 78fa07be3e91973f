"""What is written of a callback: fenced by its count of attempts, of ended jobs only."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib import limits
from chalicelib.jobs import transitions
from chalicelib.jobs.expressions import AnyOf
from chalicelib.jobs.model import TERMINAL, Status
from chalicelib.store import callback_writes

NOW_MS = 1_767_225_600_000
LATE_MS = NOW_MS - limits.CALLBACK_LATE_SECONDS * 1000
GIVEN = {
    **transitions.CONSTANTS,
    ":zero": 0,
    ":tries": 2,
    ":next": NOW_MS + 5_000,
    ":outcome": "delivered",
    ":now": NOW_MS,
    ":late": LATE_MS,
}
WRITES = {
    "retry": callback_writes.RETRY,
    "end": callback_writes.END,
    "again": callback_writes.AGAIN,
    "requeue": callback_writes.REQUEUE,
}


def item(status: Status = Status.SUCCEEDED, **fields: Any) -> dict[str, object]:
    """An ended job whose callback was tried twice, the last time long ago."""
    return {"s": status.value, "v": 5, "f": 1, "b": b"[]", "ba": 2, "bn": 1, **fields}


def allowed(write: str, held: dict[str, object]) -> bool:
    return WRITES[write].condition.holds(held, GIVEN)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("status", Status)
def test_only_an_end_is_told(write: str, status: Status) -> None:
    assert allowed(write, item(status)) is (status in TERMINAL)


@pytest.mark.parametrize("write", ["retry", "end"])
def test_a_delivery_that_another_has_overtaken_is_not_recorded(write: str) -> None:
    """By its count, or because it has come to an end."""
    assert not allowed(write, item(ba=3))
    assert not allowed(write, item(ba=0))
    assert not allowed(write, item(bo="failed"))


def test_telling_again_starts_from_nothing() -> None:
    """Whatever was before; but a job without a callback has none to begin with."""
    ended = item(bo="failed")
    assert allowed("again", ended)
    assert callback_writes.AGAIN.change.applied(ended, GIVEN) == {
        "s": "succeeded", "v": 6, "f": 1, "b": b"[]", "ba": 0,
    }  # fmt: skip
    assert not allowed("again", {"s": "succeeded", "v": 3, "f": 1})


@pytest.mark.parametrize(
    ("fields", "late"),
    [
        ({"bn": LATE_MS}, True),
        ({"bn": LATE_MS + 1}, False),
        ({"bn": LATE_MS, "bo": "delivered"}, False),
        ({"bn": None, "f": LATE_MS}, True),
        ({"bn": None, "f": LATE_MS + 1}, False),
    ],
)
def test_a_callback_is_late_some_time_after_it_was_expected(
    fields: dict[str, Any], late: bool
) -> None:
    """The first one is expected at the end of the job."""
    held = {name: value for name, value in item(**fields).items() if value is not None}
    assert allowed("requeue", held) is late


def test_queueing_again_is_noted_so_that_the_next_sweep_does_not() -> None:
    queued = callback_writes.REQUEUE.change.applied(item(), GIVEN)
    assert not allowed("requeue", queued)


@pytest.mark.parametrize("write", WRITES)
def test_every_write_changes_the_version(write: str) -> None:
    """The job's document shows what it changes, so its ETag must change too."""
    assert WRITES[write].change.applied(item(), GIVEN)["v"] == 6


def test_the_sweeps_filter_has_no_needless_parentheses() -> None:
    """DynamoDB refuses them ("The expression has redundant parentheses"), moto does not."""
    both = AnyOf((transitions.write("expire").condition, callback_writes.LATE))
    for condition in (both, *(write.condition for write in WRITES.values())):
        groups = re.findall(r"(?<!exists)(?<!IN )\(((?:[^()]|\([^()]*\))*)\)", condition.text())
        assert all(" OR " in group for group in groups)
