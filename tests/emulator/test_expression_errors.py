"""Expressions that moto trips over are answered as DynamoDB answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.clock import VirtualClock
from emulator.cloud.aws import AwsError, Cloud
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def update() -> Callable[..., Any]:
    """Updates the row ``{"pk": "one", "a": "text"}`` on a condition, with ``:n`` as 1."""
    clock = VirtualClock()
    cloud = Cloud(clock, Journal(clock))
    cloud.call(
        "dynamodb", "CreateTable", TableName="rows", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )  # fmt: skip
    row = {"pk": {"S": "one"}, "a": {"S": "text"}}
    cloud.call("dynamodb", "PutItem", TableName="rows", Item=row)

    def call(condition: str) -> Any:
        return cloud.call(
            "dynamodb", "UpdateItem", TableName="rows", Key={"pk": {"S": "one"}},
            UpdateExpression="SET b = :n", ConditionExpression=condition,
            ExpressionAttributeValues={":n": {"N": "1"}},
        )  # fmt: skip

    return call


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("a = :none", "An expression attribute value used in expression is not defined"),
        ("#none = :n", "An expression attribute name used in the document path is not defined"),
        ("a = ", "Syntax error"),
        ("a ! :n", "Syntax error"),
        (")", "Syntax error"),
    ],
)
def test_what_is_no_condition_is_a_validation_error(
    update: Callable[..., Any], condition: str, reason: str
) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CommonErrors.html"""
    with pytest.raises(AwsError) as refused:
        update(condition)

    assert refused.value.code == "ValidationException"
    assert f"Invalid ConditionExpression: {reason}" in str(refused.value)


@pytest.mark.parametrize("operator", ["< :n", "<= :n", "> :n", ">= :n", "BETWEEN :n AND :n"])
def test_values_of_two_types_are_in_no_order(update: Callable[..., Any], operator: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html"""
    with pytest.raises(AwsError) as refused:
        update(f"a {operator}")

    assert refused.value.code == "ConditionalCheckFailedException"
