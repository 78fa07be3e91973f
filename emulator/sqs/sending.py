"""What a queue takes: the checks of SendMessage.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import msgspec

from emulator.limits import DELAY_SECONDS_MAX, MESSAGE_ATTRIBUTES_MAX
from emulator.sqs.errors import (
    InvalidMessageContentsError,
    InvalidParameterValueError,
    MissingParameterError,
)
from emulator.sqs.message import MessageAttribute, size_bytes

if TYPE_CHECKING:
    from emulator.sqs.attributes import QueueAttributes

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ID = re.compile(r"[!-~]{1,128}")
_WRONG_TYPE = "The request include parameter that is not valid for this queue type."
#: no period at an end or after another, and none of AWS's own prefixes
_ATTRIBUTE_NAME = re.compile(
    r"(?!(?i:aws|amazon)\.)(?=.{1,256}\Z)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
)
#: the powers of ten that a Number may have
_NUMBER_EXPONENTS = (-128, 126)
_SYSTEM_ATTRIBUTE = "AWSTraceHeader"
_ATTRIBUTE_TYPES = {"String", "Number", "Binary"}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to send."""

    body: str
    attributes: dict[str, MessageAttribute] = {}
    system_attributes: dict[str, str] = {}
    delay_seconds: int | None = None
    group_id: str | None = None
    deduplication_id: str | None = None


def check_draft(queue: QueueAttributes, draft: Draft) -> None:
    """Raises the SqsError that SQS answers, if the queue does not take the message."""
    if not draft.body:
        raise MissingParameterError("MessageBody")
    if _FORBIDDEN.search(draft.body):
        raise InvalidMessageContentsError
    _check_attributes(draft.attributes)
    _check_system_attributes(draft.system_attributes)
    _check_id("MessageGroupId", draft.group_id)
    _check_id("MessageDeduplicationId", draft.deduplication_id)
    if size_bytes(draft.body, draft.attributes) > queue.maximum_message_bytes:
        raise InvalidParameterValueError(
            "One or more parameters are invalid. Reason: "
            f"Message must be shorter than {queue.maximum_message_bytes} bytes."
        )
    if queue.fifo:
        _check_fifo(queue, draft)
    else:
        _check_standard(draft)


def visible_after_seconds(queue: QueueAttributes, draft: Draft) -> int:
    """The message's own delay, else the queue's; in a FIFO queue always the queue's."""
    if queue.fifo or draft.delay_seconds is None:
        return queue.delay_seconds
    return draft.delay_seconds


def check_fifo_ids(queue: QueueAttributes, draft: Draft) -> None:
    """Raises the SqsError for a message that a FIFO queue could not tell from others."""
    if not draft.group_id:
        raise MissingParameterError("MessageGroupId")
    if draft.deduplication_id is None and not queue.content_based_deduplication:
        raise InvalidParameterValueError(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _check_fifo(queue: QueueAttributes, draft: Draft) -> None:
    check_fifo_ids(queue, draft)
    if draft.delay_seconds:
        raise InvalidParameterValueError.of("DelaySeconds", draft.delay_seconds, reason=_WRONG_TYPE)


def _check_standard(draft: Draft) -> None:
    """A group id is welcome: it makes a queue fair. A deduplication id is not."""
    if draft.deduplication_id is not None:
        raise InvalidParameterValueError.of(
            "MessageDeduplicationId", draft.deduplication_id, reason=_WRONG_TYPE
        )
    if draft.delay_seconds not in (None, *range(DELAY_SECONDS_MAX + 1)):
        raise InvalidParameterValueError.of(
            "DelaySeconds",
            draft.delay_seconds,
            reason=f"DelaySeconds must be >= 0 and <= {DELAY_SECONDS_MAX}.",
        )


def _check_id(name: str, value: str | None) -> None:
    if value is not None and not _ID.fullmatch(value):
        raise InvalidParameterValueError.of(
            name,
            value,
            reason=f"{name} can only include alphanumeric and punctuation characters. "
            "1 to 128 in length.",
        )


def _check_attributes(attributes: dict[str, MessageAttribute]) -> None:
    if len(attributes) > MESSAGE_ATTRIBUTES_MAX:
        raise InvalidParameterValueError(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{MESSAGE_ATTRIBUTES_MAX}]."
        )
    for name, attribute in attributes.items():
        _check_attribute(name, attribute)


def _check_system_attributes(attributes: dict[str, str]) -> None:
    """AWS documents which there is, and not the texts."""
    for name, value in attributes.items():
        if name != _SYSTEM_ATTRIBUTE:
            raise InvalidParameterValueError(
                f"The message system attribute name '{name}' is invalid: there is "
                f"{_SYSTEM_ATTRIBUTE} only."
            )
        if not value:
            raise InvalidParameterValueError(
                f"The message system attribute '{name}' must contain a non-empty text."
            )


def _check_attribute(name: str, attribute: MessageAttribute) -> None:
    if not _ATTRIBUTE_NAME.fullmatch(name):
        raise InvalidParameterValueError(
            f"The message attribute name '{name}' is invalid. Attribute name can contain "
            "A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."
        )
    if attribute.data_type.split(".")[0] not in _ATTRIBUTE_TYPES:
        raise InvalidParameterValueError(
            f"The message attribute '{name}' has an invalid message attribute type, "
            "the set of supported type prefixes is Binary, Number, and String."
        )
    if not attribute.value_bytes:
        raise InvalidParameterValueError(
            f"The message attribute '{name}' must contain non-empty message attribute value "
            f"for message attribute type '{attribute.data_type}'."
        )
    if attribute.data_type.split(".")[0] == "Number":
        _check_number(name, attribute.string_value or "")


def _check_number(name: str, text: str) -> None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if (
        not number.is_finite()
        or not _NUMBER_EXPONENTS[0] <= number.adjusted() <= _NUMBER_EXPONENTS[1]
    ):
        raise InvalidParameterValueError(
            f"Can't cast the value of message (user) attribute '{name}' to a number."
        )
