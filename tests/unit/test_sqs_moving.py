"""Message move tasks, step by step.

In the sources ``…`` stands for https://docs.aws.amazon.com/AWSSimpleQueueService/latest.
"""

from __future__ import annotations

from typing import Any

import pytest

from emulator.sqs.errors import InvalidParameterValueError, ResourceNotFoundError
from emulator.sqs.message import MessageAttribute
from emulator.sqs.moving import Move, MoveTask, MoveTasks
from emulator.sqs.queue import Queue, QueueAttributes, Redrive

ARN = "arn:aws:sqs:us-east-1:123456789012:"


class Region:
    """A queue, its dead-letter queue, another one, and the tasks."""

    def __init__(self, *, fifo: bool = False) -> None:
        self.dead = self.new("dead", fifo=fifo)
        redrive = Redrive(1, self.dead)
        self.work = self.new("work", fifo=fifo, content_based_deduplication=fifo, redrive=redrive)
        self.other = self.new("other", fifo=fifo)
        self.queues = {queue.attributes.arn: queue for queue in (self.dead, self.work, self.other)}
        self.tasks = MoveTasks(self.queues.get)

    def new(self, name: str, **attributes: Any) -> Queue:
        return Queue(QueueAttributes(name=name, arn=ARN + name, **attributes))

    def kill(self, count: int, **sent: Any) -> None:
        """Send messages at 0 and let them go to the dead letters at 30 seconds."""
        for n in range(count):
            self.work.send(0, f"m{n}", **sent)
        while self.work.receive(0, 10):
            pass
        while self.work.receive(30_000, 10):
            pass

    def start(self, **more: Any) -> MoveTask:
        move = Move(ARN + "dead", **more)
        return self.tasks.start(60_000, move, dead_letter_arns={ARN + "dead"})

    def step(self, now_ms: int) -> int:
        return sum(moved for _, moved in self.tasks.step(now_ms))


def test_dead_letters_go_back_to_where_they_came_from() -> None:
    """Without a destination (…/APIReference/API_StartMessageMoveTask.html)."""
    region = Region()
    region.kill(3)
    task = region.start()

    assert region.step(60_000) == 3
    assert task.described()["Status"] == "COMPLETED"
    assert region.work.counts(60_000).visible == 3
    assert region.dead.counts(60_000).visible == 0


def test_moved_message_is_a_new_one_with_the_same_content() -> None:
    """New id, new time (…/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html)."""
    region = Region()
    attributes = {"a": MessageAttribute("String", "x")}
    region.kill(1, attributes=attributes, system_attributes={"AWSTraceHeader": "Root=1"})
    (before,) = region.dead.receive(31_000, 1, visibility_timeout_seconds=0)
    region.start()
    region.step(60_000)
    (after,) = region.work.receive(60_000, 1)

    assert after.message.message_id != before.message.message_id
    assert (after.message.body, after.message.attributes) == ("m0", attributes)
    assert after.message.system_attributes == {"AWSTraceHeader": "Root=1"}
    assert (after.message.sent_at_ms, after.message.receive_count) == (60_000, 1)
    assert after.message.dead_letter_source_arn is None


