"""The scheduler on the machine's clock: a thread that waits, work in other threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from mapping_builders import ScriptedFunction, SmallCloud

from emulator.clock import SystemClock
from emulator.journal import Journal
from emulator.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from emulator.journal import Entry

#: Longest a test waits for what must happen; nothing here takes more than milliseconds.
PATIENCE_SECONDS = 10


class RealTimeCloud(SmallCloud):
    """The same on the machine's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SystemClock()  # type: ignore[assignment]
        self.journal = Journal(self.clock)
        self.scheduler = Scheduler(self.clock, self.condition, self.journal)


@pytest.fixture
def cloud() -> Iterator[RealTimeCloud]:
    cloud = RealTimeCloud()
    threads = set(threading.enumerate())
    cloud.scheduler.start()
    yield cloud
    assert cloud.scheduler.stop() == 0
    assert set(threading.enumerate()) <= threads


class Signal:
    """An event that a function sets, and that a test waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self, *_: object) -> None:
        self._event.set()

    def wait(self, *_: object) -> None:
        assert self._event.wait(PATIENCE_SECONDS), "what was waited for did not happen"


def test_message_wakes_the_scheduler(cloud: RealTimeCloud) -> None:
    queue, function, called = cloud.queue(), ScriptedFunction(), Signal()
    function.answers = [called.set]
    cloud.connect(queue, function)
    with cloud.condition:
        cloud.send(queue, "a")

    called.wait()


def test_message_is_delivered_when_its_time_comes(cloud: RealTimeCloud) -> None:
    queue, function, called = cloud.queue(), ScriptedFunction(), Signal()
    function.answers = [called.set]
    with cloud.condition:
        cloud.send(queue, "a")
        queue.receive(cloud.clock.now_ms() - 29_950, 1)
        cloud.connect(queue, function)
    assert function.events == []

    called.wait()


def test_slow_function_does_not_delay_another_mapping(cloud: RealTimeCloud) -> None:
    queue, slow, may_end = cloud.queue("slow"), ScriptedFunction(), Signal()
    slow.answers = [may_end.wait]
    other_queue, quick, called = cloud.queue("quick"), ScriptedFunction(), Signal()
    quick.answers = [called.set]
    cloud.connect(queue, slow, batch_size=1)
    cloud.connect(other_queue, quick)
    with cloud.condition:
        cloud.send(queue, *"abcdef")
        cloud.send(other_queue, "a")

    called.wait()
    may_end.set()


def test_five_batches_run_at_the_same_time(cloud: RealTimeCloud) -> None:
    queue, function = cloud.queue(), ScriptedFunction()
    barrier = threading.Barrier(6)

    def meet(_event: object) -> None:
        barrier.wait(PATIENCE_SECONDS)

    function.answers = [meet]
    cloud.connect(queue, function, batch_size=1)
    with cloud.condition:
        cloud.send(queue, *"abcde")

    barrier.wait(PATIENCE_SECONDS)


def test_end_of_a_batch_makes_room_for_the_next(cloud: RealTimeCloud) -> None:
    queue, function, called = cloud.queue(), ScriptedFunction(), Signal()
    function.answers = [None, None, called.set]
    cloud.connect(queue, function, batch_size=1, maximum_concurrency=1)
    with cloud.condition:
        cloud.send(queue, *"abc")

    called.wait()


def test_source_that_raises_is_recorded_and_the_others_go_on(cloud: RealTimeCloud) -> None:
    class Broken:
        def __str__(self) -> str:
            return "the broken one"

        def step(self, now_ms: int) -> Sequence[Callable[[], None]]:
            raise RuntimeError("broken source")

        def next_due_ms(self, now_ms: int) -> int | None:
            return now_ms

        def pending(self, now_ms: int) -> bool:
            return False

    queue, function = cloud.queue(), ScriptedFunction()
    cloud.scheduler.add(Broken())
    cloud.connect(queue, function)
    for _ in range(20):
        called = Signal()
        function.answers = [called.set]
        with cloud.condition:
            cloud.send(queue, "a")
        called.wait()

    error, *more = cloud.journal.entries(subject="the broken one", action="error")
    assert "broken source" in error.data["text"]
    assert len(more) < 10, "a broken source is left alone for a while"


def test_work_that_raises_is_recorded(cloud: RealTimeCloud) -> None:
    recorded = Signal()

    def listen(entry: Entry) -> None:
        if entry.action == "error":
            recorded.set()

    cloud.journal.listen(listen)
    queue, function = cloud.queue(), ScriptedFunction()

    def broken(_event: object) -> None:
        raise RuntimeError("broken runner")

    function.answers = [broken, None]
    cloud.connect(queue, function)
    with cloud.condition:
        cloud.send(queue, "a")

    recorded.wait()


def test_who_waits_for_work_has_its_result_or_its_error(cloud: RealTimeCloud) -> None:
    assert cloud.scheduler.within(lambda: "done", timeout_ms=60_000) == "done"
    with pytest.raises(ZeroDivisionError):
        cloud.scheduler.within(lambda: 1 / 0, timeout_ms=60_000)


def test_work_that_nobody_waits_for_any_more_comes_to_its_end(cloud: RealTimeCloud) -> None:
    """As a function does that API Gateway no longer waits for."""
    may_end, ended = Signal(), Signal()

    def work() -> None:
        may_end.wait()
        ended.set()

    with pytest.raises(TimeoutError):
        cloud.scheduler.within(work, timeout_ms=1)
    may_end.set()
    ended.wait()


def test_stop_says_what_still_runs_and_can_be_called_again() -> None:
    cloud = RealTimeCloud()
    threads = set(threading.enumerate())
    queue, function, began, may_end = cloud.queue(), ScriptedFunction(), Signal(), Signal()

    def work(_event: object) -> None:
        began.set()
        may_end.wait()

    function.answers = [work]
    cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.scheduler.start()
    began.wait()

    assert cloud.scheduler.stop(timeout_seconds=0.01) == 1
    may_end.set()
    assert cloud.scheduler.stop() == 0
    assert set(threading.enumerate()) <= threads


def test_stopped_scheduler_starts_nothing() -> None:
    cloud = RealTimeCloud()
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.connect(queue, function)
    cloud.scheduler.start()
    cloud.scheduler.stop()
    cloud.notify()
    cloud.send(queue, "a")

    assert cloud.held(queue) == (1, 0, 0)


def test_scheduler_that_never_started_stops_at_once() -> None:
    assert RealTimeCloud().scheduler.stop() == 0
