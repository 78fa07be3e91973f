"""What SQS refuses, with the error codes and texts of the service.

SqsError
├── ReceiptHandleIsInvalidError
├── InvalidParameterValueError
├── MissingParameterError
├── InvalidMessageContentsError
├── OverLimitError
├── PurgeQueueInProgressError
└── ResourceNotFoundError

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations


class SqsError(Exception):
    """A request that SQS refuses; ``code`` is the name a client sees."""

    code = "InternalError"


class ReceiptHandleIsInvalidError(SqsError):
    """The receipt handle was never given out by this queue."""

    code = "ReceiptHandleIsInvalid"

    def __init__(self, receipt_handle: str) -> None:
        super().__init__(
            f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
        )


class InvalidParameterValueError(SqsError):
    """A parameter has a value that this queue does not take."""

    code = "InvalidParameterValue"

    @classmethod
    def of(cls, name: str, value: object, *, reason: str) -> InvalidParameterValueError:
        return cls(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


class MissingParameterError(SqsError):
    """A parameter that this queue needs is not there."""

    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidMessageContentsError(SqsError):
    """The body holds a character that XML 1.0 does not allow."""

    code = "InvalidMessageContents"

    def __init__(self) -> None:
        super().__init__(
            "Invalid characters found. Valid unicode characters are "
            "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
        )


class OverLimitError(SqsError):
    """As many messages are in flight as may be."""

    code = "OverLimit"

    def __init__(self) -> None:
        super().__init__(
            "Too many messages have been received without being deleted. Please delete your "
            "received messages or let them timeout before receiving more."
        )


class PurgeQueueInProgressError(SqsError):
    """The queue was purged less than a minute ago."""

    code = "AWS.SimpleQueueService.PurgeQueueInProgress"

    def __init__(self, queue_name: str) -> None:
        super().__init__(
            f"Only one PurgeQueue operation on {queue_name} is allowed every 60 seconds."
        )


class ResourceNotFoundError(SqsError):
    """A queue or a task that a move task's request names is not there."""

    code = "ResourceNotFoundException"

    @classmethod
    def of(cls, parameter: str) -> ResourceNotFoundError:
        return cls(f"The resource that you specified for the {parameter} parameter doesn't exist.")
