"""The seat of our queue engine in moto: moto's front, our delivery.

moto keeps parsing, queue attributes, tags, policies and CloudFormation. Delivery, which it does
neither in order nor right under threads nor on any clock but its own, is replaced by subclassing.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

from moto.sqs import urls as moto_urls
from moto.sqs.models import SQSBackend, sqs_backends

from emulator.caller import caller_is_gone
from emulator.sqs.attributes import dead_letter_target
from emulator.sqs.batch_requests import (
    check_batch_size,
    check_entry_ids,
    check_fifo_batch,
    each_entry,
)
from emulator.sqs.move_requests import MoveRequests
from emulator.sqs.receiving import check_receive, check_visibility_timeout
from emulator.sqs.redrive_allow_policy import check_source
from emulator.sqs.responses import DeliveryResponse, draft_of
from emulator.sqs.seated_queue import Seat, SeatedQueue

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from emulator.clock import Clock
    from emulator.journal import Journal
    from emulator.sqs.message import Delivery
    from emulator.sqs.queue import Message, Queue
    from emulator.sqs.sending import Draft

#: the entries of a batch request, by AWS's names, and what became of them: ids done, entries failed
Entries: TypeAlias = "list[dict[str, Any]]"
BatchOutcome: TypeAlias = "tuple[list[str], list[dict[str, Any]]]"

_URLS = SimpleNamespace(
    url_bases=moto_urls.url_bases,
    url_paths=dict.fromkeys(moto_urls.url_paths, DeliveryResponse.dispatch),
)


def seat(*, clock: Clock, condition: threading.Condition, journal: Journal | None = None) -> None:
    """Make moto's SQS deliver with our engine, on this clock and under this lock.

    Starts with no queues; a second call unseats the first one's.
    """
    backend = type("SeatedBackend", (DeliveryBackend,), {"seat": Seat(clock, condition, journal)})
    sqs_backends.backend = backend
    for regions in sqs_backends.values():
        regions.backend = backend
        regions.clear()


def on_created(tell: Callable[[str], object]) -> None:
    """Have ``tell`` called with the ARN of each queue that is made, under the lock."""
    sqs_backends.backend.tell_created = staticmethod(tell)


def regions() -> list[DeliveryBackend]:
    """The backend of every region that was used. Hold the lock while using one."""
    return [backend for _, _, backend in sqs_backends.iter_backends()]


def engine_queues() -> list[Queue]:
    """The engine of every queue there is. Hold the lock while using one."""
    return [queue.engine for region in regions() for queue in region.queues.values()]


def engine_queue(name_or_arn: str) -> Queue:
    """The engine of one queue; raises KeyError if there is none of that name or ARN."""
    for queue in engine_queues():
        if name_or_arn in (queue.attributes.name, queue.attributes.arn):
            return queue
    raise KeyError(name_or_arn)


class DeliveryBackend(MoveRequests, SQSBackend):  # type: ignore[misc]
    """moto's backend for the queues of one region, with delivery replaced.

    Every method takes the lock, and raises moto's SQSException for what SQS refuses.
    """

    seat: Seat
    tell_created: Callable[[str], object] = staticmethod(lambda _arn: None)

    @property
    def _url_module(self) -> Any:
        return _URLS

    def create_queue(
        self, name: str, tags: dict[str, str] | None = None, **attributes: Any
    ) -> SeatedQueue:
        attributes.pop("region", None)
        with self.seat.held():
            wanted = SeatedQueue(
                name, self.region_name, self.account_id, seat=self.seat, **attributes
            )
            self._check_dead_letter_queue(wanted, attributes)
            queue: SeatedQueue = self.queues.setdefault(name, wanted)
            if queue is not wanted:
                queue.check_same(wanted, attributes)
            queue.tags = tags or queue.tags
            self._link()
            if queue is wanted:
                self.tell_created(queue.queue_arn)
        return queue

    def delete_queue(self, queue_name: str) -> None:
        with self.seat.held():
            self.get_queue(queue_name).engine.purge()
            super().delete_queue(queue_name)
            self._link()
            # whoever waits for its messages is to hear that it is gone
            self.seat.condition.notify_all()

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> SeatedQueue:
        with self.seat.held():
            self.get_queue(queue_name).check_change(attributes)
            self._check_dead_letter_queue(self.get_queue(queue_name), attributes)
            queue: SeatedQueue = super().set_queue_attributes(queue_name, attributes)
            self._link()
            self.seat.condition.notify_all()
        return queue

    def send(self, queue_name: str, draft: Draft) -> Message:
        with self.seat.held():
            queue = self.get_queue(queue_name).engine
            message: Message = queue.send_draft(self.seat.clock.now_ms(), draft)
            self._record_send(queue_name, [message])
        return message

    def send_message(self, queue_name: str, message_body: str, **parameters: Any) -> Message:
        """``send`` as moto's other services call it (SNS, EventBridge, S3)."""
        names = {
            "message_attributes": "MessageAttributes",
            "system_attributes": "MessageSystemAttributes",
            "delay_seconds": "DelaySeconds",
            "group_id": "MessageGroupId",
            "deduplication_id": "MessageDeduplicationId",
        }
        request = {names[key]: parameters[key] for key in names.keys() & parameters.keys()}
        return self.send(queue_name, draft_of({"MessageBody": message_body, **request}))

    def send_batch(
        self, queue_name: str, drafts: Sequence[tuple[str, Draft]]
    ) -> tuple[list[tuple[str, Message]], list[dict[str, Any]]]:
        """Send each; returns the messages by entry id, and the entries that failed."""
        with self.seat.held():
            queue, now_ms = self.get_queue(queue_name).engine, self.seat.clock.now_ms()
            check_entry_ids([entry_id for entry_id, _ in drafts], action="SendMessage")
            check_batch_size(draft for _, draft in drafts)
            check_fifo_batch(queue.attributes, [draft for _, draft in drafts])
            sent, failed = each_entry(drafts, lambda draft: queue.send_draft(now_ms, draft))
            self._record_send(queue_name, [message for _, message in sent])
        return sent, failed

    def receive_message(
        self,
        queue_name: str,
        max_messages: int,
        *,
        wait_seconds: int | None = None,
        visibility_timeout_seconds: int | None = None,
    ) -> list[Delivery]:
        """Hand out messages; if there are none, wait for some, with the lock released.

        Wakes when something is sent, or its delay or its visibility timeout ends. Nothing is
        handed to a caller that has hung up meanwhile. None stands for the queue's own setting.
        """
        clock = self.seat.clock
        with self.seat.held():
            if wait_seconds is None:
                wait_seconds = self.get_queue(queue_name).receive_message_wait_time_seconds
            check_receive(max_messages, wait_seconds, visibility_timeout_seconds)
            until_ms = clock.now_ms() + wait_seconds * 1000
            while True:
                # looked up again after every wait: it may have been deleted
                queue, now_ms = self.get_queue(queue_name).engine, clock.now_ms()
                deliveries: list[Delivery] = queue.receive(
                    now_ms, max_messages, visibility_timeout_seconds=visibility_timeout_seconds
                )
                if not (deliveries or wait_seconds or queue.attributes.fifo):
                    queue.check_in_flight(now_ms)
                if deliveries or now_ms >= until_ms:
                    self._record_receive(queue_name, deliveries)
                    return deliveries
                due_ms = queue.next_visible_at_ms(now_ms) or until_ms
                clock.wait(self.seat.condition, min(due_ms, until_ms))
                if caller_is_gone.get()():
                    return []

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        with self.seat.held():
            self.get_queue(queue_name).engine.delete(self.seat.clock.now_ms(), receipt_handle)

    def delete_message_batch(self, queue_name: str, receipts: Entries) -> BatchOutcome:
        with self.seat.held():
            queue, now_ms = self.get_queue(queue_name).engine, self.seat.clock.now_ms()
            return _batch(
                "DeleteMessage", receipts, lambda each: queue.delete(now_ms, each["ReceiptHandle"])
            )

    def change_message_visibility(
        self, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        with self.seat.held():
            check_visibility_timeout(visibility_timeout)
            self.get_queue(queue_name).engine.change_visibility(
                self.seat.clock.now_ms(), receipt_handle, visibility_timeout
            )

    def change_message_visibility_batch(self, queue_name: str, entries: Entries) -> BatchOutcome:
        with self.seat.held():
            queue, now_ms = self.get_queue(queue_name).engine, self.seat.clock.now_ms()

            def change(entry: dict[str, Any]) -> None:
                timeout_seconds = entry.get("VisibilityTimeout", 0)
                check_visibility_timeout(timeout_seconds)
                queue.change_visibility(now_ms, entry["ReceiptHandle"], timeout_seconds)

            return _batch("ChangeMessageVisibility", entries, change)

    def purge_queue(self, queue_name: str) -> None:
        with self.seat.held():
            self.get_queue(queue_name).purge(self.seat.clock.now_ms())

    def _check_dead_letter_queue(self, source: SeatedQueue, attributes: dict[str, Any]) -> None:
        target_arn = dead_letter_target(attributes)
        target = self.queues.get(target_arn.rpartition(":")[2]) if target_arn else None
        if target is not None:
            check_source(source, target, policy=attributes["RedrivePolicy"])

    def _link(self) -> None:
        queues = {queue.queue_arn: queue for queue in self.queues.values()}
        for queue in queues.values():
            queue.link(queues)

    def _record_send(self, queue_name: str, messages: Sequence[Message]) -> None:
        if messages:
            ids = [message.message_id for message in messages]
            self.seat.record(queue_name, "send", message_ids=ids, count=len(ids))

    def _record_receive(self, queue_name: str, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            messages = [delivery.message for delivery in deliveries]
            self.seat.record(
                queue_name, "receive", count=len(messages),
                message_ids=[message.message_id for message in messages],
                receive_counts=[message.receive_count for message in messages],
            )  # fmt: skip


def _batch(action: str, entries: Entries, act: Callable[[dict[str, Any]], object]) -> BatchOutcome:
    ids = [entry["Id"] for entry in entries]
    check_entry_ids(ids, action=action)
    done, failed = each_entry(zip(ids, entries, strict=True), act)
    return [entry_id for entry_id, _ in done], failed
