"""A function that feeds its own queue is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from mapping_builders import ScriptedFunction, SmallCloud

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import ACCOUNT_ID, REGION
from emulator.declared.project import Project
from emulator.emulator import Emulator
from emulator.invocation import FunctionSpec
from emulator.mapping.sqs import QueueMappingSpec
from emulator.runtime import trace_header
from emulator.runtime.in_place import InPlaceFunction
from emulator.template import Names, Resource

if TYPE_CHECKING:
    from emulator.invocation import RecursiveLoop


def looping(*, recursive_loop: RecursiveLoop = "Terminate", redrive: bool = True) -> Project:
    """A function ``work`` on a queue ``work``."""
    dead = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:dead", "maxReceiveCount": 5}
    work: dict[str, Any] = {
        "QueueName": "work",
        "VisibilityTimeout": 60,
        **({"RedrivePolicy": dead} if redrive else {}),
    }
    return Project(
        names=Names(app="shop", stage="dev", region=REGION, account_id=ACCOUNT_ID),
        directory="/",
        functions=[
            FunctionSpec(
                name="work", function_name="shop-dev-work", handler="app.work",
                recursive_loop=recursive_loop,
            )
        ],
        queue_mappings=[QueueMappingSpec(uuid="1", queue_name="work", function="work")],
        schedules=[],
        resources=[
            Resource(logical_id=name, type="AWS::SQS::Queue", properties=properties)
            for name, properties in (("Work", work), ("Dead", {"QueueName": "dead"}))
        ],
        notes=[],
    )  # fmt: skip


class Loop:
    """An app whose function sends to its own queue until it was called ``calls_max`` times."""

    def __init__(self, project: Project, calls_max: int = 40) -> None:
        self.calls = 0
        self.calls_max = calls_max
        self.client: Any = boto3.client("sqs", region_name=REGION)
        clock = VirtualClock()
        self.emulator = Emulator(
            clock, make_function=lambda spec: InPlaceFunction(spec, self.work, clock)
        )
        with in_process.answering(self.emulator.cloud):
            self.emulator.apply(project)
            self.send()
            self.emulator.run_until_idle()

    def work(self, event: Any, context: Any) -> None:
        self.calls += 1
        if self.calls < self.calls_max:
            self.send()

    def send(self) -> None:
        self.client.send_message(QueueUrl="work", MessageBody="again")

    def waiting(self, queue: str) -> int:
        return self.emulator.queue(queue).counts(self.emulator.clock.now_ms()).visible

    def errors(self) -> list[str]:
        return [entry.data["text"] for entry in self.emulator.journal.entries(action="error")]


def test_loop_is_stopped_after_sixteen_calls_and_its_message_is_dead() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
    loop = Loop(looping())
    assert (loop.calls, loop.waiting("work"), loop.waiting("dead")) == (16, 0, 1)
    (error,) = loop.errors()
    assert "recursive loop stopped" in error
    assert "dead-letter queue" in error


def test_stopped_message_is_dropped_where_there_is_no_dead_letter_queue() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
    loop = Loop(looping(redrive=False))
    assert (loop.calls, loop.waiting("work"), loop.waiting("dead")) == (16, 0, 0)
    assert "it was dropped" in loop.errors()[0]


def test_loop_that_is_allowed_goes_on() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html"""
    loop = Loop(looping(recursive_loop="Allow"))
    assert (loop.calls, loop.errors()) == (40, [])


def test_messages_of_many_callers_are_no_loop() -> None:
    function = ScriptedFunction()
    cloud = SmallCloud()
    queue = cloud.queue()
    cloud.connect(queue, function, batch_size=1)
    cloud.send(queue, *map(str, range(40)))
    cloud.run_until_idle()
    assert len(function.events) == 40


def test_batch_goes_on_with_the_longest_chain_of_its_messages() -> None:
    """So that a loop does not hide among other messages."""
    function = ScriptedFunction()
    long = trace_header.continued("Root=1-2-3", function.spec.arn, 0)
    cloud = SmallCloud()
    queue = cloud.queue()
    cloud.send(queue, "first", system_attributes={"AWSTraceHeader": "Root=1-1-1"})
    cloud.send(queue, "second", system_attributes={"AWSTraceHeader": long})
    cloud.connect(queue, function)
    cloud.run_until_idle()
    assert function.trace_headers == [long]


@pytest.mark.parametrize("own", [None, "Root=1-5-6"])
def test_message_keeps_the_trace_of_the_request_that_sent_it(own: str | None) -> None:
    """Its own comes first. https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html"""
    loop = Loop(looping(), calls_max=0)
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": own}} if own else {}
    with pytest.MonkeyPatch.context() as patch, in_process.answering(loop.emulator.cloud):
        patch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-dev-work")
        patch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Lineage=0:1&2:3")
        entry = {"Id": "1", "MessageBody": "hello", "MessageSystemAttributes": system}
        loop.client.send_message_batch(QueueUrl="dead", Entries=[entry])
        answer = loop.client.receive_message(
            QueueUrl="dead", MessageSystemAttributeNames=["AWSTraceHeader"]
        )
    header = answer["Messages"][0]["Attributes"]["AWSTraceHeader"]
    assert header == (own or "Root=1-2-3;Lineage=0:1&2:3")
