"""A queue's record of one message it holds, and the order of a standard queue."""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.sqs.message import Message


class State(enum.Enum):
    """Where a message stands. Only a visible one can be received."""

    VISIBLE = "visible"
    #: received, and its visibility timeout is not over
    IN_FLIGHT = "in flight"
    #: sent, and its delay is not over
    DELAYED = "delayed"


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages a queue holds, by state."""

    visible: int
    in_flight: int
    delayed: int


class Held:
    """A message with its state in this queue."""

    __slots__ = ("message", "received_at_ms", "state")

    def __init__(self, message: Message, state: State) -> None:
        self.message = message
        self.state = state
        #: the latest receive, from which the longest visibility timeout counts
        self.received_at_ms = 0


class Order(Protocol):
    """Which messages can be received next. Every change costs O(1)."""

    def add(self, held: Held) -> None:
        """A message was sent; it is hidden still."""

    def show(self, held: Held) -> None:
        """A message became visible."""

    def hide(self, held: Held) -> None:
        """A message went out of sight."""

    def remove(self, held: Held) -> None:
        """A message left the queue."""

    def deliverable(self) -> Iterator[Held]:
        """What can be received, first to last; change nothing while iterating."""


class StandardOrder:
    """Those that became visible first come first. AWS promises less (best-effort ordering).

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
    """

    def __init__(self) -> None:
        # linked, because a plain dict is slow to iterate after its front was taken many times
        self._visible: OrderedDict[str, Held] = OrderedDict()

    def add(self, held: Held) -> None:
        pass

    def show(self, held: Held) -> None:
        self._visible[held.message.message_id] = held

    def hide(self, held: Held) -> None:
        self._visible.pop(held.message.message_id, None)

    remove = hide

    def deliverable(self) -> Iterator[Held]:
        return iter(self._visible.values())
