"""Our engine against moto's own queue, where moto is right: one thread, a standard queue.

moto takes a message as visible one millisecond after its timeout is over, and the order of what it
hands out is another: so no moment here is the end of a timeout, and every receive is for all.
"""

from __future__ import annotations

import json
from typing import Any

import time_machine
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from moto.sqs.models import SQSBackend, sqs_backends

from emulator.sqs.queue import Queue, QueueAttributes, Redrive

ARN = "arn:aws:sqs:eu-north-1:123456789012:"
MAX_RECEIVE_COUNT = 3
MESSAGES_MAX = 10
#: In milliseconds: whatever sum of a few of them there is, it is no whole number of seconds.
STEPS_MS = [1_007, 5_003, 30_011]


class OursAndMotos(RuleBasedStateMachine):
    """Does the same to both, and compares what comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 1_767_225_600_001
        self.travel = time_machine.travel(self.now_ms / 1000, tick=False)
        self.clock = self.travel.start()
        self.dead = Queue(QueueAttributes(name="dead", arn=ARN + "dead"))
        redrive = Redrive(MAX_RECEIVE_COUNT, self.dead)
        self.queue = Queue(QueueAttributes(name="work", arn=ARN + "work", redrive=redrive))
        self.moto = SQSBackend("eu-north-1", "123456789012")
        # where moto looks for the dead-letter queue
        sqs_backends["123456789012"]["eu-north-1"] = self.moto
        self.moto.create_queue("dead")
        policy = {"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": MAX_RECEIVE_COUNT}
        self.moto.create_queue("work", RedrivePolicy=json.dumps(policy))
        self.sends = 0
        #: the latest handles of each message, ours and moto's
        self.handles: dict[str, tuple[str, str]] = {}

    def teardown(self) -> None:
        del sqs_backends["123456789012"]["eu-north-1"]
        self.travel.stop()

    @property
    def waiting(self) -> list[Any]:
        return list(self.moto.get_queue("work")._messages)

    @precondition(lambda self: len(self.waiting) < MESSAGES_MAX)
    @rule(delay_seconds=st.sampled_from([0, 0, 5]))
    def send(self, delay_seconds: int) -> None:
        self.sends += 1
        body = str(self.sends)
        self.queue.send(self.now_ms, body, delay_seconds=delay_seconds)
        self.moto.send_message("work", body, delay_seconds=delay_seconds)

    @rule(timeout_seconds=st.sampled_from([1, 5, 30]))
    def receive(self, timeout_seconds: int) -> None:
        ours = self.queue.receive(self.now_ms, 10, visibility_timeout_seconds=timeout_seconds)
        theirs = {m.body: m for m in self.moto.receive_message("work", 10, 0, timeout_seconds)}
        assert {d.message.body for d in ours} == theirs.keys()
        for delivery in ours:
            message = theirs[delivery.message.body]
            assert delivery.message.receive_count == message.approximate_receive_count
            first_ms = message.approximate_first_receive_timestamp
            # moto rounds a float down
            assert (delivery.message.first_received_at_ms or 0) - first_ms in (0, 1)
            self.handles[message.body] = delivery.receipt_handle, message.receipt_handle

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        ours, theirs = self.handles.pop(data.draw(st.sampled_from(sorted(self.handles))))
        if any(message.had_receipt_handle(theirs) for message in self.waiting):
            self.queue.delete(self.now_ms, ours)
            self.moto.delete_message("work", theirs)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), timeout_seconds=st.sampled_from([1, 40]))
    def change_visibility(self, data: st.DataObject, timeout_seconds: int) -> None:
        ours, theirs = self.handles[data.draw(st.sampled_from(sorted(self.handles)))]
        if any(message.had_receipt_handle(theirs) for message in self.waiting):
            self.queue.change_visibility(self.now_ms, ours, timeout_seconds)
            self.moto.change_message_visibility("work", theirs, timeout_seconds)

    @rule(step_ms=st.sampled_from(STEPS_MS))
    def advance(self, step_ms: int) -> None:
        self.now_ms += step_ms
        self.clock.move_to(self.now_ms / 1000)

    @invariant()
    def counts_agree(self) -> None:
        ours, theirs = self.queue.counts(self.now_ms), self.moto.get_queue("work")
        assert ours.visible == theirs.approximate_number_of_messages
        assert ours.in_flight == theirs.approximate_number_of_messages_not_visible
        assert ours.delayed == theirs.approximate_number_of_messages_delayed

    @invariant()
    def dead_letters_agree(self) -> None:
        theirs = {message.body for message in self.moto.get_queue("dead")._messages}
        assert {held.message.body for held in self.dead._held.values()} == theirs


TestOursAgreesWithMotos = OursAndMotos.TestCase
TestOursAgreesWithMotos.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
