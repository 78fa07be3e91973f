"""What functions' roles lack: for Lambda's pollers, for what is to be told of failures, for logs.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from chalice.constants import (
    DDB_EVENT_SOURCE_POLICY,
    KINESIS_EVENT_SOURCE_POLICY,
    SQS_EVENT_SOURCE_POLICY,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import OSUtils
from moto.iam.access_control import IAMPolicy, PermissionResult

from emulator import arn
from emulator.checking import logs
from emulator.checking.finding import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalice.config import Config

    from emulator.checking.finding import Finding, Place, Severity
    from emulator.checking.subject import Subject
    from emulator.invocation import FunctionSpec

#: What Lambda's poller does in the function's role.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
#: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
_TABLE_STREAM = (
    "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)  # fmt: skip
#: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
_STREAM = (
    "kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator",
    "kinesis:ListShards", "kinesis:ListStreams",
)  # fmt: skip
#: Asked for without naming one of them.
_OF_ALL = {"dynamodb:ListStreams", "kinesis:ListStreams"}
#: What Lambda does to tell of an event's end, by the service.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
_TELL = {
    "events": "events:PutEvents", "lambda": "lambda:InvokeFunction", "s3": "s3:PutObject",
    "sns": "sns:Publish", "sqs": "sqs:SendMessage",
}  # fmt: skip
_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
#: What Chalice adds for event sources to a policy that it writes itself; it deploys as it is.
_ADDED = [
    SQS_EVENT_SOURCE_POLICY, KINESIS_EVENT_SOURCE_POLICY, DDB_EVENT_SOURCE_POLICY,
    {"Effect": "Allow", "Action": "kinesis:ListShards", "Resource": "*"},
]  # fmt: skip
_STREAM_LABEL = re.compile(r"/stream/[^/]+$")


class Need(NamedTuple):
    """What somebody does in a function's role."""

    actions: tuple[str, ...]
    resource: str
    what: str
    severity: Severity = "refused"


class Policy(NamedTuple):
    """A role's policy, and where it is written."""

    document: str
    place: Place


def findings(subject: Subject) -> Iterator[Finding]:
    for function in subject.found.functions.values():
        scoped = subject.config.scope(subject.config.chalice_stage, function.name)
        # whoever brings a role of their own knows what it may do
        if scoped.manage_iam_role is False:
            continue
        try:
            policy = _policy(scoped, subject)
        except ValueError as error:
            yield _unreadable(scoped, subject, error)
            continue
        for need in _needs(function, subject):
            lacking = [a for a in need.actions if not _permits(policy, a, need.resource)]
            if lacking:
                yield _lacks(function, policy, need, lacking=lacking)


def _policy(scoped: Config, subject: Subject) -> Policy:
    """Raises ValueError for a file that is no policy."""
    if scoped.autogen_policy is not False:
        document = AppPolicyGenerator(OSUtils()).generate_policy(scoped)
        written = [*document["Statement"], *_ADDED]
        return Policy(_plain(written), subject.files.in_config("autogen_policy"))
    file = _file(scoped)
    document = subject.files.read(file)
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not statements:
        raise ValueError("it has no Statement" if document else "it is not there")
    listed = statements if isinstance(statements, list) else [statements]
    return Policy(_plain(listed), subject.files.at(file, ["Statement"], "Statement"))


def _plain(statements: list[dict[str, Any]]) -> str:
    """A policy that says the same of every region and account, and without conditions.

    Names of actions are the same in small letters.
    """
    kept = [s for s in statements if s.get("Effect") == "Allow" or "Condition" not in s]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {name: _element(name, value) for name, value in s.items() if name != "Condition"}
                for s in kept
            ],
        }
    )


def _element(name: str, value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    if name in ("Action", "NotAction"):
        return [str(action).lower() for action in values]
    if name == "Resource":
        return [_anywhere(str(resource)) for resource in values]
    return value


def _anywhere(resource: str) -> str:
    """Of any region and account; the label of a table's stream is a date that nobody knows yet."""
    parts = resource.split(":", 5)
    if len(parts) == 6:
        parts[1] = parts[3] = parts[4] = "*"
    return _STREAM_LABEL.sub("/stream/*", ":".join(parts))


def _file(scoped: Config) -> str:
    return f".chalice/{scoped.iam_policy_file or f'policy-{scoped.chalice_stage}.json'}"


def _unreadable(scoped: Config, subject: Subject, error: ValueError) -> Finding:
    return finding(
        "missing-policy",
        subject.files.in_config("iam_policy_file", scoped.function_name),
        f"Chalice takes a policy from {_file(scoped)}, which cannot be used: {error}",
        write=f'into {_file(scoped)}: {{"Version": "2012-10-17", "Statement": […]}}',
        severity="refused",
    )


def _needs(function: FunctionSpec, subject: Subject) -> Iterator[Need]:
    for event in subject.found.queue_events:
        if event.spec.function == function.name:
            yield Need(_QUEUE, _arn(function, "sqs", event.spec.queue_name), event.spec.queue_name)
    if subject.described is not None:
        for mapping in subject.described.stream_mappings:
            if mapping.function == function.name:
                actions = _STREAM if ":kinesis:" in mapping.stream_arn else _TABLE_STREAM
                yield Need(actions, mapping.stream_arn, mapping.stream_name)
                yield from _telling(mapping.on_failure)
        settings = subject.described.asynchronous.get(function.name)
        if settings is not None:
            for target in (settings.on_success, settings.on_failure, settings.dead_letter):
                yield from _telling(target)
    group = f"log-group:{logs.group_name(function, subject)}:log-stream:any"
    yield Need(_LOG, _arn(function, "logs", group), "its log", "hurts")


def _telling(target: str | None) -> Iterator[Need]:
    action = _TELL.get(arn.parse(target).service) if target and target.startswith("arn:") else None
    if target and action:
        yield Need((action,), target, target.rpartition(":")[2])


def _arn(function: FunctionSpec, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{function.region}:{function.account_id}:{resource}"


def _permits(policy: Policy, action: str, resource: str) -> bool:
    asked = "*" if action in _OF_ALL else resource
    said = IAMPolicy(policy.document).is_action_permitted(action.lower(), asked)
    return bool(said == PermissionResult.PERMITTED)


def _lacks(function: FunctionSpec, policy: Policy, need: Need, *, lacking: list[str]) -> Finding:
    return finding(
        "missing-permission",
        policy.place,
        f"the role of {function.name} may not do this with {need.what}: {', '.join(lacking)}",
        write=json.dumps({"Effect": "Allow", "Action": lacking, "Resource": need.resource}),
        severity=need.severity,
    )
