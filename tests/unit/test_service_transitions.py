"""The table of state transitions: complete, fenced, and the same to Python as to DynamoDB."""

from __future__ import annotations

import re

import pytest

from chalicelib.jobs import transitions
from chalicelib.jobs.model import ACTIVE, TERMINAL, Status
from chalicelib.jobs.transitions import HOLDER, TRANSITIONS, write

EVENTS = sorted({row.event for row in TRANSITIONS} - {"accept"})
NOW_MS = 1_767_225_600_000
GIVEN = {
    **transitions.CONSTANTS,
    ":now": NOW_MS,
    ":now_s": NOW_MS // 1000,
    ":attempt": 1,
    ":lease": NOW_MS + 62_000,
    ":started": [NOW_MS],
    ":expiry": NOW_MS // 1000 + 604_800,
}


def item(status: Status, **fields: int) -> dict[str, object]:
    """A job with a minute left, one attempt made and nobody at work."""
    held = {"d": NOW_MS + 60_000, "m": 3, "n": 1, "v": 2, "h": [NOW_MS - 1], "x": NOW_MS // 1000}
    return {"pk": "T#public#0", "s": status.value, **held, **fields}


def allowed(event: str, status: Status, **fields: int) -> bool:
    return write(event).condition.holds(item(status, **fields), GIVEN)


@pytest.mark.parametrize("event", EVENTS)
def test_rows_of_one_event_lead_to_one_status(event: str) -> None:
    """They are one write, and it sets one status."""
    assert len({row.target for row in TRANSITIONS if row.event == event}) == 1
    assert "v" in write(event).change.sets


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_every_active_status_ends_by_its_deadline_whoever_is_at_work(status: Status) -> None:
    """No timer is needed: the first who looks ends it."""
    assert not allowed("expire", status, l=NOW_MS + 1)
    assert allowed("expire", status, d=NOW_MS, l=NOW_MS + 1)


def test_an_end_is_only_ever_followed_by_its_deletion() -> None:
    for row in TRANSITIONS:
        if set(row.sources) & TERMINAL:
            assert (row.event, row.target) == ("purge", Status.PURGED)
        assert Status.PURGED not in row.sources


@pytest.mark.parametrize("event", sorted({row.event for row in TRANSITIONS if row.actor == HOLDER}))
def test_a_worker_of_another_attempt_changes_nothing(event: str) -> None:
    """The fence: whatever the status, and whether or not a lease has passed."""
    for status in Status:
        assert not allowed(event, status, n=2)


@pytest.mark.parametrize("event", ["fail-abandoned", "cancel", "stop-abandoned", "claim"])
@pytest.mark.parametrize("status", [Status.RUNNING, Status.CANCELING])
def test_nobody_ends_or_takes_what_somebody_works_on(event: str, status: Status) -> None:
    """A lease that has passed, or was given back, frees the job."""
    assert not allowed(event, status, l=NOW_MS)
    possible = status in {s for row in TRANSITIONS if row.event == event for s in row.sources}
    assert allowed(event, status, l=NOW_MS - 1) is possible
    assert allowed(event, status) is possible


def test_work_that_was_done_although_it_should_stop_has_succeeded() -> None:
    """The status says what happened to the work."""
    assert allowed("succeed", Status.CANCELING, l=NOW_MS + 1)


def test_a_job_that_is_to_stop_is_not_started_again() -> None:
    assert not allowed("claim", Status.CANCELING)
    assert not allowed("release", Status.CANCELING)


def test_a_claim_is_one_attempt_more_with_a_lease() -> None:
    claimed = write("claim").change.applied(item(Status.RUNNING, p=1), GIVEN)
    assert claimed == {
        **item(Status.RUNNING),
        "n": 2,
        "v": 3,
        "l": GIVEN[":lease"],
        "h": [NOW_MS - 1, NOW_MS],
    }


@pytest.mark.parametrize("event", EVENTS)
def test_expressions_have_no_needless_parentheses(event: str) -> None:
    """DynamoDB refuses them ("The expression has redundant parentheses"), moto does not."""
    text = write(event).condition.text()
    groups = re.findall(r"(?<!exists)(?<!IN )\(((?:[^()]|\([^()]*\))*)\)", text)
    assert all(" OR " in group for group in groups)
