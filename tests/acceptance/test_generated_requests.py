"""Requests made up from the OpenAPI document, those that fit it and those that do not.

``make fuzz`` sends many more, to a real ``chalice local``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from described import described
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

if TYPE_CHECKING:
    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response

SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(described())))
MODES: list[Any] = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
EXAMPLES = 12


def can_be_wrong(operation: Any) -> bool:
    """Headers may be anything: whatever makes no sense is ignored."""
    return bool(operation.query or operation.path_parameters or operation.body)


def cases() -> list[Any]:
    """Every operation, as it is described and as it is not."""
    operations: list[Any] = [found.ok() for found in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
    return [
        pytest.param(
            operation.as_strategy(generation_mode=mode), id=f"{mode.value}-{operation.label}"
        )
        for operation in operations
        for mode in MODES
        if operation.method != "head"
        and (mode == GenerationMode.POSITIVE or can_be_wrong(operation))
    ]


def sent(client: Client, case: Any) -> Response:
    """Send the request as an HTTP library would have written it."""
    arguments = case.as_transport_kwargs(base_url="http://localhost")
    names = requests.Request.__init__.__code__.co_varnames
    known = {name: value for name, value in arguments.items() if name in names}
    prepared = requests.Request(**known).prepare()
    body: Any = prepared.body or b""
    headers: Any = dict(prepared.headers)
    return client.request(
        str(prepared.method),
        prepared.path_url,
        body=body.encode() if isinstance(body, str) else body,
        headers=headers,
    )


def jobs(client: Client, emulator: Emulator) -> list[str]:
    """Ids of a job that failed, one that succeeded, one that waits and one that is canceled."""
    bad = {"type": "csv.profile", "input": {"csv": "," * 1_001}}
    good = {"type": "echo", "input": 1}
    made = [client.post("/jobs", json=body).json()["id"] for body in (bad, good)]
    emulator.run_until_idle()
    late = {**good, "delay_seconds": 900}
    made += [client.post("/jobs", json=late).json()["id"] for _ in range(2)]
    assert client.post(f"/jobs/{made[-1]}/cancel").status_code == 200
    return made


@pytest.mark.parametrize("made_up", cases())
def test_every_answer_to_a_generated_request_is_described(
    made_up: Any, client: Client, emulator: Emulator
) -> None:
    """The client checks it; of the service's own failures there is none."""
    ids = jobs(client, emulator)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=made_up, job_id=st.sampled_from([None, *ids]))
    def check(case: Any, job_id: str | None) -> None:
        if job_id and "job_id" in case.path_parameters:
            case.path_parameters["job_id"] = job_id
        assert sent(client, case).status_code < 500

    check()
