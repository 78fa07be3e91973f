"""A small cloud for tests of event sources: real queues and scheduler, scripted functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.clock import VirtualClock
from emulator.invocation import FunctionSpec, Outcome
from emulator.journal import Journal
from emulator.mapping.asynchronous import AsynchronousInvocations
from emulator.mapping.sqs import QueueMappingSpec, SqsMapping
from emulator.scheduler import Scheduler
from emulator.sqs.queue import Queue, QueueAttributes, Redrive

if TYPE_CHECKING:
    from emulator.cloud.letter import Letter

Event = dict[str, Any]
Answer = Callable[[Event], Any]

ARN = "arn:aws:sqs:eu-west-1:123456789012:"
CRASH = Outcome.failed("ValueError", "no")


def returns(value: Any) -> Answer:
    return lambda _event: value


def bodies(event: Event) -> list[str]:
    return [record["body"] for record in event["Records"]]


def reporting(*failed_bodies: str) -> Answer:
    """Reports as failed the messages that have these bodies."""
    return lambda event: {
        "batchItemFailures": [
            {"itemIdentifier": record["messageId"]}
            for record in event["Records"]
            if record["body"] in failed_bodies
        ]
    }


class ScriptedFunction:
    """A function whose answers are given: one for each call, the last one for all later calls.

    An answer is a value to return, an Outcome, or a callable that makes either from the event.
    """

    def __init__(
        self, *answers: Any, concurrency: int | None = None, timeout_seconds: int = 3,
        places: int | None = None,
    ) -> None:  # fmt: skip
        """``places`` is what the machine has room for, which AWS knows nothing of."""
        self.spec = FunctionSpec(
            name="work", function_name="shop-dev-work", handler="app.work",
            timeout_seconds=timeout_seconds, reserved_concurrency=concurrency,
        )  # fmt: skip
        self._limit = places if concurrency is None else concurrency
        self.answers = list(answers) or [None]
        self.events: list[Event] = []
        self.trace_headers: list[str | None] = []
        self.held = 0
        self.request_ids: list[str | None] = []

    def try_acquire(self) -> bool:
        if self._limit is not None and self.held >= self._limit:
            return False
        self.held += 1
        return True

    def release(self) -> None:
        self.held -= 1

    def invoke(
        self, payload: bytes, *, request_id: str | None = None, trace_header: str | None = None
    ) -> Outcome:
        event = msgspec.json.decode(payload)
        self.events.append(event)
        self.trace_headers.append(trace_header)
        self.request_ids.append(request_id)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        value = answer(event) if callable(answer) else answer
        return value if isinstance(value, Outcome) else Outcome(payload=msgspec.json.encode(value))

    def recycle(self) -> None: ...

    def retire(self) -> None: ...

    def close(self) -> None: ...

    def bodies(self) -> list[list[str]]:
        """The bodies of each call's records."""
        return [bodies(event) for event in self.events]

    def attribute(self, name: str) -> list[list[str]]:
        """One of the records' attributes, for each call."""
        return [[r["attributes"][name] for r in event["Records"]] for event in self.events]


def flat(calls: list[list[str]]) -> list[str]:
    """One list of what every call got."""
    return [item for call in calls for item in call]


class SmallCloud:
    """A virtual clock, queues, mappings and the scheduler that steps them."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.condition = threading.Condition(threading.RLock())
        self.journal = Journal(self.clock)
        self.scheduler = Scheduler(self.clock, self.condition, self.journal)
        self.functions: dict[str, ScriptedFunction] = {}
        self.letters: list[Letter] = []
        self.asynchronous = AsynchronousInvocations(
            self.functions.get, send=self.letters.append,
            clock=self.clock, condition=self.condition, journal=self.journal,
        )  # fmt: skip
        self.scheduler.add(self.asynchronous)
        self.advance = self.scheduler.advance
        self.run_until_idle = self.scheduler.run_until_idle

    def queue(
        self, name: str = "jobs", *, redrive: tuple[int, Queue] | None = None, **attributes: Any
    ) -> Queue:
        fifo = name.endswith(".fifo")
        return Queue(
            QueueAttributes(
                name=name, arn=ARN + name, fifo=fifo, content_based_deduplication=fifo,
                redrive=Redrive(*redrive) if redrive else None, **attributes,
            ),
            on_receivable=self.notify,
        )  # fmt: skip

    def notify(self) -> None:
        with self.condition:
            self.condition.notify_all()

    def send(self, queue: Queue, *texts: str, **more: Any) -> list[str]:
        """Send one message for each text; returns their ids."""
        now_ms = self.clock.now_ms()
        if queue.attributes.fifo:
            more = {"group_id": "g", **more}
        return [queue.send(now_ms, text, **more).message_id for text in texts]

    def connect(self, queue: Queue, function: ScriptedFunction, **spec: Any) -> SqsMapping:
        mapping = SqsMapping(
            QueueMappingSpec(
                uuid="1", queue_name=queue.attributes.name, function=function.spec.name, **spec
            ),
            queue, function,
            clock=self.clock, condition=self.condition, journal=self.journal,
        )  # fmt: skip
        self.scheduler.add(mapping)
        return mapping

    def step(self, mapping: SqsMapping) -> list[Callable[[], None]]:
        """All the work the mapping hands out now, not run."""
        work: list[Callable[[], None]] = []
        while pieces := mapping.step(self.clock.now_ms()):
            work.extend(pieces)
        return work

    def held(self, queue: Queue) -> tuple[int, int, int]:
        """How many messages are visible, in flight and delayed."""
        counts = queue.counts(self.clock.now_ms())
        return counts.visible, counts.in_flight, counts.delayed
