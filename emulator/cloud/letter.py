"""What Lambda sends on by itself, to a queue, a topic or an event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from emulator.cloud.aws import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud.aws import Cloud


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A result that goes to a destination, or an event that goes to a dead-letter queue."""

    #: ARN of where it goes
    target: str
    #: ARN of the function
    sender: str
    body: str
    #: message attributes of a queue or topic: name to type and text
    attributes: dict[str, tuple[str, str]] = {}
    #: EventBridge's name for it
    detail_type: str = "Lambda Function Invocation Result - Failure"


def deliver(cloud: Cloud, letter: Letter) -> None:
    """Send ``letter``. Raises AwsError if its target does not exist or is of another kind."""
    service = letter.target.split(":")[2] if letter.target.count(":") > 4 else ""
    if service not in _CALLS:
        raise AwsError("InvalidParameterValueException", f"nothing is sent to {letter.target}")
    operation, parameters = _CALLS[service](letter)
    cloud.call(service, operation, **parameters)


def _message(letter: Letter) -> tuple[str, dict[str, Any]]:
    queue = letter.target.rpartition(":")[2]
    attributes = {
        name: {"DataType": kind, "StringValue": text}
        for name, (kind, text) in letter.attributes.items()
    }
    return "SendMessage", {
        "QueueUrl": queue,
        "MessageBody": letter.body,
        "MessageAttributes": attributes,
    }


#: the call that sends a letter, and its parameters, by the target's service
_CALLS: dict[str, Callable[[Letter], tuple[str, dict[str, Any]]]] = {"sqs": _message}
