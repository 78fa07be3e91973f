"""A queue of jobs in SQS, and its messages as Lambda hands them over."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import aws, limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.aws import Clients
    from chalicelib.job_message import JobMessage


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a batch."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int


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
    """Every method raises UnavailableError if SQS does not do what is asked."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def send(self, message: JobMessage, *, delay_seconds: int = 0) -> None:
        """Sending twice does no harm: a job is claimed once."""
        self._call("send_message", MessageBody=message.encode(), DelaySeconds=delay_seconds)

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

    @functools.cached_property
    def _url(self) -> str:
        url: str = self._clients.sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        return url

    def _call(self, operation: str, **request: Any) -> None:
        try:
            getattr(self._clients.sqs, operation)(QueueUrl=self._url, **request)
        except aws.ERRORS as error:
            raise aws.unavailable(error) from error
