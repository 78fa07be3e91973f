"""The read and write units of DynamoDB's requests, of the items that they meet.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

moto says half a unit of everything. What a write costs follows from the item before and after it,
so a request is looked at twice, under the cloud's lock: ``begin`` and ``TableRequest.units``. Most
items are small, and then the length of the request or of its answer says all there is to know; so
``quick`` comes first. Statements of PartiQL are not counted.
"""

from __future__ import annotations

import http
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from moto.dynamodb.models.dynamo_type import DynamoType

from emulator.cloud.attribute_value import size_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096
#: A transaction's reads and writes are done twice.
IN_TRANSACTION = 2
#: Items whose mean size stands for those that a filter has kept from us.
SAMPLE_ITEMS_MAX = 20
#: Noted at moto's table: an item of it was larger than a unit once, and may become smaller.
_HAS_LARGE = "has_large_items"
#: What is refused because of how an item is has cost what it would have.
_REFUSED_BY_ITEMS = (b"ConditionalCheckFailedException", b"TransactionCanceledException")


class Units(NamedTuple):
    """What a request took of one table."""

    table: str
    write: float = 0
    read: float = 0


class _Head(msgspec.Struct):
    """What is read of a request to know its table; the rest is skipped."""

    TableName: str = ""
    ConsistentRead: bool | None = None


def begin(operation: str, body: bytes, tables: Mapping[str, Any]) -> TableRequest | None:
    """Look at a request before it is answered; None if that need not be done."""
    if operation in _QUICK:
        table = tables.get(_table_name(_head(body).TableName))
        if table is not None and not table.global_indexes and not hasattr(table, _HAS_LARGE):
            return None
    return TableRequest(operation, body, tables)


def quick(operation: str, body: bytes, status: int, answer: bytes) -> Units | None:
    """What a request has taken for which ``begin`` was None, if its and its answer's length tell.

    An item is smaller than its JSON. None: it must be looked at more closely.
    """
    head = _head(body)
    table = _table_name(head.TableName)
    if status != http.HTTPStatus.OK:
        refused = any(name in answer for name in _REFUSED_BY_ITEMS)
        return Units(table, write=int(refused))
    if operation == "GetItem":
        is_whole = b'"ProjectionExpression"' not in body and b'"AttributesToGet"' not in body
        is_small = is_whole and len(answer) <= READ_UNIT_BYTES
        return Units(table, read=1 if head.ConsistentRead else 0.5) if is_small else None
    shown = body if operation == "PutItem" else answer
    is_all = operation == "PutItem" or b'"ALL_NEW"' in body
    is_small = is_all and len(shown) <= WRITE_UNIT_BYTES
    return Units(table, write=1) if is_small else None


_QUICK = {"PutItem", "UpdateItem", "GetItem"}


def _head(body: bytes) -> _Head:
    try:
        return msgspec.json.decode(body, type=_Head)
    except msgspec.DecodeError:
        return _Head()


class _Named(NamedTuple):
    """An item that a request names, by attributes among which its key is."""

    table: str
    attributes: Mapping[str, Any]
    #: units for the bytes of one unit
    factor: float
    is_write: bool = True


class _Touched(NamedTuple):
    """The same, as it was before."""

    table: Any
    key: Mapping[str, Any]
    bytes_before: int
    factor: float
    is_write: bool


