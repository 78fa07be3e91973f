"""A cloud with Lambda's API on a virtual clock, for tests: functions are Python callables."""

from __future__ import annotations

import functools
import io
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import ACCOUNT_ID, REGION
from emulator.declared.project import Project
from emulator.emulator import Emulator
from emulator.invocation import FunctionSpec
from emulator.runtime.in_place import InPlaceFunction
from emulator.runtime.task_root import TaskRootHandler
from emulator.template import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulator.mapping.sqs import QueueMappingSpec


NAMES = Names(app="shop", stage="dev", region=REGION, account_id=ACCOUNT_ID)
PROJECT_DIR = "/nowhere"
ROLE = "arn:aws:iam::123456789012:role/any"
ECHO = "def handler(event, context): return event"


def spec(name: str = "work", **more: Any) -> FunctionSpec:
    """A function as a project declares it."""
    return FunctionSpec(
        name=name, function_name=NAMES.physical(name), handler=f"app.{name}", **more
    )


def project(
    *functions: FunctionSpec,
    mappings: list[QueueMappingSpec] | None = None,
    directory: str = PROJECT_DIR,
) -> Project:
    return Project(
        names=NAMES, directory=directory, functions=list(functions),
        queue_mappings=mappings or [], schedules=[], resources=[], notes=[],
    )  # fmt: skip


class LambdaBench:
    """An emulator whose project's functions are ``handlers``, by their names in app.py."""

    def __init__(self, **handlers: Callable[[Any, Any], Any]) -> None:
        self.clock = VirtualClock()
        self.handlers = handlers
        self.spec = spec
        self.declared: tuple[FunctionSpec, ...] = ()
        self.emulator = Emulator(self.clock, make_function=self._make)
        self.aws = client("lambda")
        self.sqs = client("sqs")

    def _make(self, function: FunctionSpec) -> InPlaceFunction:
        handler = TaskRootHandler(function) if function.task_root else self._call(function.name)
        return InPlaceFunction(function, handler, self.clock)

    def _call(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda event, context: self.handlers[name](event, context)

    def declare(self, *functions: FunctionSpec, **more: Any) -> list[str]:
        """Apply a project with these functions, as a reload does; returns what it tells."""
        self.declared = functions
        return self.emulator.apply(project(*functions, **more))

    def create(self, name: str, source: str = ECHO, **parameters: Any) -> Any:
        """Create a function from a zip with one file, app.py; its handler is app.handler."""
        settings = {
            "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE,
            "Code": {"ZipFile": zipped({"app.py": source})}, **parameters,
        }  # fmt: skip
        return self.aws.create_function(FunctionName=name, **settings)

    def queue(self, name: str = "work", **attributes: str) -> str:
        """Create a queue; returns its ARN."""
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def send(self, body: str, queue: str = "work") -> None:
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        self.sqs.send_message(QueueUrl=url, MessageBody=body)

    def counts(self, queue: str = "work") -> Any:
        """Messages of a queue, by state."""
        return self.emulator.queue(queue).counts(self.clock.now_ms())

    def invoke(self, name: str = "shop-dev-work", payload: bytes = b"{}", **more: Any) -> Any:
        return self.aws.invoke(FunctionName=name, Payload=payload, **more)


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name, text in files.items():
            package.writestr(name, text)
    return content.getvalue()


def read(answer: Any) -> Any:
    """What an invocation answered."""
    return msgspec.json.decode(answer["Payload"].read())


@contextmanager
def refused() -> Iterator[Refusal]:
    """The block must be refused by AWS; what it said is there after it."""
    refusal = Refusal()
    with pytest.raises(ClientError) as caught:
        yield refusal
    answer = caught.value.response
    refusal.status = answer["ResponseMetadata"]["HTTPStatusCode"]
    refusal.code, refusal.text = answer["Error"]["Code"], answer["Error"]["Message"]
    refusal.answer = answer


class Refusal:
    """An error that AWS answered with."""

    status = 0
    code = text = ""
    answer: Any = None


@functools.cache
def client(service: str) -> Any:
    """Shared by all tests: whichever cloud answers at the time answers it."""
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
        made.emulator.close()
