"""A thousand messages through crashes, timeouts, exits and failed items, on virtual time.

``make soak`` does the same with ten thousand in real processes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import soak_cloud
import soak_handler
import soak_workload

from emulator.clock import VirtualClock
from emulator.emulator import Emulator
from emulator.runtime import in_place

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_message_is_done_or_dead_with_the_right_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""
    clock = VirtualClock()
    monkeypatch.setattr(soak_handler, "wait", functools.partial(in_place.sleep, clock))
    monkeypatch.setenv(soak_handler.LEDGER, str(tmp_path))
    emulator = Emulator(
        clock,
        make_function=lambda spec: in_place.InPlaceFunction(spec, soak_handler.work, clock),
    )
    emulator.apply(soak_cloud.project(tmp_path, tmp_path))
    sent = soak_workload.bodies(1_000, seed=1)
    soak_cloud.send(emulator, sent)

    emulator.run_until_idle()

    dead = soak_cloud.dead_letters(emulator)
    assert dead
    assert soak_workload.mistakes(sent, soak_workload.received(tmp_path), dead) == []


def test_lost_doubled_and_wrongly_dead_messages_are_noticed() -> None:
    """The accounting of the soak test would tell."""
    done, poisoned = '{"n": 1, "plan": ["done"]}', '{"n": 2, "plan": ["fail"]}'
    assert soak_workload.mistakes([done], {1: [1]}, {}) == []
    for counts, dead in (
        ({}, {}), ({1: [1, 1]}, {}), ({1: [2]}, {}), ({1: [1]}, {1: 1}), ({1: [1, 3]}, {}),
    ):  # fmt: skip
        assert len(soak_workload.mistakes([done], counts, dead)) == 1
    assert len(soak_workload.mistakes([poisoned], {2: [1]}, {})) == 1
