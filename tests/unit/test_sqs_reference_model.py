"""The engine against a model that is slow and obvious: one list, scanned from the start."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from emulator.sqs.queue import Counts, Queue, QueueAttributes, Redrive

ARN = "arn:aws:sqs:us-east-1:123456789012:"
MAX_RECEIVE_COUNT = 3
RETENTION_SECONDS = 90
DEDUPLICATION_MS = 300_000
QUEUE_DELAY_SECONDS = 2

#: body, receipt handle, receive count
Handle: TypeAlias = "tuple[str, str, int]"


@dataclasses.dataclass
class Row:
    """A message of the model."""

    body: str
    group: str
    sent_at_ms: int
    visible_at_ms: int
    #: when it was last hidden, relative to everything else that was
    turn: int
    received: int = 0
    visible: bool = False


class ListQueue:
    """What a queue does, by looking at every message every time."""

    def __init__(self, *, fifo: bool) -> None:
        self.fifo = fifo
        self.rows: list[Row] = []
        self.dead: list[str] = []
        #: FIFO: groups in the order they became available; standard: one lane for each message
        self.lanes: list[str] = []
        self.turns = 0
        #: FIFO: deduplication ids, with the time and the body of the first message
        self.taken: dict[str, tuple[int, str]] = {}

    def send(self, now_ms: int, row: Row, deduplication_id: str) -> str:
        """Returns the body that the answer is about: an earlier one's for a duplicate."""
        self.settle(now_ms)
        if self.fifo:
            taken_at_ms, body = self.taken.get(deduplication_id, (-DEDUPLICATION_MS, ""))
            if now_ms - taken_at_ms < DEDUPLICATION_MS:
                return body
            self.taken[deduplication_id] = now_ms, row.body
        self.rows.append(row)
        self.hide(row, row.visible_at_ms)
        return row.body

    def purge(self) -> None:
        self.rows.clear()
        self.taken.clear()
        self.look()

    def receive(self, now_ms: int, count: int, timeout_seconds: int) -> list[str]:
        self.settle(now_ms)
        ready = [row for lane in self.lanes for row in self.head(lane)]
        taken: list[Row] = []
        for row in ready:
            if len(taken) == count:
                break
            if row.received >= MAX_RECEIVE_COUNT:
                self.dead.append(row.body)
                self.rows.remove(row)
            else:
                taken.append(row)
        for row in taken:
            row.received += 1
            self.hide(row, now_ms + timeout_seconds * 1000)
        self.look()
        return [row.body for row in taken]

    def settle(self, now_ms: int) -> None:
        hidden = sorted(
            (row for row in self.rows if not row.visible),
            key=lambda row: (row.visible_at_ms, row.turn),
        )
        for row in hidden:
            if row.visible_at_ms <= now_ms:
                row.visible = True
                self.look()
        for row in list(self.rows):
            if row.sent_at_ms + RETENTION_SECONDS * 1000 <= now_ms:
                self.rows.remove(row)
                self.look()

    def hide(self, row: Row, visible_at_ms: int) -> None:
        self.turns += 1
        row.turn, row.visible, row.visible_at_ms = self.turns, False, visible_at_ms
        self.look()

    def look(self) -> None:
        lanes = list(dict.fromkeys(self.lane(row) for row in self.rows))
        open_lanes = [lane for lane in lanes if self.head(lane)]
        kept = [lane for lane in self.lanes if lane in open_lanes]
        self.lanes = kept + [lane for lane in open_lanes if lane not in kept]

    def lane(self, row: Row) -> str:
        return row.group if self.fifo else row.body

    def head(self, lane: str) -> list[Row]:
        rows = [row for row in self.rows if self.lane(row) == lane]
        hidden = [index for index, row in enumerate(rows) if not row.visible]
        return rows[: hidden[0]] if hidden else rows

    def find(self, body: str) -> Row | None:
        return next((row for row in self.rows if row.body == body), None)


