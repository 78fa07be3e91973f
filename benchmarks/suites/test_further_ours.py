"""One job from its 202 to its result, on the emulator's fixtures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.emulator import Emulator
    from emulator.test_client import Client

_TESTS = int(os.environ["FURTHER_TESTS"])


@pytest.mark.parametrize("number", range(_TESTS))
def test_job_succeeds(number: int, client: Client, emulator: Emulator) -> None:
    text = {"text": f"to be or not to be {number}"}
    accepted = client.post("/jobs", json={"type": "text.statistics", "input": text})

    emulator.run_until_idle()

    assert accepted.status_code == 202
    job = client.get("/" + accepted.headers["location"]).json()
    assert job["status"] == "succeeded"
