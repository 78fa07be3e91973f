"""The table of transitions means the same to Python, where it is reasoned on, as to DynamoDB."""

from __future__ import annotations

import collections
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from service_bench import Bench, bench_on

from chalicelib import transitions
from chalicelib.job_item import number
from chalicelib.model import ACTIVE, Status
from chalicelib.table import Table, WriteRefusedError
from chalicelib.transitions import TRANSITIONS, Write

if TYPE_CHECKING:
    from chalicelib.job_item import Item
    from emulator.emulator import Emulator

EVENTS = sorted({row.event for row in TRANSITIONS} - {"accept"})
NOW_MS = 1_767_225_600_000
GIVEN: dict[str, Any] = {
    **transitions.CONSTANTS,
    ":now": NOW_MS,
    ":attempt": 1,
    ":lease": NOW_MS + 62_000,
    ":started": [NOW_MS],
    ":expiry": NOW_MS // 1000 + 604_800,
}


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return bench_on(emulator)


def items() -> list[dict[str, Any]]:
    """A job in every status, an active one with and without time, attempts and a lease."""
    leases: list[dict[str, Any]] = [{}, {"l": NOW_MS - 1}, {"l": NOW_MS}]
    chances: list[dict[str, Any]] = [
        {"d": NOW_MS, "n": 1, "m": 2},
        {"d": NOW_MS + 1, "n": 1, "m": 2},
        {"d": NOW_MS + 1, "n": 2, "m": 2},
    ]
    kept = {"v": 2, "h": [NOW_MS - 5], "x": NOW_MS, "p": 1, "u": 0, "e": 1}
    return [
        {"pk": "T#a#0", "sk": "J#1", **kept, "s": status.value, **chance, **lease}
        for status, chance, lease in itertools.product(Status, chances, leases)
        if status in ACTIVE or (chance, lease) == (chances[0], leases[0])
    ]


def typed(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"L": [typed(item) for item in value]}
    return {"S": value} if isinstance(value, str) else number(value)


def test_dynamodb_makes_of_every_event_what_the_table_says(bench: Bench) -> None:
    """Whether it is allowed, and what the item is afterwards."""
    table = Table(bench.clients, bench.settings.jobs_table)
    values = {name: typed(value) for name, value in GIVEN.items()}
    allowed = collections.Counter[str]()
    for item in items():
        stored = {name: typed(value) for name, value in item.items()}
        table.put(stored)
        for event in EVENTS:
            write = transitions.write(event)
            if not write.condition.holds(item, GIVEN):
                with pytest.raises(WriteRefusedError):
                    update(table, write, stored, values=values)
                continue
            allowed[event] += 1
            made = update(table, write, stored, values=values)
            expected = write.change.applied(item, GIVEN)
            assert made == {name: typed(value) for name, value in expected.items()}
            table.put(stored)
    assert set(allowed) == set(EVENTS)


def update(table: Table, write: Write, stored: Item, *, values: Item) -> Item:
    key = {name: stored[name] for name in ("pk", "sk")}
    return table.update(key, write.condition, change=write.change, values=values)
