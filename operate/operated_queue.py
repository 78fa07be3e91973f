"""A queue of the service, with what only an operator asks of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from chalicelib import limits
from chalicelib.store.job_queue import JobQueue, Received

if TYPE_CHECKING:
    from chalicelib.aws import Clients

#: A long poll asks all of SQS's servers, so one that finds nothing means that there is nothing.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
WAIT_SECONDS = 1


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """About how many messages a queue has."""

    waiting: int
    in_flight: int
    delayed: int


class OperatedQueue(JobQueue):
    """Every method raises UnavailableError if SQS does not do what is asked."""

    def __init__(self, clients: Clients, name: str) -> None:
        super().__init__(clients, name)
        self.name = name

    def counts(self) -> Counts:
        found = self._attributes()
        number = "ApproximateNumberOfMessages"
        return Counts(
            waiting=int(found[number]),
            in_flight=int(found[f"{number}NotVisible"]),
            delayed=int(found[f"{number}Delayed"]),
        )

    def arn(self) -> str:
        return self._attributes()["QueueArn"]

    def dead_letters(self) -> OperatedQueue | None:
        """The queue that takes what this one gives up on, by its redrive policy."""
        policy = self._attributes().get("RedrivePolicy")
        if policy is None:
            return None
        target: str = json.loads(policy)["deadLetterTargetArn"]
        return OperatedQueue(self._clients, target.rpartition(":")[2])

    def receive(self, *, hidden_seconds: int) -> list[Received]:
        """Up to ten messages, which nobody else gets for so long; none if none waits."""
        answer = self._call(
            "receive_message",
            MaxNumberOfMessages=limits.SEND_BATCH_MESSAGES_MAX,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=WAIT_SECONDS,
        )
        return [
            Received(
                message_id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                body=message["Body"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", [])
        ]

    def _attributes(self) -> dict[str, str]:
        answer = self._call("get_queue_attributes", AttributeNames=["All"])
        found: dict[str, str] = answer["Attributes"]
        return found
