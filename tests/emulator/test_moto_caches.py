"""moto answers the same with its hot paths cached."""

from __future__ import annotations

import functools
import gc
import json
import subprocess
import sys
import weakref
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.serialize import AttributePicker
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.s3.models import s3_backends

from emulator.clock import VirtualClock
from emulator.cloud import expression_caches, in_process, moto_caches
from emulator.cloud.aws import ACCOUNT_ID, Cloud
from emulator.journal import Journal

#: Each is applied to the same row in turn, the second time with a parsed expression in the cache.
UPDATES: list[dict[str, Any]] = [
    {"UpdateExpression": "SET a = :v, b = if_not_exists(b, :n) + :n REMOVE c"},
    {"UpdateExpression": "SET l = list_append(if_not_exists(l, :l), :l) ADD d :n"},
    {"UpdateExpression": "SET m.x = :v"},
    {"UpdateExpression": "SET m = :m"},
    {"UpdateExpression": "SET m.x = :n"},
    {"UpdateExpression": "REMOVE l[0]", "ConditionExpression": "size(l) > :n"},
    {"UpdateExpression": "SET a = :v, a = :n"},
    {"UpdateExpression": "SET a = :v SET b = :v"},
    {"UpdateExpression": "SET pk = :v"},
    {"UpdateExpression": "ADD a :n"},
    {"UpdateExpression": "DELETE s :s"},
    {"UpdateExpression": "ADD s :s"},
    {"UpdateExpression": "DELETE s :s"},
    {"UpdateExpression": "SET b = b - :n", "ConditionExpression": "b < :n"},
    {"UpdateExpression": "SET"},
    *(
        {"UpdateExpression": "SET c = :n", "ConditionExpression": condition}
        for condition in (
            "pk = :v AND (b = :n OR attribute_not_exists(a))",
            "NOT (a IN (:v, :l))",
            "b BETWEEN :n AND :n",
            "begins_with(a, :v)",
            "contains(a, :v)",
            "attribute_type(c, :v)",
            "((c = :n))",
            "name = :n",
        )
    ),
    {
        "UpdateExpression": "SET c = :n",
        "ConditionExpression": "#x = :n AND m.x < :n",
        "ExpressionAttributeNames": {"#x": "c"},
    },
    {
        "UpdateExpression": "SET c = :n",
        "ConditionExpression": "c = :n",
        "ExpressionAttributeNames": {"#unused": "c"},
    },
    {"UpdateExpression": "SET h = :b, i = :z"},
    {"UpdateExpression": "SET #x = :v", "ExpressionAttributeNames": {"#x": "a"}},
    {"UpdateExpression": "SET #x = :v", "ExpressionAttributeNames": {"#x": "pk"}},
    {
        "UpdateExpression": "SET #x = :v, #y = :v",
        "ExpressionAttributeNames": {"#x": "a", "#y": "e"},
    },
    {
        "UpdateExpression": "SET #x = :v, #y = :v",
        "ExpressionAttributeNames": {"#x": "a", "#y": "a"},
    },
]
VALUES = {
    ":v": {"S": "text"},
    ":n": {"N": "1"},
    ":l": {"L": [{"BOOL": True}]},
    ":m": {"M": {"x": {"NULL": True}}},
    ":s": {"SS": ["one", "two"]},
    ":b": {"B": b"bytes"},
    ":z": {"NULL": True},
}


def answers(dynamodb: Any) -> list[Any]:
    """What the updates answer, row or error, and the row they leave."""
    dynamodb.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    key = {"pk": {"S": "1"}}
    found: list[Any] = []
    for update in [*UPDATES, *UPDATES]:
        used = {k: v for k, v in VALUES.items() if any(k in text for text in update.values())}
        more = {"ExpressionAttributeValues": used} if used else {}
        try:
            done = dynamodb.update_item(
                TableName="rows", Key=key, ReturnValues="ALL_NEW", **update, **more
            )
            found.append(done["Attributes"])
        except ClientError as error:
            found.append(str(error))
    found.append(dynamodb.get_item(TableName="rows", Key=key)["Item"])
    # sets have no order
    return [json.loads(json.dumps(a, sort_keys=True, default=sorted)) for a in found]


STOCK = """
import json, sys
sys.path[:0] = {path!r}
import boto3, moto
from test_moto_caches import answers
import emulator.cloud.moto_caches
with moto.mock_aws():
    print(json.dumps(answers(boto3.client("dynamodb", region_name="us-east-1"))))
"""


def test_every_update_is_answered_as_by_moto_itself() -> None:
    clock = VirtualClock()
    with in_process.answering(Cloud(clock, Journal(clock))):
        ours = answers(boto3.client("dynamodb", region_name="us-east-1"))

    path = [str(p) for p in sys.path]
    stock = subprocess.run(
        [sys.executable, "-c", STOCK.format(path=path)], capture_output=True, text=True, check=True
    )

    assert ours == json.loads(stock.stdout)


def test_caches_are_put_in_once() -> None:
    moto_caches.install(ACCOUNT_ID)
    before = (UpdateExpressionParser.make, AttributePicker.__call__)

    moto_caches.install(ACCOUNT_ID)

    assert before == (UpdateExpressionParser.make, AttributePicker.__call__)


@pytest.mark.parametrize("count", [expression_caches.EXPRESSIONS_MAX + 50])
def test_expressions_built_from_values_do_not_fill_the_memory(count: int) -> None:
    moto_caches.install(ACCOUNT_ID)
    for number in range(count):
        UpdateExpressionParser.make(f"SET a{number} = :v")

    assert UpdateExpressionParser.make.cache_info().currsize <= expression_caches.EXPRESSIONS_MAX


def test_a_cloud_that_nobody_holds_is_freed() -> None:
    clock = VirtualClock()
    cloud = Cloud(clock, Journal(clock))
    cloud.call("sqs", "CreateQueue", QueueName="first")
    gone = weakref.ref(cloud)

    cloud = Cloud(clock, Journal(clock))
    gc.collect()

    assert gone() is None
    assert "QueueUrls" not in cloud.call("sqs", "ListQueues")


def test_a_row_that_was_replaced_is_freed() -> None:
    clock = VirtualClock()
    cloud = Cloud(clock, Journal(clock))
    key = {"AttributeName": "pk", "AttributeType": "S"}
    cloud.call(
        "dynamodb", "CreateTable", TableName="rows", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[key], KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )  # fmt: skip
    put = functools.partial(
        cloud.call, "dynamodb", "PutItem", TableName="rows", Item={"pk": {"S": "one"}}
    )
    put()
    table = dynamodb_backends[ACCOUNT_ID]["us-east-1"].tables["rows"]
    replaced = weakref.ref(next(iter(table.all_items())))

    put()
    gc.collect()

    assert replaced() is None
    assert sum(1 for _ in table.all_items()) == 1


def test_an_object_that_was_replaced_is_freed_with_its_file() -> None:
    clock = VirtualClock()
    with in_process.answering(Cloud(clock, Journal(clock))):
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="objects")
        s3.put_object(Bucket="objects", Key="one", Body=b"before")
        key = s3_backends[ACCOUNT_ID]["aws"].buckets["objects"].keys["one"]
        replaced, content = weakref.ref(key), key._value_buffer
        del key

        s3.put_object(Bucket="objects", Key="one", Body=b"after")
        gc.collect()

    assert replaced() is None
    assert content.closed
