"""What keeps message move tasks going, as a source of the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.sqs import backend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class MessageMover:
    """Steps the move tasks of every region."""

    def __str__(self) -> str:
        return "message move tasks"

    def step(self, now_ms: int) -> Sequence[Callable[[], None]]:
        """Move what is due; there is nothing to run outside the lock."""
        for region in backend.regions():
            region.step_moves()
        return ()

    def next_due_ms(self, now_ms: int) -> int | None:
        """When the next second of a task begins."""
        due = [region.moves.next_due_ms() for region in backend.regions()]
        return min((at_ms for at_ms in due if at_ms is not None), default=None)

    def pending(self, now_ms: int) -> bool:
        """A move that was started is waited for."""
        return self.next_due_ms(now_ms) is not None
