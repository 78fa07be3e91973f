"""Attribute values of DynamoDB, as JSON and in bytes."""

from __future__ import annotations

from typing import Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType

from emulator.cloud import attribute_value


@pytest.mark.parametrize(
    ("parts", "size_bytes"),
    [
        ([{"Id": {"N": "101"}}, {"Id": {"N": "101"}, "Message": {"S": "New item!"}}], 26),
        (
            [
                {"Id": {"N": "101"}},
                {"Id": {"N": "101"}, "Message": {"S": "This item has changed"}},
                {"Id": {"N": "101"}, "Message": {"S": "New item!"}},
            ],
            59,
        ),
        (
            [{"Id": {"N": "101"}}, {"Id": {"N": "101"}, "Message": {"S": "This item has changed"}}],
            38,
        ),
    ],
)
def test_sizes_are_those_of_the_example_event(parts: list[dict[str, Any]], size_bytes: int) -> None:
    """SizeBytes of its three records (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html)."""
    assert sum(map(attribute_value.size_bytes, parts)) == size_bytes


@pytest.mark.parametrize(
    ("value", "size_bytes"),
    [
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"N": "-1.50e10"}, 3),
        ({"B": "AP8="}, 2),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": [{"S": "a"}, {"BOOL": True}]}, 7),
        ({"M": {"k": {"S": "ab"}}}, 7),
    ],
)
def test_every_type_has_its_size(value: dict[str, Any], size_bytes: int) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    assert attribute_value.size_bytes({"x": value}) == 1 + size_bytes


def test_motos_values_are_plain_json_at_every_depth() -> None:
    value = {"M": {"l": {"L": [{"N": "1"}, {"M": {"s": {"SS": ["a"]}}}]}, "b": {"B": b"\x00"}}}

    assert attribute_value.plain({"x": DynamoType(value)}) == {
        "x": {"M": {"l": {"L": [{"N": "1"}, {"M": {"s": {"SS": ["a"]}}}]}, "b": {"B": "AA=="}}}
    }
