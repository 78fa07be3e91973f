"""Queue messages as the event a function gets.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from emulator.sqs.receiving import received_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.sqs.message import Delivery, MessageAttribute

_START, _SEPARATOR, _END = b'{"Records":[', b",", b"]}"

#: What an event needs beside its records, in bytes.
ENVELOPE_BYTES = len(_START + _END)
#: What each record adds beside itself.
SEPARATOR_BYTES = len(_SEPARATOR)


def event_of(records: Sequence[bytes]) -> bytes:
    """The event that carries the encoded ``records``."""
    return _START + _SEPARATOR.join(records) + _END


def encode_record(delivery: Delivery, *, queue_arn: str, has_window: bool) -> bytes:
    """One record of the event, as JSON. The body is the sent text, unchanged.

    Without message attributes ``md5OfMessageAttributes`` is null for a mapping with a batching
    window and absent for one without: AWS has two pollers, and they differ.
    """
    message = delivery.message
    record: dict[str, Any] = {
        "messageId": message.message_id,
        "receiptHandle": delivery.receipt_handle,
        "body": message.body,
        "attributes": received_attributes(message),
        "messageAttributes": {
            name: _message_attribute(attribute) for name, attribute in message.attributes.items()
        },
        "md5OfBody": message.md5_of_body,
        "md5OfMessageAttributes": message.md5_of_attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if message.md5_of_attributes is None and not has_window:
        del record["md5OfMessageAttributes"]
    return msgspec.json.encode(record)


def _message_attribute(attribute: MessageAttribute) -> dict[str, Any]:
    value: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    }
    if attribute.string_value is not None:
        value["stringValue"] = attribute.string_value
    if attribute.binary_value is not None:
        value["binaryValue"] = attribute.binary_value
    return value
