"""Deletes expired rows, as DynamoDB's background process does; moto leaves them for ever.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud.dynamodb_stream import deleting_by_time_to_live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.journal import Journal

#: How often expired rows are looked for. AWS promises only "within a few days".
SWEEP_EVERY_SECONDS = 600


class TimeToLiveSweeper:
    """A source of the scheduler: deletes, every ten minutes, what is past its time."""

    def __init__(self, tables: Callable[[], Sequence[Any]], journal: Journal, now_ms: int) -> None:
        """``tables`` gives moto's table objects of the account."""
        self._tables = tables
        self._journal = journal
        self._due_ms = now_ms + SWEEP_EVERY_SECONDS * 1000

    def next_due_ms(self, now_ms: int) -> int | None:
        return self._due_ms

    def step(self, now_ms: int) -> Sequence[Callable[[], None]]:
        if now_ms >= self._due_ms:
            self._due_ms = now_ms + SWEEP_EVERY_SECONDS * 1000
            for table in self._tables():
                self._sweep(table, now_ms)
        return ()

    def pending(self, now_ms: int) -> bool:
        return False

    def _sweep(self, table: Any, now_ms: int) -> None:
        ttl = table.ttl
        if ttl.get("TimeToLiveStatus") != "ENABLED":
            return
        expired = [i for i in table.all_items() if _is_expired(i, ttl["AttributeName"], now_ms)]
        with deleting_by_time_to_live():
            for item in expired:
                table.delete_item(item.hash_key, item.range_key)
        if expired:
            self._journal.record(table.name, "expire", count=len(expired))


def _is_expired(item: Any, attribute: str, now_ms: int) -> bool:
    """Whether the attribute is a number of seconds in the past, and not over five years back."""
    value = item.attrs.get(attribute)
    if value is None or value.type != "N":
        return False
    age_seconds = now_ms / 1000 - float(value.value)
    return 0 < age_seconds < 5 * 365 * 86_400
