"""The checker itself, on systems small enough to count by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker import Actors, Exploration, Liveness, Step

if TYPE_CHECKING:
    from collections.abc import Iterator


def increments(own: str, shared: int) -> Iterator[Step]:
    """A counter read in one step and written in another."""
    if own == "new":
        yield Step("reads", f"read {shared}", shared)
    elif own.startswith("read"):
        yield Step("writes", "done", int(own.split()[1]) + 1)


def never_two(before: int, event: str, after: int) -> bool:
    return after != 2


def never_back(before: int, event: str, after: int) -> bool:
    return after >= before and (event != "writes" or after > before)


def test_every_order_of_two_actors_is_explored_once() -> None:
    """Two that are alike count as one until they differ."""
    explored = Exploration([Actors("counter", "new", increments, 2)], 0, {})
    assert (explored.states, explored.steps) == (8, 7)


def test_a_lost_update_is_found_by_the_shortest_way() -> None:
    explored = Exploration([Actors("counter", "new", increments, 2)], 0, {"grows": never_back})
    assert explored.broken == {"grows": ["reads", "reads", "writes", "writes"]}


def test_what_lies_behind_a_broken_promise_is_not_explored() -> None:
    explored = Exploration([Actors("counter", "new", increments, 2)], 0, {"below": never_two})
    assert explored.broken["below"] == ["reads", "writes", "reads", "writes"]
    assert explored.shared == [0, 1, 2]


def wanders(own: str, shared: int) -> Iterator[Step]:
    """Goes home or into a trap from which only a rescue leads home."""
    if shared == 0:
        yield Step("goes home", own, 1)
        yield Step("falls", own, 2)
    elif shared == 2:
        yield Step("is rescued", own, 1)


def gets_home(*helping: str) -> Liveness:
    return Liveness(
        promised=lambda shared: True,
        kept=lambda shared: bool(shared == 1),
        helping=lambda event: event in helping,
    )


def test_a_state_without_a_way_out_is_found() -> None:
    explored = Exploration([Actors("walker", "", wanders)], 0, {})
    assert explored.stranded(gets_home("goes home")) == ["falls"]
    assert explored.stranded(gets_home("goes home", "is rescued")) == []
