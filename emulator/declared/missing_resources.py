"""What decorators name and no template does: made with settings AWS would accept, said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import (
    DynamoDBEventConfig,
    KinesisEventConfig,
    S3EventConfig,
    SNSEventConfig,
    SQSEventConfig,
)
from chalice.utils import to_cfn_resource_name

from emulator import template
from emulator.declared.queue_events import queue_name
from emulator.limits import RETENTION_SECONDS_MAX
from emulator.mapping.validation import (
    MAX_RECEIVE_COUNT,
    VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chalice import Chalice

    from emulator.invocation import FunctionSpec
    from emulator.template import Resource

#: What nobody can know but the app: the note says so.
_GUESSED_KEY = "id"


def resources(
    app: Chalice, functions: dict[str, FunctionSpec], known: Sequence[Resource]
) -> dict[str, Any]:
    """A template's resources for what the decorators of ``app`` name and ``known`` does not."""
    queues = [s for s in app.event_sources if isinstance(s, SQSEventConfig)]
    return {
        **_queues(queues, functions, known),
        **_named(app, SNSEventConfig, known, name_of=lambda s: _last(s.topic), make=_topic),
        **_named(app, S3EventConfig, known, name_of=lambda s: str(s.bucket), make=_bucket),
        **_named(app, KinesisEventConfig, known, name_of=lambda s: str(s.stream), make=_stream),
        **_named(app, DynamoDBEventConfig, known, name_of=table_name, make=_table),
    }


def notes(missing: dict[str, Any]) -> list[str]:
    """What was made, with the lines for the template."""
    if not missing:
        return []
    text = msgspec.json.format(msgspec.json.encode({"Resources": missing}), indent=2).decode()
    names = ", ".join(_physical(body) for body in missing.values())
    guessed = any(body["Type"] == "AWS::DynamoDB::Table" for body in missing.values())
    key = f" The table's key, {_GUESSED_KEY}, is a guess: put in yours." if guessed else ""
    return [
        f"{template.PATH} does not name {names}: created here with AWS's advised settings.{key} "
        f"To deploy the same, put this into {template.PATH}:\n{text}"
    ]


def table_name(source: DynamoDBEventConfig) -> str:
    """The table a decorator names by the ARN of its stream, or of the table."""
    resource = str(source.stream_arn).partition(":table/")[2]
    return resource.partition("/")[0]


def _named(
    app: Chalice,
    kind: type,
    known: Iterable[Resource],
    *,
    name_of: Callable[[Any], str],
    make: Callable[[str], dict[str, Any]],
) -> dict[str, Any]:
    """One resource for each name that sources of a kind have and ``known`` has not."""
    wanted = {name_of(source): None for source in app.event_sources if isinstance(source, kind)}
    made = {name: make(name) for name in wanted if name}
    there = {
        resource.name(template.name_property(resource.type), "")
        for resource in known
        if resource.type in {body["Type"] for body in made.values()}
    }
    return {
        _logical_id(name, body["Type"].rpartition("::")[2]): body
        for name, body in made.items()
        if name not in there
    }


def _queues(
    sources: list[SQSEventConfig], functions: dict[str, FunctionSpec], known: Sequence[Resource]
) -> dict[str, Any]:
    """A queue and a dead-letter queue for each that only a decorator names."""
    ids = {r.name("QueueName", ""): r.logical_id for r in known if r.type == "AWS::SQS::Queue"}
    timeouts = {queue_name(s): functions[s.name].timeout_seconds for s in sources}
    wanted = {name: seconds for name, seconds in timeouts.items() if name not in ids}
    # a function may work off the dead letters of another: their queue needs no further one
    redriving = wanted.keys() - {_dead_letters(name) for name in wanted}
    unmapped = sorted({_dead_letters(name) for name in redriving} - wanted.keys() - ids.keys())
    ids |= {name: _logical_id(name, "Queue") for name in (*unmapped, *wanted)}
    # a dead letter keeps its age: its queue must keep it for longer than the one it comes from
    longest = {"MessageRetentionPeriod": RETENTION_SECONDS_MAX}
    queues = {name: _queue(name, **longest) for name in unmapped}
    for name, seconds in wanted.items():
        queues[name] = _queue(
            name,
            VisibilityTimeout=VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT * seconds,
            **({} if name in redriving else longest),
        )
        if name in redriving:
            queues[name]["Properties"]["RedrivePolicy"] = {
                "deadLetterTargetArn": {"Fn::GetAtt": [ids[_dead_letters(name)], "Arn"]},
                "maxReceiveCount": MAX_RECEIVE_COUNT,
            }
    return {ids[name]: queue for name, queue in queues.items()}


def _dead_letters(name: str) -> str:
    return name.removesuffix(".fifo") + "-dead-letters" + (".fifo" if _is_fifo(name) else "")


def _logical_id(name: str, kind: str) -> str:
    plain = "".join(c if c.isalnum() else "_" for c in name.removesuffix(".fifo"))
    return str(to_cfn_resource_name(plain)) + kind


def _is_fifo(name: str) -> bool:
    return name.endswith(".fifo")


def _queue(name: str, **properties: Any) -> dict[str, Any]:
    kind = {"FifoQueue": True} if _is_fifo(name) else {}
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **kind, **properties}}


def _topic(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}


def _bucket(name: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def _stream(name: str) -> dict[str, Any]:
    return {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": name, "ShardCount": 1}}


def _table(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": _GUESSED_KEY, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": _GUESSED_KEY, "KeyType": "HASH"}],
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    }


def _last(name_or_arn: str) -> str:
    return str(name_or_arn).rpartition(":")[2]


def _physical(body: dict[str, Any]) -> str:
    return str(body["Properties"][template.name_property(body["Type"])])
