"""Expired rows go away, as DynamoDB promises within a few days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.dynamodb.models import dynamodb_backends

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import Cloud
from emulator.cloud.time_to_live import SWEEP_EVERY_SECONDS, TimeToLiveSweeper
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = VirtualClock.START_MS // 1000


@pytest.fixture(scope="module")
def dynamodb() -> Any:
    return boto3.session.Session().client("dynamodb", region_name="us-east-1")


@pytest.fixture
def sweeper(dynamodb: Any) -> Iterator[TimeToLiveSweeper]:
    clock = VirtualClock()
    journal = Journal(clock)
    with in_process.answering(Cloud(clock, journal)):
        dynamodb.create_table(
            TableName="rows",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        tables = dynamodb_backends["123456789012"]["us-east-1"].tables
        yield TimeToLiveSweeper(lambda: list(tables.values()), journal, clock.now_ms())


def enable(dynamodb: Any) -> None:
    dynamodb.update_time_to_live(
        TableName="rows", TimeToLiveSpecification={"AttributeName": "x", "Enabled": True}
    )


def put(dynamodb: Any, key: str, expires: dict[str, str]) -> None:
    dynamodb.put_item(TableName="rows", Item={"pk": {"S": key}, "x": expires})


def left(dynamodb: Any) -> set[str]:
    return {item["pk"]["S"] for item in dynamodb.scan(TableName="rows")["Items"]}


def test_row_is_deleted_once_its_time_is_past(dynamodb: Any, sweeper: TimeToLiveSweeper) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""
    enable(dynamodb)
    due_seconds = START_SECONDS + SWEEP_EVERY_SECONDS
    put(dynamodb, "past", {"N": str(due_seconds - 1)})
    put(dynamodb, "future", {"N": str(due_seconds + 1)})
    put(dynamodb, "text", {"S": "1"})
    put(dynamodb, "ancient", {"N": "1"})

    sweeper.step(due_seconds * 1000)

    assert left(dynamodb) == {"future", "text", "ancient"}


def test_nothing_is_deleted_before_the_sweep_or_without_the_setting(
    dynamodb: Any, sweeper: TimeToLiveSweeper
) -> None:
    put(dynamodb, "past", {"N": str(START_SECONDS - 1)})
    due_ms = sweeper.next_due_ms(VirtualClock.START_MS)

    sweeper.step(due_ms or 0)
    enable(dynamodb)
    sweeper.step((due_ms or 0) + 1)

    assert left(dynamodb) == {"past"}
