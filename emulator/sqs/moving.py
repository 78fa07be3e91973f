"""Message move tasks: dead letters go back to where they came from, or to another queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

from __future__ import annotations

import enum
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.limits import MOVES_LISTED_MAX, MOVES_PER_SECOND_MAX
from emulator.sqs.errors import InvalidParameterValueError, ResourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from emulator.sqs.message import Message
    from emulator.sqs.queue import Queue


class Status(enum.Enum):
    """Where a task stands. AWS also shows CANCELLING, which takes no time here."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Move(NamedTuple):
    """What StartMessageMoveTask asks for."""

    source_arn: str
    #: None: each message goes back to the queue it came from
    destination_arn: str | None = None
    #: None: as fast as AWS allows
    per_second: int | None = None


class MoveTask:
    """One task: every second it moves as many messages as its rate allows.

    It moves what was visible when it started, as new messages: ids, times and counts start anew.
    """

    def __init__(self, now_ms: int, move: Move, source: Queue) -> None:
        self.handle = uuid.uuid4().hex
        self.move = move
        self.status = Status.RUNNING
        self.moved = 0
        self._source = source
        self._started_ms = now_ms
        self._to_move = source.counts(now_ms).visible
        self._due_ms = now_ms
        self._failure: str | None = None

    def step(self, now_ms: int, find: Callable[[str], Queue | None]) -> int:
        """Move what is due; returns how many messages that were."""
        moved_before = self.moved
        while self.status is Status.RUNNING and self._due_ms <= now_ms:
            self._move_a_second_worth(now_ms, find)
            self._due_ms += 1000
        return self.moved - moved_before

    def next_due_ms(self) -> int | None:
        """When ``step`` has something to do; None once the task has ended."""
        return self._due_ms if self.status is Status.RUNNING else None

    def described(self) -> dict[str, Any]:
        """An entry of ListMessageMoveTasks."""
        found = {
            "TaskHandle": self.handle if self.status is Status.RUNNING else None,
            "Status": self.status.value,
            "SourceArn": self.move.source_arn,
            "DestinationArn": self.move.destination_arn,
            "MaxNumberOfMessagesPerSecond": self.move.per_second,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self._to_move,
            "FailureReason": self._failure,
            "StartedTimestamp": self._started_ms,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _move_a_second_worth(self, now_ms: int, find: Callable[[str], Queue | None]) -> None:
        for _ in range(self.move.per_second or MOVES_PER_SECOND_MAX):
            message = self._source.first_visible(now_ms) if self.moved < self._to_move else None
            if message is None:
                self.status = Status.COMPLETED
                return
            target = self._target(message, find)
            if target is None:
                return
            self._source.remove(now_ms, message.message_id)
            target.accept_redriven(now_ms, message)
            self.moved += 1
        if self.moved >= self._to_move:
            self.status = Status.COMPLETED

    def _target(self, message: Message, find: Callable[[str], Queue | None]) -> Queue | None:
        """Where the message goes; the task fails if that is nowhere.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-dlq-redrive.html
        """
        arn = self.move.destination_arn or message.dead_letter_source_arn
        target = find(arn) if arn else None
        if target is None:
            self.status = Status.FAILED
            self._failure = (
                "AWS.SimpleQueueService.NonExistentQueue"
                if arn
                else "CouldNotDetermineMessageSource"
            )
        return target


class MoveTasks:
    """The tasks of one region's queues, the latest ones of each source."""

    def __init__(self, find: Callable[[str], Queue | None]) -> None:
        """``find`` is asked for queues by their ARN."""
        self._find = find
        self._tasks: list[MoveTask] = []

    def start(self, now_ms: int, move: Move, *, dead_letter_arns: Collection[str]) -> MoveTask:
        """Begin a task; ``step`` does what it is for. Raises the SqsError that SQS answers."""
        source = self._checked_source(move, dead_letter_arns)
        older = [task for task in self._tasks if task.move.source_arn == move.source_arn]
        if older and older[-1].status is Status.RUNNING:
            raise InvalidParameterValueError(
                "There is already a task running. Only one active task is allowed for a source "
                "queue arn at a given time."
            )
        if len(older) == MOVES_LISTED_MAX:
            self._tasks.remove(older[0])
        task = MoveTask(now_ms, move, source)
        self._tasks.append(task)
        return task

    def listed(self, source_arn: str, results_max: int) -> list[MoveTask]:
        """The source's tasks, latest first. Raises as SQS does."""
        _check_range("MaxResults", results_max, MOVES_LISTED_MAX)
        if self._find(source_arn) is None:
            raise ResourceNotFoundError.of("SourceArn")
        tasks = [task for task in reversed(self._tasks) if task.move.source_arn == source_arn]
        return tasks[:results_max]

    def cancel(self, handle: str) -> MoveTask:
        """End a task that runs. Raises ResourceNotFoundError if there is none of that handle."""
        task = next((task for task in self._running() if task.handle == handle), None)
        if task is None:
            raise ResourceNotFoundError("Task does not exist.")
        task.status = Status.CANCELLED
        return task

    def step(self, now_ms: int) -> Iterator[tuple[MoveTask, int]]:
        """Move what is due; yields each task that moved messages, and how many."""
        for task in self._running():
            if moved := task.step(now_ms, self._find):
                yield task, moved

    def next_due_ms(self) -> int | None:
        """When ``step`` has something to do; None if no task runs."""
        due = [task.next_due_ms() for task in self._running()]
        return min((at_ms for at_ms in due if at_ms is not None), default=None)

    def _running(self) -> list[MoveTask]:
        return [task for task in self._tasks if task.status is Status.RUNNING]

    def _checked_source(self, move: Move, dead_letter_arns: Collection[str]) -> Queue:
        source = self._find(move.source_arn)
        if source is None:
            raise ResourceNotFoundError.of("SourceArn")
        if move.source_arn not in dead_letter_arns:
            raise InvalidParameterValueError(
                "Source queue must be configured as a Dead Letter Queue."
            )
        if move.destination_arn is not None:
            _check_destination(move, source, self._find(move.destination_arn))
        _check_range("MaxNumberOfMessagesPerSecond", move.per_second, MOVES_PER_SECOND_MAX)
        return source


def _check_destination(move: Move, source: Queue, destination: Queue | None) -> None:
    if move.destination_arn == move.source_arn:
        raise InvalidParameterValueError(
            "Source queue arn and destination queue arn cannot be the same."
        )
    if destination is None:
        raise ResourceNotFoundError.of("DestinationArn")
    if destination.attributes.fifo != source.attributes.fifo:
        # AWS documents the rule and not the text
        raise InvalidParameterValueError("Source and destination queue must be of the same type.")


def _check_range(name: str, value: int | None, most: int) -> None:
    if value is not None and not 1 <= value <= most:
        raise InvalidParameterValueError.of(
            name, value, reason=f"Must be >= 1 and <= {most}, if provided."
        )
