"""The model's Python reading of the transition table against what the table's text does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from checker import Exploration
from job_life import Life, Scope, Shared
from job_record import ATTEMPTS_MAX, FAST_NOW, NOW, Record, given

from chalicelib.aws import Clients
from chalicelib.jobs import transitions
from chalicelib.store.table import Table, WriteRefusedError

if TYPE_CHECKING:
    from chalicelib.store.job_item import Item
    from emulator.emulator import Emulator

KEY = {"pk": {"S": "model"}, "sk": {"S": "model"}}
EVENTS = sorted({row.event for row in transitions.TRANSITIONS} - {"accept"})


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Every record that the model reaches."""
    life = Life(Scope(late=False))
    explored = Exploration(life.actors, Shared(), {})
    found = {shared.record for shared in explored.shared if shared.record}
    return sorted(found, key=str)


def test_dynamodb_decides_and_writes_as_the_model_does(
    emulator: Emulator, records: list[Record]
) -> None:
    """For every record, event, attempt and clock; the texts are the ones the service sends."""
    table = Table(Clients(), "accepted-jobs")
    written = 0
    for record in records:
        for event in EVENTS:
            for attempt in range(ATTEMPTS_MAX + 1):
                values = given(now=FAST_NOW if event == "expire" else NOW, attempt=attempt)
                after = _by_dynamodb(table, event, record.fields(), values)
                assert after == _by_the_model(event, record.fields(), values)
                written += after is not None
    assert written > len(records)


def _by_the_model(
    event: str, fields: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any] | None:
    write = transitions.write(event)
    return write.change.applied(fields, values) if write.condition.holds(fields, values) else None


def _by_dynamodb(
    table: Table, event: str, fields: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any] | None:
    write = transitions.write(event)
    table.put({**_item(fields), **KEY})
    try:
        item = table.update(KEY, write.condition, change=write.change, values=_item(values))
    except WriteRefusedError:
        return None
    return {name: TypeDeserializer().deserialize(item[name]) for name in item.keys() - {"sk"}}


def _item(fields: dict[str, Any]) -> Item:
    return {name: TypeSerializer().serialize(value) for name, value in fields.items()}
