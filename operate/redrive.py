"""Dead letters back to the queue they came from, by a move task of SQS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import ClientError

from chalicelib import clock
from chalicelib.errors import MessageRefusedError
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.jobs.job_message import JobMessage
from operate import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.jobs.model import Job
    from chalicelib.store.job_queue import Received
    from operate.operated_queue import OperatedQueue
    from operate.place import Place

#: What is looked at before anything is moved, in receives of ten messages.
LOOKS_MAX = 10
POLL_SECONDS = 1
#: How often a task that was just begun is looked for.
LISTED_POLLS_MAX = 5
#: What a task may be in that has not ended. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasksResultEntry.html
UNDER_WAY = {"RUNNING", "CANCELLING"}

GOES_ON = "would go on"
ENDED = "of jobs that have ended: nothing runs again; POST /jobs/{id}/retry does a job again"
UNKNOWN = "of jobs that have no record any more: nothing would happen"
DUE = "would be told"
NOT_DUE = "of jobs whose end is told already, or is to be told to nobody"
FOREIGN = "that this service did not write: they would end here again"


class DeadLetters:
    """The dead letters of one of the service's queues."""

    def __init__(self, place: Place, queue: OperatedQueue) -> None:
        """Raises ClickException if the queue has no dead-letter queue."""
        dead = queue.dead_letters()
        if dead is None:
            raise click.ClickException(f"{queue.name} has no dead-letter queue")
        self.queue = dead
        self._place = place
        self._of_callbacks = queue is place.callbacks_queue
        self._arn = dead.arn()
        #: of the task before the one that ``start`` has begun
        self._before: Any = None

    def look(self) -> Counter[str]:
        """What a redrive would mean for some of those that wait now. They stay as they are."""
        return Counter(map(self._meaning, self._some()))

    def start(self, per_second: int | None) -> None:
        """Begin to move all that wait. Raises ClickException if that is under way already."""
        running = self._task()
        if running.get("Status") in UNDER_WAY:
            raise click.ClickException(f"a redrive is under way: {_moved(running)}; see --stop")
        self._before = running.get("StartedTimestamp")
        rate = {"MaxNumberOfMessagesPerSecond": per_second} if per_second else {}
        self._place.clients.sqs.start_message_move_task(SourceArn=self._arn, **rate)

    def follow(self) -> str:
        """Show how far it is until it ends; returns what came of it."""
        task = self._started()
        total = task.get("ApproximateNumberOfMessagesToMove", 0)
        with progress.bar(self.queue.name, total) as bar:
            while task.get("Status") in UNDER_WAY:
                bar.update(task.get("ApproximateNumberOfMessagesMoved", 0) - bar.pos)
                clock.sleep(POLL_SECONDS)
                task = self._task()
            bar.update(task.get("ApproximateNumberOfMessagesMoved", 0) - bar.pos)
        if task.get("Status") == "FAILED":
            raise click.ClickException(f"{_moved(task)}: {task.get('FailureReason')}")
        return _moved(task)

    def stop(self) -> str:
        """Stop what is under way; what was moved stays moved."""
        task = self._task()
        if task.get("Status") == "RUNNING":
            # it may come to its end at this moment, which is no error
            with contextlib.suppress(ClientError):
                handle = task["TaskHandle"]
                self._place.clients.sqs.cancel_message_move_task(TaskHandle=handle)
        while (task := self._task()).get("Status") in UNDER_WAY:
            clock.sleep(POLL_SECONDS)
        return _moved(task) if task else "nothing was under way"

    def _started(self) -> dict[str, Any]:
        """What ``start`` has begun, once SQS lists it."""
        for _ in range(LISTED_POLLS_MAX):
            task = self._task()
            if task.get("StartedTimestamp") != self._before:
                break
            clock.sleep(POLL_SECONDS)
        return task

    def _task(self) -> dict[str, Any]:
        """The latest, as SQS lists it."""
        listed = self._place.clients.sqs.list_message_move_tasks(SourceArn=self._arn, MaxResults=1)
        return dict(next(iter(listed.get("Results", [])), {}))

    def _some(self) -> Iterator[Received]:
        """Different ones, until there are no others or it is enough; each is visible at once."""
        seen: set[str] = set()
        for _ in range(LOOKS_MAX):
            new = [m for m in self.queue.receive(hidden_seconds=0) if m.message_id not in seen]
            if not new:
                return
            seen |= {message.message_id for message in new}
            yield from new

    def _meaning(self, message: Received) -> str:
        kind = CallbackMessage if self._of_callbacks else JobMessage
        try:
            content = kind.decode(message.body)
        except MessageRefusedError:
            return FOREIGN
        job = self._place.jobs.get(content.tenant, content.id)
        return _callback_meaning(job) if self._of_callbacks else _job_meaning(job)


def _job_meaning(job: Job | None) -> str:
    if job is None or job.purged:
        return UNKNOWN
    return ENDED if job.terminal else GOES_ON


def _callback_meaning(job: Job | None) -> str:
    return DUE if job is not None and job.callback_due else NOT_DUE


def _moved(task: dict[str, Any]) -> str:
    """What SQS says of a task, in words."""
    moved = task.get("ApproximateNumberOfMessagesMoved", 0)
    total = task.get("ApproximateNumberOfMessagesToMove", moved)
    return f"{task['Status'].lower()}, {moved} of {total} moved"
