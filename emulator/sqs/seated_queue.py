"""moto's queue with our engine inside: settings, tags and policies stay moto's."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from moto.sqs.exceptions import QueueAlreadyExists, SQSException
from moto.sqs.models import Queue as MotoQueue

from emulator.limits import PURGE_INTERVAL_SECONDS
from emulator.sqs.attributes import (
    InvalidAttributeValueError,
    QueueAttributes,
    check_attributes,
    check_throughput_limit,
)
from emulator.sqs.errors import (
    InvalidParameterValueError,
    PurgeQueueInProgressError,
    SqsError,
)
from emulator.sqs.queue import Queue
from emulator.sqs.redrive import Redrive

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Iterator, Mapping

    from emulator.clock import Clock
    from emulator.journal import Journal
    from emulator.sqs.queue import Counts, Message


_NAME_REFUSED = (
    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
)


class Seat(NamedTuple):
    """What the queues of one cloud share."""

    clock: Clock
    #: the cloud's one lock, notified whenever something may have become receivable
    condition: threading.Condition
    journal: Journal | None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, and turn what the engine refuses into moto's exceptions."""
        with self.condition:
            try:
                yield
            except SqsError as error:
                raise SQSException(error.code, str(error)) from error

    def record(self, subject: str, action: str, **data: Any) -> None:
        if self.journal is not None:
            self.journal.record(subject, action, **data)


class SeatedQueue(MotoQueue):  # type: ignore[misc]
    """A queue as moto's front sees it; ``engine`` holds its messages."""

    #: what moto knows, and what it leaves out
    BASE_ATTRIBUTES: ClassVar = [*MotoQueue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    redrive_allow_policy: str | None = None

    def __init__(self, name: str, region: str, account_id: str, **attributes: Any) -> None:
        self._seat: Seat = attributes.pop("seat")
        self._purgeable_at_ms = 0
        fifo = str(attributes.get("FifoQueue")).lower() == "true"
        check_attributes(attributes, fifo=fifo)
        check_throughput_limit(attributes)
        if name.endswith(".fifo") and not fifo:
            raise InvalidParameterValueError(_NAME_REFUSED)
        super().__init__(name, region, account_id, **attributes)
        self.created_timestamp = self.last_modified_timestamp
        self.engine = Queue(
            self._engine_attributes(None),
            on_receivable=self._seat.condition.notify_all,
            on_dead_letter=self._record_dead_letter,
        )

    def _set_attributes(self, attributes: dict[str, Any], now: float | None = None) -> None:
        # without one among the attributes moto would drop the policy
        attributes = {"Policy": getattr(self, "policy", None), **attributes}
        super()._set_attributes(attributes, now)
        self.redrive_allow_policy = self.redrive_allow_policy or None
        # whole seconds of our clock, not moto's
        self.last_modified_timestamp = self._seat.clock.now_ms() // 1000

    def check_change(self, attributes: Mapping[str, Any]) -> None:
        """Raises the SqsError that SetQueueAttributes answers, before anything is changed."""
        check_attributes(attributes, fifo=self.fifo_queue)
        if str(attributes.get("FifoQueue", "true")).lower() != "true":
            reason = " Reason: Modifying queue type is not supported."
            raise InvalidAttributeValueError("FifoQueue", reason)
        check_throughput_limit({**self.attributes, **attributes})

    @property
    def attributes(self) -> dict[str, Any]:
        """What GetQueueAttributes answers."""
        found: dict[str, Any] = super().attributes
        if self.kms_master_key_id:
            # one kind of encryption at a time
            found["SqsManagedSseEnabled"] = "false"
        return found

    def link(self, queues: Mapping[str, SeatedQueue]) -> None:
        """Bring the engine up to date with the settings; ``queues`` are all there are, by ARN."""
        policy: dict[str, Any] = self.redrive_policy or {}
        target = self.dead_letter_queue = queues.get(policy.get("deadLetterTargetArn", ""))
        # a queue that names itself would move its dead letters for ever
        redrive = (
            Redrive(policy["maxReceiveCount"], target.engine)
            if target is not None and target is not self
            else None
        )
        self.engine.attributes = self._engine_attributes(redrive)

    def purge(self, now_ms: int) -> None:
        """Remove every message. Raises PurgeQueueInProgressError within a minute of the last one.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
        """
        if now_ms < self._purgeable_at_ms:
            raise PurgeQueueInProgressError(self.name)
        self._purgeable_at_ms = now_ms + PURGE_INTERVAL_SECONDS * 1000
        self.engine.purge()

    def _engine_attributes(self, redrive: Redrive | None) -> QueueAttributes:
        return QueueAttributes(
            name=self.name,
            arn=self.queue_arn,
            fifo=self.fifo_queue,
            visibility_timeout_seconds=self.visibility_timeout,
            delay_seconds=self.delay_seconds,
            retention_seconds=self.message_retention_period,
            maximum_message_bytes=self.maximum_message_size,
            content_based_deduplication=self.content_based_deduplication,
            deduplication_scope=self.deduplication_scope,
            redrive=redrive,
        )

    def _record_dead_letter(self, _source: Queue, message: Message) -> None:
        self._seat.record(
            self.name,
            "dead-letter",
            message_ids=[message.message_id],
            receive_count=message.receive_count,
            target=self.dead_letter_queue and self.dead_letter_queue.name,
        )

    def check_same(self, wanted: SeatedQueue, names: Collection[str]) -> None:
        """Raises moto's QueueAlreadyExists if ``wanted`` differs in one of these attributes."""
        for name in names:
            if self.attributes.get(name) != wanted.attributes.get(name):
                raise QueueAlreadyExists(
                    "A queue already exists with the same name and a different value "
                    f"for attribute {name}"
                )

    def _counts(self) -> Counts:
        return self.engine.counts(self._seat.clock.now_ms())

    @property
    def approximate_number_of_messages(self) -> int:
        return self._counts().visible

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        return self._counts().in_flight

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        return self._counts().delayed
