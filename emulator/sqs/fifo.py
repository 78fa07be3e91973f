"""The order of a FIFO queue: message groups."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from emulator.sqs.held import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.sqs.held import Held


class GroupOrder:
    """A group's deliverable messages are its visible head, whole groups one after another.

    The visible head is the run of visible messages from the group's oldest one to the first
    hidden one. That one rule locks a group while its oldest message is in flight, brings messages
    back in their order, and unlocks a group when what blocked it is deleted or moved away. Groups
    come in the order in which they became available.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
    """

    def __init__(self) -> None:
        self._groups: dict[str, OrderedDict[str, Held]] = {}
        self._available: OrderedDict[str, None] = OrderedDict()

    def add(self, held: Held) -> None:
        group = self._groups.setdefault(_group_id(held), OrderedDict())
        group[held.message.message_id] = held

    def show(self, held: Held) -> None:
        self._look_at(_group_id(held))

    hide = show

    def remove(self, held: Held) -> None:
        group_id = _group_id(held)
        del self._groups[group_id][held.message.message_id]
        self._look_at(group_id)

    def deliverable(self) -> Iterator[Held]:
        for group_id in self._available:
            for held in self._groups[group_id].values():
                if held.state is not State.VISIBLE:
                    break
                yield held

    def _look_at(self, group_id: str) -> None:
        group = self._groups[group_id]
        oldest = next(iter(group.values()), None)
        if oldest is not None and oldest.state is State.VISIBLE:
            self._available.setdefault(group_id)
        else:
            self._available.pop(group_id, None)
        if oldest is None:
            del self._groups[group_id]


def _group_id(held: Held) -> str:
    # a standard queue's message may have no group; a FIFO queue refuses it
    return held.message.group_id or ""
