from __future__ import annotations

from emulator.sqs.deadlines import Deadlines


def test_keys_come_when_due_earliest_first() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key, at_ms in {"c": 30, "a": 10, "b": 20}.items():
        deadlines.set(key, at_ms)
    assert list(deadlines.pop_due(20)) == ["a", "b"]
    assert deadlines.next_ms() == 30


def test_keys_due_together_come_in_the_order_they_were_set() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key in "zay":
        deadlines.set(key, 10)
    assert "".join(deadlines.pop_due(10)) == "zay"


def test_later_moment_replaces_an_earlier_one() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    deadlines.set("a", 20)
    assert list(deadlines.pop_due(19)) == []
    assert list(deadlines.pop_due(20)) == ["a"]


def test_cancelled_key_never_comes() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10)
    deadlines.cancel("a")
    assert deadlines.next_ms() is None
    assert list(deadlines.pop_due(10)) == []


def test_replaced_moments_do_not_pile_up() -> None:
    """A consumer that extends one message for ever costs a bounded amount of memory."""
    deadlines: Deadlines[str] = Deadlines()
    for at_ms in range(10_000):
        deadlines.set("a", at_ms)
    assert len(deadlines._heap) < 100
