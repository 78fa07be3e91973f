"""Services that send into the template's queues: whether they may, and what they may send.

A queue refuses them in silence: what they were to send is lost.
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.checking.finding import finding
from emulator.checking.subject import objects
from emulator.limits import ASYNCHRONOUS_EVENT_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Finding, Severity
    from emulator.checking.subject import Subject
    from emulator.template import Resource

#: The largest message of SNS, and event of EventBridge.
#: https://docs.aws.amazon.com/general/latest/gr/sns.html
_NOTICE_BYTES_MAX = 262_144


class Sender(NamedTuple):
    """Who sends into a queue."""

    logical_id: str
    service: str
    target: Any
    bytes_max: int
    #: by what the service is let in: the queue's policy, or the role of a function
    by_policy: bool = True
    #: what becomes of a missing policy
    severity: Severity = "hurts"


def findings(subject: Subject) -> Iterator[Finding]:
    allowed = _queues_with_policy(subject)
    for sender in _senders(subject):
        queue = subject.queue(sender.target)
        if queue is None:
            continue
        if sender.by_policy and queue.logical_id not in allowed:
            yield _without_policy(sender, queue, subject)
        limit = str(queue.properties.get("MaximumMessageSize", sender.bytes_max))
        if limit.isdecimal() and int(limit) < sender.bytes_max:
            yield _too_small(sender, queue, subject)


def _senders(subject: Subject) -> Iterator[Sender]:
    for resource in subject.resources:
        yield from _SENDERS.get(resource.type, _nobody)(resource)
    if subject.described is not None:
        for name, settings in subject.described.asynchronous.items():
            for target in (settings.on_success, settings.on_failure, settings.dead_letter):
                yield Sender(name, "", target, ASYNCHRONOUS_EVENT_BYTES_MAX, by_policy=False)


def _nobody(_: Resource) -> Iterator[Sender]:
    return iter(())


def _subscription(resource: Resource) -> Iterator[Sender]:
    if resource.properties.get("Protocol") == "sqs":
        target = resource.properties.get("Endpoint")
        yield Sender(resource.logical_id, "sns.amazonaws.com", target, _NOTICE_BYTES_MAX)


def _topic(resource: Resource) -> Iterator[Sender]:
    for own in objects(resource.properties.get("Subscription")):
        if own.get("Protocol") == "sqs":
            target = own.get("Endpoint")
            yield Sender(resource.logical_id, "sns.amazonaws.com", target, _NOTICE_BYTES_MAX)


def _rule(resource: Resource) -> Iterator[Sender]:
    for target in objects(resource.properties.get("Targets")):
        where = target.get("Arn")
        yield Sender(resource.logical_id, "events.amazonaws.com", where, _NOTICE_BYTES_MAX)


def _bucket(resource: Resource) -> Iterator[Sender]:
    notifications = resource.properties.get("NotificationConfiguration")
    queues = notifications.get("QueueConfigurations") if isinstance(notifications, dict) else None
    for own in objects(queues):
        yield Sender(
            resource.logical_id, "s3.amazonaws.com", own.get("Queue"), 1024, severity="refused"
        )


_SENDERS = {
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::Events::Rule": _rule,
    "AWS::S3::Bucket": _bucket,
}


def _queues_with_policy(subject: Subject) -> set[str]:
    """Their logical ids. What a policy says is not read: who writes one knows the services."""
    named = [
        str(name).rpartition("/")[2]
        for policy in subject.of_type("AWS::SQS::QueuePolicy")
        for name in _listed(policy.properties.get("Queues"))
    ]
    queues = subject.of_type("AWS::SQS::Queue")
    return {queue.logical_id for queue in queues if subject.name_of(queue) in named}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _without_policy(sender: Sender, queue: Resource, subject: Subject) -> Finding:
    arn = {"Fn::GetAtt": [queue.logical_id, "Arn"]}
    return finding(
        "missing-queue-policy",
        subject.files.in_template(queue.logical_id),
        f"{sender.logical_id} sends into it, and no AWS::SQS::QueuePolicy lets {sender.service} do "
        "so",
        write=f'a resource of that type: "Queues": [{{"Ref": "{queue.logical_id}"}}] and a '
        f'statement with "Principal": {{"Service": "{sender.service}"}}, '
        f'"Action": "sqs:SendMessage", "Resource": {arn}'.replace("'", '"'),
        severity=sender.severity,
    )


def _too_small(sender: Sender, queue: Resource, subject: Subject) -> Finding:
    return finding(
        "message-size",
        subject.files.in_template(f"{queue.logical_id}.MaximumMessageSize"),
        f"{sender.logical_id} may send it {sender.bytes_max} bytes; what is larger than its limit "
        "is lost",
        write=f'"MaximumMessageSize": {sender.bytes_max}, or nothing',
    )
