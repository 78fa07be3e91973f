"""Requests that are none of SQS's.

In the sources ``…`` stands for https://docs.aws.amazon.com/AWSSimpleQueueService/latest.
"""

from __future__ import annotations

import pytest
from botocore.session import get_session

from emulator.sqs.errors import MissingParameterError
from emulator.sqs.request_shape import SerializationError, check

SQS = get_session().get_service_model("sqs")


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("ListQueues", b""),
        ("ListQueues", b'{"MaxResults": null}'),
        ("SendMessage", b'{"QueueUrl": "q", "MessageBody": "x", "Unknown": 1}'),
        ("SendMessage", b'{"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": '
         b'{"a": {"DataType": "Binary", "BinaryValue": "AAA="}}}'),
        ("SendMessageBatch", b'{"QueueUrl": "q", "Entries": [{"Id": "1", "MessageBody": "x"}]}'),
    ],
)  # fmt: skip
def test_request_of_the_right_shape_is_taken(operation: str, body: bytes) -> None:
    """Null is as if it was not there (…/SQSDeveloperGuide/sqs-making-api-requests-json.html)."""
    check(SQS.operation_model(operation), body)


@pytest.mark.parametrize(
    ("operation", "body", "name"),
    [
        ("DeleteMessage", b'{"QueueUrl": "q"}', "ReceiptHandle"),
        ("CreateQueue", b"{}", "QueueName"),
        ("DeleteMessageBatch", b'{"QueueUrl": "q", "Entries": [{"Id": "1"}]}',
         "Entries.1.ReceiptHandle"),
    ],
)  # fmt: skip
def test_parameter_that_is_needed_is_named(operation: str, body: bytes, name: str) -> None:
    """MissingParameter (…/APIReference/CommonErrors.html)."""
    with pytest.raises(MissingParameterError, match=f"must contain the parameter {name}\\."):
        check(SQS.operation_model(operation), body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "The body is no JSON."),
        (b"\xff", "The body is no JSON."),
        (b"[]", "Start of list found where not expected."),
        (b"1", "Unexpected token NUMBER_VALUE where a structure is expected."),
        (b'{"MessageBody": "x", "QueueUrl": "q", "MessageAttributes": '
         b'{"a": {"DataType": "String", "StringListValues": [null]}}}', "A list holds null."),
        (b'{"MessageBody": 1, "QueueUrl": "q"}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"MessageBody": "x", "QueueUrl": "q", "DelaySeconds": "1"}',
         "STRING_VALUE can not be converted to an Integer"),
        (b'{"MessageBody": "x", "QueueUrl": "q", "DelaySeconds": true}',
         "TRUE_VALUE can not be converted to an Integer"),
        (b'{"MessageBody": "x", "QueueUrl": "q", "MessageAttributes": {"a": []}}',
         "Start of list found where not expected."),
        (b'{"MessageBody": "x", "QueueUrl": "q", "MessageAttributes": '
         b'{"a": {"DataType": "Binary", "BinaryValue": "\xc3\xbc"}}}', "A Blob is no base64."),
    ],
)  # fmt: skip
def test_member_of_another_type_is_named(body: bytes, text: str) -> None:
    """SerializationException, as clients have reported it (…/APIReference/CommonErrors.html)."""
    with pytest.raises(SerializationError) as refused:
        check(SQS.operation_model("SendMessage"), body)
    assert str(refused.value) == text
