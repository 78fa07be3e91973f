"""The whole pipeline: HTTP, queue, worker, table, as a client sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response


def submit(client: Client, **more: Any) -> Response:
    body = {"type": "text.statistics", "input": {"text": "to be or not to be"}, **more}
    return client.post("/jobs", json=body)


def test_a_job_goes_from_accepted_to_its_result(client: Client, emulator: Emulator) -> None:
    """202 with a location, then the result there."""
    accepted = submit(client)
    print(accepted)
    emulator.scheduler.run_until_idle()
    r = client.get("/" + accepted.headers["location"])
    print(r)
    r = client.get("/" + accepted.headers["location"] + "/result")
    print(r)
    assert 0
