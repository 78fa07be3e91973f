"""What a stream is to those who read it: shards of records in order, kept for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from emulator.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence


class StreamRecord(msgspec.Struct, frozen=True, eq=False):
    """One record of a shard."""

    #: grows within the shard; a text of digits to clients
    sequence_number: int
    arrived_ms: int
    #: the record of a function's event, without what only the reader knows
    content: dict[str, Any]


class Shard(Protocol):
    """One ordered part of a stream. Used under the cloud's lock."""

    @property
    def shard_id(self) -> str: ...

    @property
    def stream_arn(self) -> str: ...

    @property
    def parent_ids(self) -> Sequence[str]:
        """The shards that are to be read to their end before this one."""

    @property
    def is_open(self) -> bool:
        """Whether records may still be added."""

    @property
    def retention_ms(self) -> int:
        """How long a record is kept."""

    def latest(self) -> int:
        """The sequence number of the newest record there was, or one below the first's."""

    def records_after(self, sequence_number: int, limit: int) -> list[StreamRecord]:
        """The oldest records that follow a number, which need not exist."""


class StreamSeat(msgspec.Struct, frozen=True):
    """What a seated stream needs to know of the emulator."""

    clock: Clock
    #: wakes those who read streams
    notify: Callable[[], None]
