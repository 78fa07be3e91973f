"""The scheduler on a virtual clock: jumps from due time to due time, work in place."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from mapping_builders import CRASH, ScriptedFunction, SmallCloud

from emulator.scheduler import NotIdleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@pytest.fixture
def cloud() -> SmallCloud:
    return SmallCloud()


class Alarm:
    """A source that does something once, at a given time."""

    def __init__(self, due_ms: int, act: Callable[[], object]) -> None:
        self._due_ms: int | None = due_ms
        self._act = act

    def step(self, now_ms: int) -> Sequence[Callable[[], None]]:
        if self._due_ms is None or now_ms < self._due_ms:
            return ()
        self._due_ms = None
        return (self._ring,)

    def next_due_ms(self, now_ms: int) -> int | None:
        return self._due_ms

    def pending(self, now_ms: int) -> bool:
        return self._due_ms is not None

    def _ring(self) -> None:
        self._act()


def at(cloud: SmallCloud, seconds: float, act: Callable[[], object]) -> None:
    cloud.scheduler.add(Alarm(cloud.clock.now_ms() + round(seconds * 1000), act))


def test_advance_does_everything_due_on_the_way_in_order(cloud: SmallCloud) -> None:
    start_ms, seen = cloud.clock.now_ms(), list[int]()
    for seconds in (3, 1, 2, 9):
        at(cloud, seconds, lambda: seen.append(cloud.clock.now_ms() - start_ms))
    cloud.advance(5)

    assert seen == [1000, 2000, 3000]
    assert cloud.clock.now_ms() == start_ms + 5000


def test_sources_due_together_act_in_the_order_they_were_added(cloud: SmallCloud) -> None:
    seen = list[str]()
    for name in "bca":
        at(cloud, 1, functools.partial(seen.append, name))
    cloud.advance(1)

    assert seen == ["b", "c", "a"]


def test_sources_with_much_to_do_take_turns(cloud: SmallCloud) -> None:
    order = list[str]()
    for name in ("one", "two"):
        queue, function = cloud.queue(name), ScriptedFunction()
        function.answers = [lambda event: order.append(event["Records"][0]["body"])]
        cloud.connect(queue, function, batch_size=1)
        cloud.send(queue, name, name)
    cloud.advance(0)

    assert order == ["one", "two", "one", "two"]


def test_function_may_itself_let_time_pass(cloud: SmallCloud) -> None:
    seen = list[str]()

    def slow() -> None:
        cloud.advance(10)
        seen.append("outer")

    at(cloud, 1, slow)
    at(cloud, 5, lambda: seen.append("inner"))
    start_ms = cloud.clock.now_ms()
    cloud.advance(2)

    assert seen == ["inner", "outer"]
    assert cloud.clock.now_ms() == start_ms + 11_000


def test_idle_is_when_nothing_is_pending_any_more(cloud: SmallCloud) -> None:
    queue, function = cloud.queue(visibility_timeout_seconds=360), ScriptedFunction(CRASH, None)
    cloud.connect(queue, function)
    cloud.send(queue, "a", delay_seconds=900)
    start_ms = cloud.clock.now_ms()
    cloud.run_until_idle()

    assert len(function.events) == 2
    assert cloud.clock.now_ms() == start_ms + 1_260_000


def test_idle_waits_for_messages_that_somebody_else_holds(cloud: SmallCloud) -> None:
    queue, function = cloud.queue(), ScriptedFunction()
    cloud.send(queue, "a")
    queue.receive(cloud.clock.now_ms(), 1)
    cloud.connect(queue, function)
    cloud.run_until_idle()

    assert function.bodies() == [["a"]]


def test_never_idle_is_an_error_that_names_what_is_pending(cloud: SmallCloud) -> None:
    queue = cloud.queue()
    cloud.connect(queue, ScriptedFunction(CRASH))
    cloud.send(queue, "a")

    with pytest.raises(NotIdleError, match="after 100 s: work <- jobs"):
        cloud.run_until_idle(limit_seconds=100)


def test_function_that_feeds_its_own_queue_is_stopped(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.scheduler.ROUNDS_MAX", 100)
    queue, function = cloud.queue(), ScriptedFunction()
    function.answers = [lambda _: cloud.send(queue, "again")]
    cloud.connect(queue, function)
    cloud.send(queue, "a")

    with pytest.raises(NotIdleError, match="without end: work <- jobs"):
        cloud.advance(0)


def test_source_that_is_due_but_does_nothing_lets_time_pass(cloud: SmallCloud) -> None:
    class Idle(Alarm):
        def next_due_ms(self, now_ms: int) -> int | None:
            return now_ms

    start_ms = cloud.clock.now_ms()
    cloud.scheduler.add(Idle(start_ms + 1_000_000, list))
    cloud.advance(0.1)

    assert cloud.clock.now_ms() == start_ms + 100


def test_removed_source_is_not_stepped_again(cloud: SmallCloud) -> None:
    queue, function = cloud.queue(), ScriptedFunction()
    mapping = cloud.connect(queue, function)
    cloud.scheduler.remove(mapping)
    cloud.send(queue, "a")
    cloud.run_until_idle()

    assert function.events == []


def test_source_removed_by_earlier_work_of_the_same_moment_does_nothing(cloud: SmallCloud) -> None:
    queue, function = cloud.queue(), ScriptedFunction()
    at(cloud, 0, lambda: cloud.scheduler.remove(mapping))
    mapping = cloud.connect(queue, function)
    cloud.send(queue, "a")
    cloud.advance(60)

    assert function.events == []


def test_bug_in_a_source_reaches_the_test_that_advances(cloud: SmallCloud) -> None:
    class Broken(Alarm):
        def step(self, now_ms: int) -> Sequence[Callable[[], None]]:
            raise RuntimeError("broken source")

    cloud.scheduler.add(Broken(0, list))

    with pytest.raises(RuntimeError, match="broken source"):
        cloud.advance(1)
