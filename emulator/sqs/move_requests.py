"""The three requests about message move tasks, as a part of the backend of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.sqs.moving import MoveTasks

if TYPE_CHECKING:
    from emulator.sqs.moving import Move, MoveTask
    from emulator.sqs.queue import Queue
    from emulator.sqs.seated_queue import Seat, SeatedQueue


class MoveRequests:
    """For ``DeliveryBackend``, which has the queues."""

    seat: Seat
    queues: dict[str, SeatedQueue]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)  # type: ignore[call-arg]
        self.moves = MoveTasks(self._find)

    def start_message_move_task(self, move: Move) -> MoveTask:
        """The scheduler goes on with it: ``mover.MessageMover``."""
        with self.seat.held():
            targets = [queue.dead_letter_queue for queue in self.queues.values()]
            arns = {target.queue_arn for target in targets if target is not None}
            task = self.moves.start(self.seat.clock.now_ms(), move, dead_letter_arns=arns)
            self.seat.condition.notify_all()
        return task

    def list_message_move_tasks(self, source_arn: str, results_max: int) -> list[MoveTask]:
        with self.seat.held():
            self.step_moves()
            return self.moves.listed(source_arn, results_max)

    def cancel_message_move_task(self, handle: str) -> MoveTask:
        with self.seat.held():
            self.step_moves()
            return self.moves.cancel(handle)

    def step_moves(self) -> None:
        """Move what is due. Hold the lock."""
        for task, moved in self.moves.step(self.seat.clock.now_ms()):
            name = task.move.source_arn.rpartition(":")[2]
            self.seat.record(name, "move", count=moved, status=task.status.value)

    def _find(self, queue_arn: str) -> Queue | None:
        queue = self.queues.get(queue_arn.rpartition(":")[2])
        return queue.engine if queue is not None and queue.queue_arn == queue_arn else None
