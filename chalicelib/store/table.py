"""The service's table in DynamoDB: one request a method, in DynamoDB's types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib import aws
from chalicelib.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.aws import Clients
    from chalicelib.jobs.expressions import Change, Condition
    from chalicelib.store.job_item import Item


class WriteRefusedError(ServiceError):
    """The item was not as the write required. ``item`` is as it stands, None if there is none."""

    def __init__(self, item: Item | None) -> None:
        super().__init__()
        self.item = item


class Table:
    """Every method raises UnavailableError if DynamoDB does not do what is asked.

    ``values`` may hold more than an expression uses: DynamoDB refuses those, so they are left out.
    """

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def get(self, key: Item) -> Item | None:
        """The item as of the last write."""
        answer = self._call("get_item", Key=key, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def put(self, item: Item) -> None:
        """Write the item whatever was there."""
        self._call("put_item", Item=item)

    def put_if(self, item: Item, condition: Condition, values: Item) -> None:
        """Raises WriteRefusedError if ``condition`` does not hold of what is there."""
        self._call("put_item", Item=item, **_conditional(condition, values))

    def update(self, key: Item, condition: Condition, *, change: Change, values: Item) -> Item:
        """Returns the new item. Raises WriteRefusedError if ``condition`` does not hold."""
        used = condition.operands() | change.operands()
        answer = self._call(
            "update_item",
            Key=key,
            UpdateExpression=change.text(),
            ReturnValues="ALL_NEW",
            **{**_conditional(condition, values), **_values(used, values)},
        )
        item: Item = answer["Attributes"]
        return item

    def delete(self, key: Item) -> None:
        """Deleting what is not there is no error."""
        self._call("delete_item", Key=key)

    def scan(self, condition: Condition, values: Item) -> Iterator[Item]:
        """All items of which ``condition`` holds, page after page."""
        request = {
            "FilterExpression": condition.text(),
            **_values(condition.operands(), values),
        }
        while True:
            page = self._call("scan", **request)
            yield from page.get("Items", [])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def query_down(
        self, partition: dict[str, str], prefix: str, *, after: Item | None, limit: int
    ) -> tuple[list[Item], bool]:
        """Up to ``limit`` items of the partition whose ``sk`` has the prefix, the last ones first.

        ``after`` is the key of the item to go on behind. Returns also whether more may follow: a
        page ends at 1 MB too. Eventually consistent.
        """
        start = {"ExclusiveStartKey": after} if after else {}
        page = self._call(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": partition, ":prefix": {"S": prefix}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        return page["Items"], "LastEvaluatedKey" in page

    def _call(self, operation: str, **request: Any) -> Any:
        try:
            return getattr(self._clients.dynamodb, operation)(TableName=self._name, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise aws.unavailable(error) from error
            raise WriteRefusedError(error.response.get("Item")) from None
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error


def _conditional(condition: Condition, values: Item) -> dict[str, Any]:
    return {
        "ConditionExpression": condition.text(),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **_values(condition.operands(), values),
    }


def _values(used: set[str], values: Mapping[str, Any]) -> dict[str, Any]:
    needed = {name: values[name] for name in used if name.startswith(":")}
    return {"ExpressionAttributeValues": needed} if needed else {}
