"""What a ReceiveMessage request may ask for, and what it is shown.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.limits import (
    RECEIVE_MESSAGES_MAX,
    RECEIVE_WAIT_SECONDS_MAX,
    VISIBILITY_TIMEOUT_SECONDS_MAX,
)
from emulator.sqs.errors import InvalidParameterValueError

if TYPE_CHECKING:
    from collections.abc import Collection

    from emulator.sqs.message import Message, MessageAttribute


def check_receive(
    max_messages: int, wait_seconds: int, visibility_timeout_seconds: int | None
) -> None:
    """Raises InvalidParameterValueError; None stands for the queue's own timeout."""
    if not 1 <= max_messages <= RECEIVE_MESSAGES_MAX:
        raise InvalidParameterValueError.of(
            "MaxNumberOfMessages",
            max_messages,
            reason=f"Must be between 1 and {RECEIVE_MESSAGES_MAX}, if provided.",
        )
    _check_seconds("WaitTimeSeconds", wait_seconds, RECEIVE_WAIT_SECONDS_MAX)
    if visibility_timeout_seconds is not None:
        check_visibility_timeout(visibility_timeout_seconds)


def check_visibility_timeout(timeout_seconds: int) -> None:
    """Raises InvalidParameterValueError for less than nothing and for more than 12 hours."""
    _check_seconds("VisibilityTimeout", timeout_seconds, VISIBILITY_TIMEOUT_SECONDS_MAX)


def received_attributes(message: Message) -> dict[str, str]:
    """Every attribute SQS itself gives a received message; those that do not apply are left out."""
    values = {
        "SenderId": message.sender_id,
        "SentTimestamp": message.sent_at_ms,
        "ApproximateReceiveCount": message.receive_count,
        "ApproximateFirstReceiveTimestamp": message.first_received_at_ms,
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "AWSTraceHeader": message.system_attributes.get("AWSTraceHeader"),
        "DeadLetterQueueSourceArn": message.dead_letter_source_arn,
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def chosen_attributes(message: Message, names: Collection[str]) -> dict[str, MessageAttribute]:
    """The sender's attributes that were asked for: by name, ``prefix.*``, ``.*`` or ``All``."""
    if "All" in names:
        return message.attributes
    prefixes = tuple(
        name.removesuffix("*").removesuffix(".") for name in names if name[-2:] == ".*"
    )
    return {
        name: attribute
        for name, attribute in message.attributes.items()
        if name in names or (prefixes and name.startswith(prefixes))
    }


def _check_seconds(name: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise InvalidParameterValueError.of(
            name, value, reason=f"Must be >= 0 and <= {most}, if provided."
        )
