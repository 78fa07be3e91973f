"""One job's life on the real service, with everything going wrong once, and twice.

``SIMULATE_EVERY=1`` tries all pairs of faults, which takes minutes; else it is a part of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aws_faults import Fault, plans_of
from job_run import DEAD_LETTER, WORKED_ON, Kind, World, run

from chalicelib.jobs import transitions
from chalicelib.requests.accepting import Acceptor
from chalicelib.work import batch, failing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chalice.config import Config
    from job_run import Ran

    from chalicelib.jobs.expressions import Condition
    from chalicelib.requests.accepting import Accepted
    from chalicelib.requests.submission import Order
    from emulator.declared.project import Project

#: One pair of so many is tried; a prime, so that no kind of fault is left out.
EVERY = int(os.environ.get("SIMULATE_EVERY", "61"))

Plan = dict[str, Fault]
Live = Callable[..., "Ran"]


@pytest.fixture(autouse=True)
def table_as_it_is() -> Iterator[None]:
    """The writes are made from the table once; a test that changes it must not leave them so."""
    yield
    transitions.write.cache_clear()


@pytest.fixture
def live(chalice_config: Config, chalice_project: Project) -> Live:
    """Lives one job through under a plan."""

    def lived(plan: Mapping[str, Fault], kind: Kind = WORKED_ON) -> Ran:
        with pytest.MonkeyPatch.context() as patch:
            return run(World(chalice_config, chalice_project, kind), plan, patch)

    return lived


def singles(undisturbed: Ran) -> Iterator[Plan]:
    """Each fault of each call of an undisturbed life."""
    for call in undisturbed.reached:
        for name, fault in plans_of(call):
            yield {name: fault}


def seconds(first: Plan, after_first: Ran) -> Iterator[Plan]:
    """Each fault of each call that comes after the first fault, in the life it led to."""
    (at,) = first
    for call in after_first.reached[after_first.reached.index(at) + 1 :]:
        for name, fault in plans_of(call):
            yield {**first, name: fault}


def test_an_undisturbed_life_has_no_finding(live: Live) -> None:
    lived = live({})
    assert (lived.findings, lived.fired) == ([], [])


def test_no_fault_and_no_two_break_a_promise(live: Live) -> None:
    """Every single fault, and of the ordered pairs one in EVERY; all of them happened."""
    tried: set[Fault] = set()
    pairs = 0
    for first in singles(live({})):
        after_first = live(first)
        assert (first, after_first.findings) == (first, [])
        for pair in seconds(first, after_first):
            pairs += 1
            if pairs % EVERY == 0:
                lived = live(pair)
                assert (pair, lived.findings) == (pair, [])
                assert set(lived.fired) == set(pair)
                tried |= set(pair.values())
    assert tried == set(Fault)


def test_no_fault_keeps_a_dead_letter_from_giving_its_job_an_end(live: Live) -> None:
    """The worker never starts, and everything goes wrong once with what follows from that."""
    undisturbed = live({}, DEAD_LETTER)
    assert any(call.startswith("fail_dead_letters") for call in undisturbed.reached)
    for plan in singles(undisturbed):
        if next(iter(plan)).startswith("fail_dead_letters"):
            lived = live(plan, DEAD_LETTER)
            assert (plan, lived.findings, lived.fired) == (plan, [], list(plan))


def promises_too_early(patch: pytest.MonkeyPatch) -> None:
    """202 even if the message was not sent."""
    patch.setattr(Acceptor, "enqueue", _ignoring_errors(Acceptor.enqueue))


def replays_send_nothing(patch: pytest.MonkeyPatch) -> None:
    """A replay believes that the first request sent the message."""
    enqueue = Acceptor.enqueue

    def only_new(self: Acceptor, recorded: Sequence[tuple[Accepted, Order]]) -> Any:
        new = [pair for pair in recorded if not pair[0].replayed]
        return enqueue(self, new) if new else [None]

    patch.setattr(Acceptor, "enqueue", only_new)


def keys_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Each POST makes a job."""
    patch.setattr(
        Acceptor, "_record_once", lambda self, tenant, order, key: self._record_new(tenant, order)
    )


def duplicates_are_acknowledged(patch: pytest.MonkeyPatch) -> None:
    """A message whose job is at work elsewhere is taken for done."""
    settle = failing.settle
    patch.setattr(failing, "settle", lambda *given, **more: settle(*given, **more) or True)


def outages_are_acknowledged(patch: pytest.MonkeyPatch) -> None:
    """A message is done with although the table did not answer."""
    handled = batch._handled
    patch.setattr(batch, "_handled", lambda *given: handled(*given) or True)


def nobody_is_fenced(patch: pytest.MonkeyPatch) -> None:
    """A worker's write does not ask whose attempt it is."""
    _drop(patch, transitions._SAME_ATTEMPT, "succeed")


def leases_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """A claim does not ask whether anybody is at work."""
    _drop(patch, transitions._LEASE_PASSED, "claim")


@pytest.mark.parametrize(
    ("breaks", "plan"),
    [
        (promises_too_early, {"POST send_message 1": Fault.REFUSED}),
        (replays_send_nothing, {"POST send_message 1": Fault.DIES_BEFORE}),
        (keys_are_forgotten, {"POST send_message 1": Fault.LOST}),
        (duplicates_are_acknowledged, {"process_jobs update_item 2": Fault.MEANWHILE}),
        (outages_are_acknowledged, {"process_jobs update_item 1": Fault.REFUSED}),
        (leases_are_ignored, {"process_jobs update_item 2": Fault.MEANWHILE}),
        (
            nobody_is_fenced,
            {
                "process_jobs update_item 5": Fault.OVERTAKEN,
                "process_jobs update_item 6": Fault.DIES_AFTER,
            },
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_service_broken_on_purpose_is_found_out(
    live: Live,
    monkeypatch: pytest.MonkeyPatch,
    breaks: Callable[[pytest.MonkeyPatch], None],
    plan: Plan,
) -> None:
    """By faults that the service as it is gets over."""
    assert live(plan).findings == []
    breaks(monkeypatch)
    assert live(plan).findings


def _ignoring_errors(enqueue: Callable[..., list[Any]]) -> Callable[..., list[None]]:
    return lambda self, recorded: [None for _ in enqueue(self, recorded)]


def _drop(patch: pytest.MonkeyPatch, condition: Condition, event: str) -> None:
    """Let the writes of ``event`` not require ``condition``."""
    rows = tuple(
        msgspec.structs.replace(row, conditions=tuple(c for c in row.conditions if c != condition))
        if row.event == event
        else row
        for row in transitions.TRANSITIONS
    )
    patch.setattr(transitions, "TRANSITIONS", rows)
    transitions.write.cache_clear()
