"""Stock moto in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto import mock_aws
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_VISIBILITY_TIMEOUT_SECONDS = 600


def answering() -> AbstractContextManager[Any]:
    """Every AWS client of this process talks to moto."""
    return mock_aws()  # type: ignore[no-any-return]


def receive_ten(queue: str) -> list[Any]:
    """A receive by the backend itself, without a client in front."""
    backend = sqs_backends["123456789012"]["us-east-1"]
    return list(backend.receive_message(queue, 10, 0, _VISIBILITY_TIMEOUT_SECONDS))