def test_moved_fifo_messages_keep_their_order_and_are_no_duplicates() -> None:
    """Also within five minutes (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    region = Region(fifo=True)
    region.kill(3, group_id="g")
    region.start()
    region.step(60_000)

    assert [d.message.body for d in region.work.receive(60_000, 10)] == ["m0", "m1", "m2"]


def test_moved_messages_can_go_to_another_queue() -> None:
    """DestinationArn (…/APIReference/API_StartMessageMoveTask.html)."""
    region = Region()
    region.kill(2)
    region.start(destination_arn=ARN + "other")
    region.step(60_000)

    assert region.other.counts(60_000).visible == 2


def test_rate_is_kept_second_by_second() -> None:
    """MaxNumberOfMessagesPerSecond (…/APIReference/API_StartMessageMoveTask.html)."""
    region = Region()
    region.kill(5)
    task = region.start(per_second=2)

    assert [region.step(60_000), region.step(60_999), region.step(61_000)] == [2, 0, 2]
    assert task.next_due_ms() == 62_000
    assert task.described() == {
        "TaskHandle": task.handle, "Status": "RUNNING", "SourceArn": ARN + "dead",
        "MaxNumberOfMessagesPerSecond": 2, "ApproximateNumberOfMessagesMoved": 4,
        "ApproximateNumberOfMessagesToMove": 5, "StartedTimestamp": 60_000,
    }  # fmt: skip
    assert region.step(70_000) == 1
    assert (task.next_due_ms(), "TaskHandle" in task.described()) == (None, False)


def test_cancelled_task_moves_no_more() -> None:
    """What was moved stays (…/APIReference/API_CancelMessageMoveTask.html)."""
    region = Region()
    region.kill(5)
    task = region.start(per_second=2)
    region.step(60_000)

    assert region.tasks.cancel(task.handle).moved == 2
    assert region.step(90_000) == 0
    assert task.described()["Status"] == "CANCELLED"
    with pytest.raises(ResourceNotFoundError, match="Task does not exist"):
        region.tasks.cancel(task.handle)


def test_message_that_was_sent_to_the_dead_letters_has_no_way_back() -> None:
    """The task fails (…/SQSDeveloperGuide/troubleshooting-dlq-redrive.html)."""
    region = Region()
    region.dead.send(0, "direct")
    task = region.start()
    region.step(60_000)

    assert task.described()["FailureReason"] == "CouldNotDetermineMessageSource"
    assert region.dead.counts(60_000).visible == 1


def test_message_of_a_queue_that_is_gone_has_no_way_back() -> None:
    """The task fails (…/SQSDeveloperGuide/troubleshooting-dlq-redrive.html)."""
    region = Region()
    region.kill(1)
    task = region.start()
    del region.queues[ARN + "work"]
    region.step(60_000)

    assert task.described()["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_one_task_of_a_queue_runs_at_a_time() -> None:
    """One active task (…/APIReference/API_StartMessageMoveTask.html)."""
    region = Region()
    region.kill(2)
    region.start(per_second=1)
    with pytest.raises(InvalidParameterValueError, match="already a task running"):
        region.start()

    region.step(90_000)
    region.start()


def test_last_ten_tasks_are_listed_latest_first() -> None:
    """MaxResults (…/APIReference/API_ListMessageMoveTasks.html)."""
    region = Region()
    tasks = []
    for _ in range(12):
        tasks.append(region.start())
        region.step(60_000)

    assert region.tasks.listed(ARN + "dead", 10) == tasks[:1:-1]
    assert region.tasks.listed(ARN + "dead", 1) == tasks[-1:]
    with pytest.raises(InvalidParameterValueError, match="MaxResults"):
        region.tasks.listed(ARN + "dead", 11)
    with pytest.raises(ResourceNotFoundError, match="SourceArn"):
        region.tasks.listed(ARN + "unknown", 1)


@pytest.mark.parametrize(
    ("move", "text"),
    [
        (Move(ARN + "unknown"), "for the SourceArn parameter doesn't exist"),
        (Move(ARN + "work"), "must be configured as a Dead Letter Queue"),
        (Move(ARN + "dead", ARN + "unknown"), "for the DestinationArn parameter doesn't exist"),
        (Move(ARN + "dead", ARN + "dead"), "cannot be the same"),
        (Move(ARN + "dead", ARN + "fifo"), "of the same type"),
        (Move(ARN + "dead", per_second=0), "MaxNumberOfMessagesPerSecond"),
        (Move(ARN + "dead", per_second=501), "MaxNumberOfMessagesPerSecond"),
    ],
)
def test_move_that_sqs_refuses(move: Move, text: str) -> None:
    """The errors (…/APIReference/API_StartMessageMoveTask.html)."""
    region = Region()
    region.queues[ARN + "fifo"] = region.new("fifo", fifo=True)
    with pytest.raises((ResourceNotFoundError, InvalidParameterValueError), match=text):
        region.tasks.start(0, move, dead_letter_arns={ARN + "dead"})
