"""Idempotency keys in the table: which job a client's key stands for, and for which request."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

import msgspec

from chalicelib.jobs import transitions
from chalicelib.store import job_item
from chalicelib.store.job_item import number
from chalicelib.store.table import WriteRefusedError

if TYPE_CHECKING:
    from chalicelib.store.job_item import Item
    from chalicelib.store.table import Table

#: What is kept of a key's hash: as good as all of it, and half the size.
_HASH_BYTES = 16


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """What a key stands for."""

    job_id: str
    #: of the request that used the key first
    fingerprint: bytes


class KeyStore:
    """Every method raises UnavailableError if DynamoDB does not do what is asked."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def hold(self, tenant: str, scope: str, *, alias: Alias, seconds: int, now_ms: int) -> Alias:
        """Let ``scope``, an operation and its key, stand for ``alias`` if it stands for nothing.

        Returns what it stands for: the same, or what was held before and has not expired.
        """
        digest = hashlib.sha256(scope.encode()).hexdigest()[: 2 * _HASH_BYTES]
        now_s = now_ms // 1000
        item: Item = {
            "pk": job_item.partition(tenant),
            "sk": {"S": f"K#{digest}"},
            "j": {"S": alias.job_id},
            "b": {"B": alias.fingerprint},
            "x": number(now_s + seconds),
        }
        try:
            self._table.put_if(item, transitions.ACCEPT, {":now_s": number(now_s)})
        except WriteRefusedError as refused:
            held = cast("Item", refused.item)
            return Alias(job_id=held["j"]["S"], fingerprint=bytes(held["b"]["B"]))
        return alias
