"""A queue of jobs in SQS, and its messages as Lambda hands them over."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import aws, limits
from chalicelib.errors import UnavailableError
from chalicelib.jobs.callback_message import CallbackMessage
from chalicelib.jobs.job_message import JobMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.aws import Clients


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a batch."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int


class Outgoing(msgspec.Struct, frozen=True):
    """A message to send."""

    message: JobMessage | CallbackMessage
    delay_seconds: int = 0

    def request(self) -> dict[str, Any]:
        """SQS's parameters."""
        return {
            "MessageBody": self.message.encode(),
            "DelaySeconds": self.delay_seconds,
            "MessageGroupId": self.message.tenant,
        }


def received(event: dict[str, Any]) -> list[Received]:
    """The messages of an SQS event.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
    """
    return [
        Received(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
        )
        for record in event["Records"]
    ]


class JobQueue:
    """Every method but ``send`` raises UnavailableError if SQS does not do what is asked."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def send(self, messages: Sequence[Outgoing]) -> list[UnavailableError | None]:
        """Send any number of messages; in the same order what went wrong. Does not raise.

        Sending twice does no harm: a job is claimed once. Messages carry their tenant as group, so
        that the queue serves a tenant with few messages before one with many.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
        """
        errors: list[UnavailableError | None] = []
        for entries in _batches(messages):
            errors += self._send_batch(entries)
        return errors

    def _send_batch(self, entries: list[dict[str, Any]]) -> list[UnavailableError | None]:
        try:
            if len(entries) == 1:
                self._call("send_message", **entries[0])
                return [None]
            named = [{"Id": str(index), **entry} for index, entry in enumerate(entries)]
            answer = self._call("send_message_batch", Entries=named)
        except UnavailableError as error:
            return [error] * len(entries)
        failed = {
            int(entry["Id"]): UnavailableError(entry["Code"], maybe_done=False)
            for entry in answer.get("Failed", [])
        }
        return [failed.get(index) for index in range(len(entries))]

    def hide(self, message: Received, seconds: int) -> None:
        """Let the message come back ``seconds`` from now, at most twelve hours."""
        self._call(
            "change_message_visibility",
            ReceiptHandle=message.receipt_handle,
            VisibilityTimeout=min(seconds, limits.HIDE_SECONDS_MAX),
        )

    def acknowledge(self, messages: Sequence[Received]) -> None:
        """Delete a batch's messages, ten at most, in one request.

        One that SQS fails to delete comes back, finds its job ended and is deleted then.
        """
        entries = [
            {"Id": str(index), "ReceiptHandle": message.receipt_handle}
            for index, message in enumerate(messages)
        ]
        if entries:
            self._call("delete_message_batch", Entries=entries)

    def visible(self) -> int:
        """About how many messages wait to be received now; the delayed ones are not among them.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
        """
        name = "ApproximateNumberOfMessages"
        answer = self._call("get_queue_attributes", AttributeNames=[name])
        return int(answer["Attributes"][name])

    @functools.cached_property
    def _url(self) -> str:
        url: str = self._clients.sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        return url

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._clients.sqs, operation)(
                QueueUrl=self._url, **request
            )
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error
        return answer


def _batches(messages: Sequence[Outgoing]) -> Iterator[list[dict[str, Any]]]:
    """The messages as requests, in batches that SQS takes."""
    batch: list[dict[str, Any]] = []
    size_bytes = 0
    for outgoing in messages:
        entry = outgoing.request()
        entry_bytes = len(entry["MessageBody"].encode())
        is_full = len(batch) == limits.SEND_BATCH_MESSAGES_MAX
        if batch and (is_full or size_bytes + entry_bytes > limits.SEND_BATCH_BYTES_MAX):
            yield batch
            batch, size_bytes = [], 0
        batch.append(entry)
        size_bytes += entry_bytes
    if batch:
        yield batch
