"""Time that a test moves."""

from __future__ import annotations

import threading

import pytest

from emulator.clock import ClockWentBackError, SystemClock, VirtualClock


def test_virtual_clock_stands_still_until_it_is_advanced() -> None:
    clock = VirtualClock()
    before_ms = clock.now_ms()

    clock.advance(0.25)

    assert (before_ms, clock.now_ms()) == (VirtualClock.START_MS, VirtualClock.START_MS + 250)


def test_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock()

    with pytest.raises(ClockWentBackError):
        clock.advance(-1)


def test_virtual_wait_jumps_to_its_end() -> None:
    clock, condition = VirtualClock(), threading.Condition()

    with condition:
        clock.wait(condition, clock.now_ms() + 5_000)
        clock.wait(condition, clock.now_ms() - 1)

    assert clock.now_ms() == VirtualClock.START_MS + 5_000


def test_virtual_wait_without_an_end_is_refused() -> None:
    with pytest.raises(RuntimeError, match="never returns"):
        VirtualClock().wait(threading.Condition(), None)


def test_listener_hears_of_every_move() -> None:
    clock = VirtualClock()
    heard: list[int] = []

    clock.on_advance(heard.append)
    clock.advance(1)

    assert heard == [VirtualClock.START_MS, VirtualClock.START_MS + 1_000]


def test_system_wait_ends_at_once_when_its_time_is_past() -> None:
    clock, condition = SystemClock(), threading.Condition()

    with condition:
        clock.wait(condition, clock.now_ms() - 1)


def test_system_wait_ends_when_it_is_notified() -> None:
    clock, condition = SystemClock(), threading.Condition()
    waiting = threading.Event()

    def wait() -> None:
        with condition:
            waiting.set()
            clock.wait(condition, None)

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(5)
    with condition:
        condition.notify_all()
    thread.join(5)

    assert not thread.is_alive()
