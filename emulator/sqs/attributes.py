"""A queue's settings, and the values AWS allows for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.limits import (
    DELAY_SECONDS_MAX,
    IN_FLIGHT_MAX,
    MESSAGE_BYTES_MAX,
    RECEIVE_WAIT_SECONDS_MAX,
    RETENTION_SECONDS_DEFAULT,
    RETENTION_SECONDS_MAX,
    VISIBILITY_TIMEOUT_SECONDS_MAX,
)
from emulator.sqs.errors import InvalidParameterValueError, SqsError
from emulator.sqs.redrive import Redrive
from emulator.sqs.redrive_allow_policy import check_allow_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_RANGES = {
    "DelaySeconds": range(DELAY_SECONDS_MAX + 1),
    "KmsDataKeyReusePeriodSeconds": range(60, 86_400 + 1),
    "MaximumMessageSize": range(1024, MESSAGE_BYTES_MAX + 1),
    "MessageRetentionPeriod": range(60, RETENTION_SECONDS_MAX + 1),
    "ReceiveMessageWaitTimeSeconds": range(RECEIVE_WAIT_SECONDS_MAX + 1),
    "VisibilityTimeout": range(VISIBILITY_TIMEOUT_SECONDS_MAX + 1),
}
_BOOLEANS = {"true", "false"}
#: in small letters
_WORDS = {
    "ContentBasedDeduplication": _BOOLEANS,
    "DeduplicationScope": {"queue", "messagegroup"},
    "FifoQueue": _BOOLEANS,
    "FifoThroughputLimit": {"perqueue", "permessagegroupid"},
    "SqsManagedSseEnabled": _BOOLEANS,
}
_NAMES = {
    *_RANGES, *_WORDS, "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy",
}  # fmt: skip
#: also FifoQueue: a standard queue is one without it, and ``false`` is refused
_FIFO_ONLY = {
    "ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit",
}  # fmt: skip
_MAX_RECEIVE_COUNTS = range(1, 1000 + 1)


class QueueAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue engine needs to know of its queue. ``fifo`` and ``arn`` never change."""

    name: str
    arn: str
    fifo: bool = False
    visibility_timeout_seconds: int = 30
    delay_seconds: int = 0
    retention_seconds: int = RETENTION_SECONDS_DEFAULT
    maximum_message_bytes: int = MESSAGE_BYTES_MAX
    content_based_deduplication: bool = False
    #: ``queue``, or ``messageGroup`` for ids that only count inside their group
    deduplication_scope: str = "queue"
    redrive: Redrive | None = None
    #: messages that may be received and not deleted at a time
    in_flight_max: int = IN_FLIGHT_MAX


class InvalidAttributeValueError(SqsError):
    """A queue attribute has a value outside of what AWS allows."""

    code = "InvalidAttributeValue"

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}." + reason)


class InvalidAttributeNameError(SqsError):
    """There is no queue attribute of that name, or not for this type of queue."""

    code = "InvalidAttributeName"

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown Attribute {name}.")


def check_attributes(attributes: Mapping[str, Any], *, fifo: bool) -> None:
    """Check the attributes of a create or set request, by AWS's names.

    Raises InvalidAttributeNameError, InvalidAttributeValueError or InvalidParameterValueError.
    """
    for name, value in attributes.items():
        if name not in _NAMES or (name in _FIFO_ONLY and not fifo):
            raise InvalidAttributeNameError(name)
        if name in _RANGES and _whole_number(value) not in _RANGES[name]:
            raise InvalidAttributeValueError(name)
        if name in _WORDS and str(value).lower() not in _WORDS[name]:
            raise InvalidAttributeValueError(name)
    if (policy := attributes.get("Policy")) and not _is_json_object(policy):
        raise InvalidAttributeValueError("Policy")
    if policy := attributes.get("RedrivePolicy"):
        _check_redrive_policy(policy)
    if policy := attributes.get("RedriveAllowPolicy"):
        check_allow_policy(policy)


def accepted(name: str) -> str:
    """The values of an attribute, in words; empty for one that has no list of them."""
    if name in _RANGES:
        return f"{_RANGES[name].start} to {_RANGES[name].stop - 1}"
    return " or ".join(sorted(_WORDS.get(name, ())))


def check_throughput_limit(attributes: Mapping[str, Any]) -> None:
    """FIFO high throughput needs ids that count in their group only.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
    Raises InvalidParameterValueError.
    """
    per_group = attributes.get("FifoThroughputLimit") == "perMessageGroupId"
    if per_group and attributes.get("DeduplicationScope") != "messageGroup":
        raise InvalidParameterValueError(
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is "
            "messageGroup."
        )


def dead_letter_target(attributes: Mapping[str, Any]) -> str | None:
    """The ARN of the dead-letter queue that checked attributes name; None for none."""
    policy = attributes.get("RedrivePolicy") or {}
    decoded = json.loads(policy) if isinstance(policy, str) else policy
    target = decoded.get("deadLetterTargetArn")
    return str(target) if target else None


def _check_redrive_policy(policy: Any) -> None:
    try:
        decoded = json.loads(policy) if isinstance(policy, str) else policy
        count = decoded.get("maxReceiveCount", 1)
    except (ValueError, AttributeError):
        raise InvalidParameterValueError.of(
            "RedrivePolicy", policy, reason="Redrive policy is not a valid JSON map."
        ) from None
    if _whole_number(count) not in _MAX_RECEIVE_COUNTS:
        raise InvalidParameterValueError.of(
            "RedrivePolicy",
            policy,
            reason=f"Invalid value for maxReceiveCount: {count}, "
            "valid values are from 1 to 1000 both inclusive.",
        )


def _is_json_object(policy: Any) -> bool:
    try:
        decoded = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        return False
    return isinstance(decoded, dict)


def _whole_number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
