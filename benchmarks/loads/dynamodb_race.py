"""Counters that many threads raise in three ways; every acknowledged change must be found."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING, Any

from benchmarks.loads import clouds
from benchmarks.loads.threads import CALL_ERRORS, at_once

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLE = "race"
_TRIES = 40


def run() -> dict[str, dict[str, int]]:
    """What each way acknowledged and left behind; ``wrong`` is what does not add up."""
    dynamodb = clouds.client("dynamodb")
    dynamodb.create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return {
        "add": _race(dynamodb, "add", _add),
        "compare_and_swap": _race(dynamodb, "compare-and-swap", _compare_and_swap),
        "transactions": _race_for_keys(dynamodb),
    }


def _race(dynamodb: Any, key: str, change: Callable[[Any, str], object]) -> dict[str, int]:
    dynamodb.put_item(TableName=_TABLE, Item={"pk": {"S": key}, "n": {"N": "0"}})

    def work(_: int) -> tuple[int, int]:
        seen = [_outcome(dynamodb, lambda: change(dynamodb, key)) for _ in range(_TRIES)]
        return seen.count("ok"), seen.count("error")

    acknowledged, errors = map(sum, zip(*at_once(work), strict=True))
    found = _number(dynamodb, key)
    return {
        "acknowledged": acknowledged,
        "found": found,
        "errors": errors,
        # a call that failed may have had its effect, or not
        "wrong": max(0, acknowledged - found, found - acknowledged - errors),
    }


def _add(dynamodb: Any, key: str) -> None:
    dynamodb.update_item(
        TableName=_TABLE,
        Key={"pk": {"S": key}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def _compare_and_swap(dynamodb: Any, key: str) -> None:
    before = _number(dynamodb, key)
    dynamodb.update_item(
        TableName=_TABLE,
        Key={"pk": {"S": key}},
        UpdateExpression="SET n = :after",
        ConditionExpression="n = :before",
        ExpressionAttributeValues={
            ":before": {"N": str(before)},
            ":after": {"N": str(before + 1)},
        },
    )


def _race_for_keys(dynamodb: Any) -> dict[str, int]:
    """Every thread tries to be the one that puts each key and raises the counter with it."""
    dynamodb.put_item(TableName=_TABLE, Item={"pk": {"S": "won"}, "n": {"N": "0"}})

    def work(number: int) -> tuple[list[str], int]:
        keys = random.Random(number).sample([f"key-{n}" for n in range(_TRIES)], _TRIES)
        seen = [(key, _outcome(dynamodb, functools.partial(_win, dynamodb, key))) for key in keys]
        return [k for k, how in seen if how == "ok"], sum(how == "error" for _, how in seen)

    outcomes = at_once(work)
    won = [key for keys, _ in outcomes for key in keys]
    errors = sum(errors for _, errors in outcomes)
    found = _number(dynamodb, "won")
    miscounted = max(0, len(won) - found, found - len(won) - errors)
    return {
        "acknowledged": len(won),
        "found": found,
        "errors": errors,
        "won_twice": len(won) - len(set(won)),
        "wrong": miscounted + len(won) - len(set(won)),
    }


def _win(dynamodb: Any, key: str) -> None:
    put = {
        "TableName": _TABLE,
        "Item": {"pk": {"S": key}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    raise_counter = {
        "TableName": _TABLE,
        "Key": {"pk": {"S": "won"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"Update": raise_counter}])


def _outcome(dynamodb: Any, call: Callable[[], object]) -> str:
    """``ok``, ``refused`` by its condition, or ``error``."""
    refused = (
        dynamodb.exceptions.ConditionalCheckFailedException,
        dynamodb.exceptions.TransactionCanceledException,
    )
    try:
        call()
    except refused:
        return "refused"
    except CALL_ERRORS:
        return "error"
    return "ok"


def _number(dynamodb: Any, key: str) -> int:
    item = dynamodb.get_item(TableName=_TABLE, Key={"pk": {"S": key}}, ConsistentRead=True)
    return int(item["Item"]["n"]["N"])
