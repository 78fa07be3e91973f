"""What every test stands on: the app's fixtures, and no way out of this machine."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from described import DescribedClient

from emulator import guard

if TYPE_CHECKING:
    from emulator.test_client import Client

pytest_plugins = ["emulator.pytest_plugin", "least_privilege", "stage_package"]

# Before any test module is imported: a client made at import time must find nothing either.
guard.pin_environment(os.environ, None, "us-east-1")
guard.forbid("loopback")
# a shell's background job ignores it, and so would every chalice local that a test interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def client(client: Client) -> Client:
    """Calls the app's routes; every answer must be as its OpenAPI document says."""
    return DescribedClient(client._gateway)
