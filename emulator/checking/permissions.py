"""What functions' roles lack: for Lambda's pollers, for what is to be told of failures, for logs.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from chalice.constants import (
    DDB_EVENT_SOURCE_POLICY,
    KINESIS_EVENT_SOURCE_POLICY,
    SQS_EVENT_SOURCE_POLICY,
)

from emulator.checking import logs, role_policy
from emulator.checking.finding import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalice.config import Config

    from emulator.checking.finding import Finding, Severity
    from emulator.checking.role_policy import RolePolicy
    from emulator.checking.subject import Subject
    from emulator.invocation import FunctionSpec

#: What Lambda's pollers do in the function's role; Chalice knows the same lists.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_QUEUE = tuple(SQS_EVENT_SOURCE_POLICY["Action"])
#: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
_TABLE_STREAM = tuple(DDB_EVENT_SOURCE_POLICY["Action"])
#: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
_STREAM = tuple(KINESIS_EVENT_SOURCE_POLICY["Action"])
#: What Lambda does to tell of an event's end, by the service.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
_TELL = {
    "events": "events:PutEvents", "lambda": "lambda:InvokeFunction", "s3": "s3:PutObject",
    "sns": "sns:Publish", "sqs": "sqs:SendMessage",
}  # fmt: skip
_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")


class Need(NamedTuple):
    """What somebody does in a function's role."""

    actions: tuple[str, ...]
    resource: str
    what: str
    severity: Severity = "refused"


def findings(subject: Subject) -> Iterator[Finding]:
    policies = role_policy.RolePolicies(subject.config, subject.files)
    for function in subject.found.functions.values():
        scoped = subject.config.scope(subject.config.chalice_stage, function.name)
        # whoever brings a role of their own knows what it may do
        if scoped.manage_iam_role is False:
            continue
        try:
            policy = policies.of(scoped)
        except ValueError as error:
            yield _unreadable(scoped, subject, error)
            continue
        for need in _needs(function, subject):
            if lacking := [a for a in need.actions if not policy.permits(a, need.resource)]:
                yield _lacks(function, policy, need, lacking=lacking)


def _unreadable(scoped: Config, subject: Subject, error: ValueError) -> Finding:
    file = role_policy.file_of(scoped)
    return finding(
        "missing-policy",
        subject.files.in_config("iam_policy_file", scoped.function_name),
        f"Chalice takes a policy from {file}, which cannot be used: {error}",
        write=f'into {file}: {{"Version": "2012-10-17", "Statement": […]}}',
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


def _telling(target: Any) -> Iterator[Need]:
    service = str(target).partition("arn:aws:")[2].partition(":")[0]
    if action := _TELL.get(service):
        yield Need((action,), target, target.rpartition(":")[2])


def _arn(function: FunctionSpec, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{function.region}:{function.account_id}:{resource}"


def _lacks(
    function: FunctionSpec, policy: RolePolicy, need: Need, *, lacking: list[str]
) -> Finding:
    return finding(
        "missing-permission",
        policy.place,
        f"the role of {function.name} may not do this with {need.what}: {', '.join(lacking)}",
        write=json.dumps({"Effect": "Allow", "Action": lacking, "Resource": need.resource}),
        severity=need.severity,
    )
