"""The fixtures of the acceptance tests for the app in the test's own process.

``deployed_copy`` has the same for one that is deployed somewhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.errors import PermanentError
from chalicelib.settings import Settings
from chalicelib.task import TASKS, Task

if TYPE_CHECKING:
    from emulator.emulator import Emulator


def _fail(value: Any, context: Any) -> None:
    raise PermanentError("no")


@pytest.fixture
def failing_task(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The type of a job that fails for good."""
    bootstrap.service()
    monkeypatch.setitem(TASKS, "test", Task("test", object, _fail))
    return "test"


@pytest.fixture
def tenant() -> str:
    """Whose jobs the client's are."""
    return "public"


@pytest.fixture
def job_id_key(emulator: Emulator) -> bytes:
    """What ids and cursors are signed with."""
    return Settings.from_environment(os.environ).job_id_key
