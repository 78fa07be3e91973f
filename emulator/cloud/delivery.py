"""Takes what Lambda sends on by itself to a queue, a topic or an event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends

from emulator import arn
from emulator.cloud.aws import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud.aws import Cloud
    from emulator.cloud.letter import Letter


def deliver(cloud: Cloud, letter: Letter) -> None:
    """Send ``letter``. Raises AwsError if its target does not exist or is of another kind."""
    try:
        send = _SENDERS[arn.parse(letter.target).service]
    except (LookupError, ValueError):
        problem = f"nothing is sent to {letter.target}"
        raise AwsError("InvalidParameterValueException", problem) from None
    try:
        send(cloud, letter)
    except ServiceException as error:
        raise AwsError(error.code, error.message) from None


def _to_queue(cloud: Cloud, letter: Letter) -> None:
    attributes = {
        name: {"DataType": kind, "StringValue": text}
        for name, (kind, text) in letter.attributes.items()
    }
    cloud.call(
        "sqs",
        "SendMessage",
        QueueUrl=letter.target.rpartition(":")[2],
        MessageBody=letter.body,
        MessageAttributes=attributes,
    )


def _to_topic(_cloud: Cloud, letter: Letter) -> None:
    topic = arn.parse(letter.target)
    attributes = {
        name: {"Type": kind, "Value": text} for name, (kind, text) in letter.attributes.items()
    }
    topics = sns_backends[topic.account_id][topic.region]
    topics.publish(letter.body, letter.target, message_attributes=attributes)


def _to_bus(cloud: Cloud, letter: Letter) -> None:
    entry = {
        "Source": "lambda",
        "DetailType": letter.detail_type,
        "Detail": letter.body,
        "Resources": [letter.target, f"{letter.sender}:$LATEST"],
        "EventBusName": letter.target,
    }
    cloud.call("events", "PutEvents", Entries=[entry])


_SENDERS: dict[str, Callable[[Cloud, Letter], None]] = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "events": _to_bus,
}
