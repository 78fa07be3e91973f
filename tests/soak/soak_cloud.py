"""The queues and the mapping of the soak test, on whatever clock and function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from soak_handler import LEDGER
from soak_workload import MAX_RECEIVE_COUNT

from emulator import template
from emulator.declared.project import Project
from emulator.invocation import FunctionSpec
from emulator.mapping.sqs import QueueMappingSpec

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.emulator import Emulator

NAMES = template.Names(app="soak", stage="dev", region="us-east-1", account_id="123456789012")
TIMEOUT_SECONDS = 1
VISIBILITY_SECONDS = 6
CONCURRENCY = 16
BATCH_SIZE = 5

_QUEUES = {
    "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
    "Work": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": "work",
            "VisibilityTimeout": VISIBILITY_SECONDS,
            "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                "maxReceiveCount": MAX_RECEIVE_COUNT,
            },
        },
    },
}


def project(directory: Path, ledger: Path) -> Project:
    function = FunctionSpec(
        name="work", function_name="soak-dev-work", handler="app.work",
        timeout_seconds=TIMEOUT_SECONDS, environment={LEDGER: str(ledger)},
    )  # fmt: skip
    mapping = QueueMappingSpec(
        uuid="soak", queue_name="work", function="work", batch_size=BATCH_SIZE,
        maximum_concurrency=CONCURRENCY, report_batch_item_failures=True,
    )  # fmt: skip
    return Project(
        names=NAMES, directory=str(directory), functions=[function], queue_mappings=[mapping],
        schedules=[], resources=template.resources({"Resources": _QUEUES}, NAMES), notes=[],
    )  # fmt: skip


def send(emulator: Emulator, bodies: list[str]) -> None:
    for first in range(0, len(bodies), 10):
        entries = [
            {"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[first : first + 10])
        ]
        emulator.cloud.call("sqs", "SendMessageBatch", QueueUrl="work", Entries=entries)


def dead_letters(emulator: Emulator) -> dict[int, int]:
    """The receive count of each dead letter, by its number."""
    found = {}
    with emulator.cloud.condition:
        now_ms = emulator.clock.now_ms()
        while taken := emulator.queue("dead").receive(now_ms, 10):
            for delivery in taken:
                number = json.loads(delivery.message.body)["n"]
                # without the receive that looked
                found[number] = delivery.message.receive_count - 1
    return found
