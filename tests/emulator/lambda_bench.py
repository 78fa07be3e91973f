"""A cloud with Lambda's API on a virtual clock, for tests: functions are Python callables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import ACCOUNT_ID, REGION
from emulator.emulator import Emulator
from emulator.invocation import FunctionSpec
from emulator.project import Project
from emulator.runtime.in_place import InPlaceFunction
from emulator.template import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulator.mapping.sqs import QueueMappingSpec


NAMES = Names(app="shop", stage="dev", region=REGION, account_id=ACCOUNT_ID)
PROJECT_DIR = "/nowhere"


def spec(name: str = "work", **more: Any) -> FunctionSpec:
    """A function as a project declares it."""
    return FunctionSpec(
        name=name, function_name=NAMES.physical(name), handler=f"app.{name}", **more
    )


def project(*functions: FunctionSpec, mappings: list[QueueMappingSpec] | None = None) -> Project:
    return Project(
        names=NAMES, directory=PROJECT_DIR, functions=list(functions),
        queue_mappings=mappings or [], schedules=[], resources=[], notes=[],
    )  # fmt: skip


class LambdaBench:
    """An emulator whose project's functions are ``handlers``, by their names in app.py."""

    def __init__(self, **handlers: Callable[[Any, Any], Any]) -> None:
        self.clock = VirtualClock()
        self.handlers = handlers
        self.emulator = Emulator(self.clock, make_function=self._make)
        self.aws = client("lambda")
        self.sqs = client("sqs")

    def _make(self, function: FunctionSpec) -> InPlaceFunction:
        return InPlaceFunction(function, self._call(function.name), self.clock)

    def _call(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda event, context: self.handlers[name](event, context)

    def declare(self, *functions: FunctionSpec, **more: Any) -> None:
        """Apply a project with these functions."""
        self.emulator.apply(project(*functions, **more))

    def invoke(self, name: str = "shop-dev-work", payload: bytes = b"{}", **more: Any) -> Any:
        return self.aws.invoke(FunctionName=name, Payload=payload, **more)


def client(service: str) -> Any:
    return boto3.client(
        service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )


@contextmanager
def bench(**handlers: Callable[[Any, Any], Any]) -> Iterator[LambdaBench]:
    """A bench with the project's functions declared, that answers every client of this process."""
    made = LambdaBench(**handlers)
    with in_process.answering(made.emulator.cloud):
        made.declare(*(spec(name) for name in handlers))
        yield made
