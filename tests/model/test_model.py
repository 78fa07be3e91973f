"""The promises of one job's life in every order of events, and what each rule is there for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest
from checker import Exploration
from job_life import Life, Rule, Scope, Shared
from job_record import Table
from promises import LIVENESS, SAFETY

from chalicelib.jobs.transitions import TRANSITIONS

if TYPE_CHECKING:
    from checker import Liveness

RELIABILITY = Path(__file__).parents[2] / "docs" / "reliability.md"
#: Parts of the whole in which what a rule is for can happen; the smaller, the sooner found.
BARE = Scope(canceler=False, late=False, deleter=False)
CANCELER = Scope(canceler=True, late=False, deleter=False)
READER = Scope(canceler=False, late=True, deleter=False)

#: Conditions without which the model breaks no promise, and why they are there all the same.
SPARE = {
    "accept: attribute_not_exists(pk) OR x <= :now_s": "a model of one job has no second record",
    "claim queued: n < m": "a queued job has had no attempt, so it has one left",
    "progress running: n = :attempt": "it writes nothing, and its answer says whose the job is",
    "fail-abandoned queued: n = :attempt": "a queued job has had no attempt",
    "fail-abandoned running: n = :attempt": "the failure told is that of the attempt named",
    "fail-abandoned running: attribute_not_exists(l) OR l < :now": "who writes has seen it pass",
    "stop-abandoned canceling: attribute_not_exists(l) OR l < :now": "who writes has seen it pass",
    "expire queued: d <= :now": "who writes has seen it pass",
}


class Whole(NamedTuple):
    life: Life
    explored: Exploration


def explore(life: Life, safety: dict[str, Any] = SAFETY) -> Exploration:
    return Exploration(life.actors, Shared(), safety)


@pytest.fixture(scope="module")
def whole() -> Whole:
    life = Life(Scope())
    return Whole(life, explore(life))


def counterexample(life: Life, promise: str) -> list[str]:
    """The shortest way to where a promise is broken; empty if it never is."""
    if promise in SAFETY:
        return explore(life, {promise: SAFETY[promise]}).broken.get(promise, [])
    return explore(life, {}).stranded(LIVENESS[promise])


def test_no_step_breaks_a_promise(whole: Whole) -> None:
    assert whole.explored.broken == {}


@pytest.mark.parametrize("liveness", LIVENESS.values(), ids=LIVENESS.keys())
def test_no_state_is_without_a_way_out(whole: Whole, liveness: Liveness) -> None:
    assert whole.explored.stranded(liveness) == []


def test_every_row_of_the_transition_table_is_used(whole: Whole) -> None:
    """A row that nothing uses would be held to nothing."""
    assert whole.life.table.used == set(range(len(TRANSITIONS)))


def test_the_documents_have_the_model_s_figures(whole: Whole) -> None:
    figures = re.search(r"([\d,]+) states and ([\d,]+) steps", RELIABILITY.read_text())
    assert figures
    assert figures.groups() == (f"{whole.explored.states:,}", f"{whole.explored.steps:,}")


@pytest.mark.parametrize(
    "event",
    [
        "post finds the job recorded",
        "SQS gives up on the message",
        "SQS gives up on it too early",
        "worker finds it at work elsewhere",
        "attempt 1 finds that it is over",
        "attempt 2 writes succeed",
        "worker writes fail-abandoned",
        "worker writes stop-abandoned",
        "worker is refused and leaves the message",
        "worker sends the callback and dies",
        "dead-letter handler finds it at work elsewhere",
        "dead-letter handler writes fail-abandoned",
        "dead-letter handler writes stop-abandoned",
        "dead-letter handler writes expire",
        "dead-letter handler is refused and leaves the message",
        "canceler is refused",
        "reader writes the deadline",
    ],
)
def test_what_can_go_wrong_does(whole: Whole, event: str) -> None:
    """A model in which it does not would prove nothing."""
    assert event in whole.explored.events


@pytest.mark.parametrize(
    ("rule", "promise", "scope"),
    [
        (Rule.ANSWER_LAST, "accepted_job_ends", BARE),
        (Rule.REPLAY_SENDS, "accepted_job_ends", BARE),
        (Rule.REPLAY_SENDS_FOR_CALLBACK, "callback_is_sent", CANCELER),
        (Rule.FENCING, "result_is_of_the_current_attempt", BARE),
        (Rule.FENCING, "attempt_that_is_over_changes_nothing", BARE),
        (Rule.LEASE, "attempts_do_not_overlap", BARE),
        (Rule.DUPLICATE_IS_LEFT, "accepted_job_ends", BARE),
        (Rule.STALE_IS_LEFT, "accepted_job_ends", BARE),
        (Rule.ACKNOWLEDGE_LAST, "callback_is_sent", BARE),
        (Rule.EXPIRY_IS_WRITTEN, "end_never_changes", READER),
        (Rule.DEAD_LETTERS_END, "accepted_job_ends", BARE),
        (Rule.DEAD_LETTERS_WAIT, "live_job_is_ended_by_its_worker", BARE),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Rule) else None,
)
def test_without_a_rule_a_promise_is_broken(rule: Rule, promise: str, scope: Scope) -> None:
    """The rule is needed, and the model notices when it is missing."""
    assert counterexample(Life(scope, without={rule}), promise)


def test_the_lease_saves_work_and_is_not_what_makes_it_correct() -> None:
    """Attempts overlap without it, and everything else still holds: that is the fence's doing."""
    broken = explore(Life(BARE, without={Rule.LEASE})).broken
    assert set(broken) == {"attempts_do_not_overlap"}
    others = {name: promise for name, promise in SAFETY.items() if name not in broken}
    explored = explore(Life(BARE, without={Rule.LEASE}), others)
    assert explored.broken == {}
    assert explored.stranded(LIVENESS["accepted_job_ends"]) == []
    assert explored.stranded(LIVENESS["callback_is_sent"]) == []


def test_only_the_deadline_ends_a_record_that_nobody_was_promised() -> None:
    """A POST died before its message, and nobody repeats it. With a deadline every record ends."""
    assert counterexample(Life(BARE), "every_record_ends")[-1] == "post dies"


CONDITIONS = {
    " ".join([row.event, *[status.value for status in row.sources[:1]]])
    + f": {condition.text()}": (number, condition)
    for number, row in enumerate(TRANSITIONS)
    for condition in row.conditions
}


@pytest.mark.parametrize("name", sorted(CONDITIONS.keys() - SPARE.keys()))
def test_without_a_condition_of_the_table_a_promise_is_broken(name: str) -> None:
    """A condition that breaks nothing is among the spare ones, with its reason."""
    number, condition = CONDITIONS[name]
    rows = list(TRANSITIONS)
    left = tuple(other for other in rows[number].conditions if other != condition)
    rows[number] = msgspec.structs.replace(rows[number], conditions=left)
    scopes = (READER, CANCELER) if ":now" in name else (CANCELER, READER)
    lives = (Life(scope, table=Table(rows)) for scope in scopes)
    assert any(explore(life, {"every promise": every_promise}).broken for life in lives)


def test_the_spare_conditions_are_the_table_s() -> None:
    assert CONDITIONS.keys() > SPARE.keys()


def every_promise(before: Shared, event: str, after: Shared) -> bool:
    return all(promise(before, event, after) for promise in SAFETY.values())
