"""The poller one writes by hand beside ``chalice local``: receive, call, delete."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = "process_jobs"
_FUNCTION_TIMEOUT_SECONDS = 60


class Context:
    """The part of Lambda's context object that a function may ask for."""

    function_name = FUNCTION
    memory_limit_in_mb = "512"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self._until = time.monotonic() + _FUNCTION_TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self._until - time.monotonic()) * 1000))


def configured() -> dict[str, Any]:
    """What .chalice/config.json sets for the stage, with the environment variables applied."""
    config: dict[str, Any] = msgspec.json.decode(Path(".chalice/config.json").read_bytes())
    stage = config.get("stages", {}).get("dev", {})
    function = stage.get("lambda_functions", {}).get(FUNCTION, {})
    for level in (config, stage, function):
        os.environ.update(level.get("environment_variables", {}))
    return config


def poll(
    sqs: Any, queue_url: str, function: Callable[[Any, Any], object], *, wait_seconds: int
) -> int:
    """Receive up to ten messages, hand them over as one event, delete them; returns how many."""
    received = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=wait_seconds,
        AttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    messages = received.get("Messages", [])
    if messages:
        function({"Records": [_record(m, queue_url) for m in messages]}, Context())
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    return len(messages)


def _record(message: dict[str, Any], queue_url: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": message.get("MessageAttributes", {}),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue_url.rpartition('/')[2]}",
        "awsRegion": "us-east-1",
    }


def main() -> None:
    """Poll until the process is ended."""
    configured()
    sqs = boto3.client("sqs")
    queue_url = sqs.get_queue_url(QueueName=os.environ["JOBS_QUEUE"])["QueueUrl"]
    function = getattr(importlib.import_module("app"), FUNCTION)
    while True:
        # one failed call (stock moto answers 500 when its threads collide) is not the end
        with contextlib.suppress(ClientError):
            poll(sqs, queue_url, function, wait_seconds=20)


if __name__ == "__main__":
    main()
