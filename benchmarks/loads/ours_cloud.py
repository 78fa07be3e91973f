"""Our cloud in this process, on the machine's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sqs.models import sqs_backends

from emulator.clock import SystemClock
from emulator.cloud import in_process
from emulator.cloud.aws import ACCOUNT_ID, REGION, Cloud
from emulator.journal import Journal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def answering() -> AbstractContextManager[None]:
    """Every AWS client of this process talks to a new cloud of ours."""
    clock = SystemClock()
    return in_process.answering(Cloud(clock, Journal(clock)))


def receive_ten(queue: str) -> list[Any]:
    """A receive by the backend itself, without a client in front."""
    return list(sqs_backends[ACCOUNT_ID][REGION].receive_message(queue, 10))
