"""Which AWS a load talks to, by name. A process uses one: ours changes moto, stock must not be."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

#: Served elsewhere: AWS_ENDPOINT_URL says where.
ENDPOINT = "endpoint"


def cloud(name: str) -> Any:
    """The module of a cloud in this process: ``ours`` or ``stock``."""
    return importlib.import_module(f"benchmarks.loads.{name}_cloud")


def answering(name: str) -> AbstractContextManager[Any]:
    """Let clients made in the block talk to ``ours``, ``stock`` or the ``endpoint``."""
    if name == ENDPOINT:
        return contextlib.nullcontext()
    return cloud(name).answering()  # type: ignore[no-any-return]


def client(service: str) -> Any:
    """A client that never repeats a request, so that what it saw answered is what happened."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
    return boto3.client(service, config=config)