class TwoQueues(RuleBasedStateMachine):
    """Does the same to both, and compares what comes out."""

    handles: Bundle[Handle] = Bundle("handles")
    fifo = False

    def __init__(self) -> None:
        super().__init__()
        self.now_ms, self.sends = 0, 0
        self.model = ListQueue(fifo=self.fifo)
        self.dead = Queue(QueueAttributes(name="dead", arn=ARN + "dead", fifo=self.fifo))
        self.queue = Queue(
            QueueAttributes(
                name="work",
                arn=ARN + "work",
                fifo=self.fifo,
                delay_seconds=QUEUE_DELAY_SECONDS if self.fifo else 0,
                retention_seconds=RETENTION_SECONDS,
                redrive=Redrive(MAX_RECEIVE_COUNT, self.dead),
            )
        )

    @rule(
        group=st.sampled_from("abc"),
        delay_seconds=st.sampled_from([0, 0, 0, 5]),
        earlier=st.integers(0, 9),
    )
    def send(self, group: str, delay_seconds: int, earlier: int) -> None:
        """Now and then with the deduplication id of an ``earlier`` send."""
        self.sends += 1
        body = f"{group}{self.sends}"
        deduplication_id = str(self.sends - earlier if earlier in (1, 2) else self.sends)
        seconds = QUEUE_DELAY_SECONDS if self.fifo else delay_seconds
        row = Row(body, group, self.now_ms, self.now_ms + seconds * 1000, turn=0)
        expected = self.model.send(self.now_ms, row, deduplication_id)
        own = {"deduplication_id": deduplication_id} if self.fifo else {"delay_seconds": seconds}
        sent = self.queue.send(self.now_ms, body, group_id=group, **own)
        assert sent.body == expected

    @rule(count=st.integers(2, 10))
    def send_several(self, count: int) -> None:
        for n in range(count):
            self.send(group="abc"[n % 3], delay_seconds=0, earlier=0)

    @rule()
    def purge(self) -> None:
        self.queue.purge()
        self.model.purge()

    @rule(
        target=handles,
        count=st.integers(1, 10),
        timeout_seconds=st.sampled_from([0, 1, 5, 30]),
    )
    def receive(self, count: int, timeout_seconds: int) -> MultipleResults[Handle]:
        deliveries = self.queue.receive(
            self.now_ms, count, visibility_timeout_seconds=timeout_seconds
        )
        expected = self.model.receive(self.now_ms, count, timeout_seconds)
        assert [delivery.message.body for delivery in deliveries] == expected
        handles: MultipleResults[Handle] = multiple(
            *((d.message.body, d.receipt_handle, d.message.receive_count) for d in deliveries)
        )
        return handles

    @rule(handles=st.lists(consumes(handles), max_size=10))
    def delete_several(self, handles: list[Handle]) -> None:
        for handle in handles:
            self.delete(handle)

    @rule(handle=consumes(handles))
    def delete(self, handle: Handle) -> None:
        body, receipt_handle, count = handle
        if self.usable(body, count):
            self.queue.delete(self.now_ms, receipt_handle)
            self.model.rows = [row for row in self.model.rows if row.body != body]
            self.model.look()

    @rule(handle=handles, timeout_seconds=st.sampled_from([0, 1, 40]))
    def change_visibility(self, handle: Handle, timeout_seconds: int) -> None:
        body, receipt_handle, count = handle
        row = self.usable(body, count)
        if row:
            self.queue.change_visibility(self.now_ms, receipt_handle, timeout_seconds)
            self.model.hide(row, self.now_ms + timeout_seconds * 1000)

    @rule(milliseconds=st.sampled_from([1, 999, 1_000, 5_000, 30_000, 60_000, 240_000]))
    def advance(self, milliseconds: int) -> None:
        self.now_ms += milliseconds

    @rule()
    def advance_to_the_next_visible_message(self) -> None:
        self.now_ms = self.queue.next_visible_at_ms(self.now_ms) or self.now_ms

    @invariant()
    def counts_agree(self) -> None:
        self.model.settle(self.now_ms)
        rows = self.model.rows
        assert self.queue.counts(self.now_ms) == Counts(
            visible=sum(row.visible for row in rows),
            in_flight=sum(not row.visible and row.received > 0 for row in rows),
            delayed=sum(not row.visible and row.received == 0 for row in rows),
        )

    @invariant()
    def dead_letters_agree(self) -> None:
        dead = [held.message.body for held in self.dead._held.values()]
        assert dead == self.model.dead

    def usable(self, body: str, count: int) -> Row | None:
        """The model's message, if this is its latest handle and a FIFO queue still takes it."""
        self.model.settle(self.now_ms)
        row = self.model.find(body)
        if row is None or row.received != count or (self.fifo and row.visible):
            return None
        return row


class TwoFifoQueues(TwoQueues):
    fifo = True


few = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStandardQueueAgreesWithTheModel = TwoQueues.TestCase
TestStandardQueueAgreesWithTheModel.settings = few
TestFifoQueueAgreesWithTheModel = TwoFifoQueues.TestCase
TestFifoQueueAgreesWithTheModel.settings = few