class TableRequest:
    """One request, from before it is answered."""

    def __init__(self, operation: str, body: bytes, tables: Mapping[str, Any]) -> None:
        """``tables`` are moto's, by name."""
        self._operation = operation
        self._tables = tables
        name = _NAMERS.get(operation)
        try:
            self._asked: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
            self._touched = list(map(self._touch, name(self._asked))) if name else []
        except (msgspec.DecodeError, LookupError, AttributeError, TypeError, ValueError):
            # not in the form of the operation: moto says so, and it costs nothing
            self._asked, self._touched = {}, []

    def units(self, status: int, answer: bytes) -> list[Units]:
        """What it took, now that it was answered."""
        is_done = status == http.HTTPStatus.OK
        is_met = is_done or any(name in answer for name in _REFUSED_BY_ITEMS)
        if not (is_met and self._asked):
            return []
        if self._operation in ("Query", "Scan"):
            return self._of_page(msgspec.json.decode(answer))
        return [_units(touched) for touched in self._touched]

    def _touch(self, named: _Named) -> _Touched:
        table = self._tables[_table_name(named.table)]
        names = [n for n in (table.hash_key_attr, table.range_key_attr) if n]
        key = {name: DynamoType(named.attributes[name]) for name in names}
        return _Touched(table, key, _size_now(table, key), named.factor, named.is_write)

    def _of_page(self, answer: Mapping[str, Any]) -> list[Units]:
        """Of a query or a scan: what was read for it, also what a filter has left out."""
        table = self._tables[_table_name(self._asked["TableName"])]
        items = answer.get("Items", [])
        sample = items or [
            item.attrs for item in itertools.islice(table.all_items(), SAMPLE_ITEMS_MAX)
        ]
        mean_bytes = sum(map(size_bytes, sample)) / len(sample) if sample else 0
        read_bytes = round(mean_bytes * answer.get("ScannedCount", len(items)))
        blocks = _blocks(read_bytes, READ_UNIT_BYTES)
        return [Units(table.name, read=blocks * _read_factor(self._asked))]


def _write(asked: Mapping[str, Any]) -> Iterator[_Named]:
    yield _Named(asked["TableName"], asked.get("Item") or asked["Key"], 1)


def _read(asked: Mapping[str, Any]) -> Iterator[_Named]:
    yield _Named(asked["TableName"], asked["Key"], _read_factor(asked), is_write=False)


def _batch_write(asked: Mapping[str, Any]) -> Iterator[_Named]:
    for name, writes in asked["RequestItems"].items():
        for one in itertools.chain.from_iterable(map(dict.values, writes)):
            yield _Named(name, one.get("Item") or one["Key"], 1)


def _batch_read(asked: Mapping[str, Any]) -> Iterator[_Named]:
    for name, wanted in asked["RequestItems"].items():
        for key in wanted["Keys"]:
            yield _Named(name, key, _read_factor(wanted), is_write=False)


def _transact_write(asked: Mapping[str, Any]) -> Iterator[_Named]:
    for one in itertools.chain.from_iterable(map(dict.values, asked["TransactItems"])):
        yield _Named(one["TableName"], one.get("Item") or one["Key"], IN_TRANSACTION)


def _transact_read(asked: Mapping[str, Any]) -> Iterator[_Named]:
    for each in asked["TransactItems"]:
        one = each["Get"]
        yield _Named(one["TableName"], one["Key"], IN_TRANSACTION, is_write=False)


#: Which items an operation names.
_NAMERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[_Named]]] = {
    "PutItem": _write,
    "UpdateItem": _write,
    "DeleteItem": _write,
    "GetItem": _read,
    "BatchWriteItem": _batch_write,
    "BatchGetItem": _batch_read,
    "TransactWriteItems": _transact_write,
    "TransactGetItems": _transact_read,
}


def _read_factor(asked: Mapping[str, Any]) -> float:
    """A read that may be a moment old costs half."""
    return 1 if asked.get("ConsistentRead") else 0.5


def _table_name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _size_now(table: Any, key: Mapping[str, Any]) -> int:
    item = table.get_item(*key.values())
    return size_bytes(item.attrs) if item else 0


def _units(touched: _Touched) -> Units:
    table = touched.table
    if not touched.is_write:
        blocks = _blocks(touched.bytes_before, READ_UNIT_BYTES)
        return Units(table.name, read=blocks * touched.factor)
    item = table.get_item(*touched.key.values())
    size = max(touched.bytes_before, size_bytes(item.attrs) if item else 0)
    if size > WRITE_UNIT_BYTES:
        setattr(table, _HAS_LARGE, True)
    # each index that has the item is written, too
    attributes = item.attrs if item else touched.key
    copies = 1 + sum(_has(index, attributes) for index in table.global_indexes)
    return Units(table.name, write=_blocks(size, WRITE_UNIT_BYTES) * touched.factor * copies)


def _has(index: Any, attributes: Mapping[str, Any]) -> bool:
    return all(part["AttributeName"] in attributes for part in index.schema)


def _blocks(size: int, block_bytes: int) -> int:
    return max(1, -(-size // block_bytes))
