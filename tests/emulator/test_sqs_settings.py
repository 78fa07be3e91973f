"""Queue settings, move tasks and limits behind moto's front.

In the sources ``…`` stands for https://docs.aws.amazon.com/AWSSimpleQueueService/latest.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from emulator.clock import VirtualClock
from emulator.cloud.aws import AwsError, Cloud
from emulator.emulator import Emulator
from emulator.journal import Journal
from emulator.sqs import backend

ARN = "arn:aws:sqs:us-east-1:123456789012:"


class Sqs:
    """Calls of a client, without one."""

    def __init__(self, cloud: Cloud, clock: VirtualClock, journal: Journal) -> None:
        self.cloud = cloud
        self.clock = clock
        self.journal = journal

    def __call__(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.cloud.call("sqs", operation, **parameters)

    def create(self, name: str, **attributes: Any) -> str:
        texts = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in attributes.items()
        }
        return str(self("CreateQueue", QueueName=name, Attributes=texts)["QueueUrl"])

    def attributes(self, name: str) -> dict[str, str]:
        found: dict[str, str] = self("GetQueueAttributes", QueueUrl=name, AttributeNames=["All"])[
            "Attributes"
        ]
        return found

    def refused(self, operation: str, **parameters: Any) -> tuple[str, str]:
        with pytest.raises(AwsError) as refused:
            self(operation, **parameters)
        return refused.value.code, str(refused.value)

    def with_dead_letters(self, count: int) -> None:
        """Queue ``work`` whose ``count`` messages are in queue ``dead``."""
        self.create("dead")
        self.create("work", RedrivePolicy=redrive(1))
        for _ in range(count):
            self("SendMessage", QueueUrl="work", MessageBody="x")
        for _ in range(2):
            self("ReceiveMessage", QueueUrl="work", MaxNumberOfMessages=10, VisibilityTimeout=0)


def redrive(count: int, target: str = "dead") -> dict[str, Any]:
    return {"deadLetterTargetArn": ARN + target, "maxReceiveCount": count}


@pytest.fixture
def sqs() -> Sqs:
    clock = VirtualClock()
    journal = Journal(clock)
    return Sqs(Cloud(clock, journal), clock, journal)


def test_dead_letters_are_moved_back_by_a_task(sqs: Sqs) -> None:
    """StartMessageMoveTask (…/APIReference/API_StartMessageMoveTask.html)."""
    sqs.with_dead_letters(3)
    handle = sqs("StartMessageMoveTask", SourceArn=ARN + "dead", MaxNumberOfMessagesPerSecond=2)

    (task,) = sqs("ListMessageMoveTasks", SourceArn=ARN + "dead")["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("RUNNING", 2)
    assert task["TaskHandle"] == handle["TaskHandle"]

    assert sqs("CancelMessageMoveTask", **handle) == {"ApproximateNumberOfMessagesMoved": 2}
    assert sqs.attributes("work")["ApproximateNumberOfMessages"] == "2"
    assert [entry.data["count"] for entry in sqs.journal.entries(action="move")] == [2]


def test_move_task_goes_on_by_itself() -> None:
    """It is asynchronous (…/APIReference/API_StartMessageMoveTask.html)."""
    clock = VirtualClock()
    emulator = Emulator(clock, make_function=lambda spec: pytest.fail(spec.name))
    sqs = Sqs(emulator.cloud, clock, emulator.journal)
    sqs.with_dead_letters(3)
    sqs("StartMessageMoveTask", SourceArn=ARN + "dead", MaxNumberOfMessagesPerSecond=1)
    emulator.advance(1.999)
    assert sqs.attributes("dead")["ApproximateNumberOfMessages"] == "1"

    emulator.run_until_idle()
    assert sqs.attributes("dead")["ApproximateNumberOfMessages"] == "0"


def test_move_task_of_a_queue_without_sources_is_refused(sqs: Sqs) -> None:
    """The errors (…/APIReference/API_StartMessageMoveTask.html)."""
    sqs.create("work")
    code, _ = sqs.refused("StartMessageMoveTask", SourceArn=ARN + "work")
    assert code == "InvalidParameterValue"
    code, _ = sqs.refused("StartMessageMoveTask", SourceArn=ARN + "gone")
    assert code == "ResourceNotFoundException"


def test_short_poll_of_a_queue_with_too_many_in_flight_is_over_the_limit(sqs: Sqs) -> None:
    """A long poll is not (…/SQSDeveloperGuide/sqs-quotas.html)."""
    sqs.create("work")
    queue = backend.engine_queue("work")
    queue.attributes = msgspec.structs.replace(queue.attributes, in_flight_max=1)
    for body in "ab":
        sqs("SendMessage", QueueUrl="work", MessageBody=body)
    sqs("ReceiveMessage", QueueUrl="work")

    assert sqs.refused("ReceiveMessage", QueueUrl="work")[0] == "OverLimit"
    assert sqs("ReceiveMessage", QueueUrl="work", WaitTimeSeconds=1) == {}


def test_second_purge_within_a_minute_is_refused(sqs: Sqs) -> None:
    """PurgeQueueInProgress (…/APIReference/API_PurgeQueue.html)."""
    sqs.create("work")
    sqs("PurgeQueue", QueueUrl="work")
    sqs.clock.advance(59)
    code, text = sqs.refused("PurgeQueue", QueueUrl="work")
    assert code.endswith("PurgeQueueInProgress")
    assert "Only one PurgeQueue operation on work is allowed every 60 seconds." in text

    sqs.clock.advance(1)
    sqs("PurgeQueue", QueueUrl="work")


@pytest.mark.parametrize(("source", "target"), [("work", "dead.fifo"), ("work.fifo", "dead")])
def test_dead_letter_queue_has_the_type_of_its_source(sqs: Sqs, source: str, target: str) -> None:
    """FIFO with FIFO (…/SQSDeveloperGuide/sqs-dead-letter-queues.html)."""
    for name in (source, target):
        sqs.create(name, **({"FifoQueue": "true"} if name.endswith(".fifo") else {}))
    policy = json.dumps(redrive(3, target))
    code, text = sqs.refused(
        "SetQueueAttributes", QueueUrl=source, Attributes={"RedrivePolicy": policy}
    )
    assert code == "InvalidParameterValue"
    assert "Dead-letter queue must be same type of queue as the source." in text


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [({"redrivePermission": "allowAll"}, True), ({"redrivePermission": "denyAll"}, False),
     ({"redrivePermission": "byQueue", "sourceQueueArns": [ARN + "work"]}, True),
     ({"redrivePermission": "byQueue", "sourceQueueArns": [ARN + "other"]}, False)],
)  # fmt: skip
def test_dead_letter_queue_says_which_sources_it_takes(
    sqs: Sqs, policy: dict[str, Any], allowed: bool
) -> None:
    """RedriveAllowPolicy (…/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html)."""
    sqs.create("dead", RedriveAllowPolicy=policy)
    assert json.loads(sqs.attributes("dead")["RedriveAllowPolicy"]) == policy
    if allowed:
        sqs.create("work", RedrivePolicy=redrive(3))
        return
    request = {"QueueName": "work", "Attributes": {"RedrivePolicy": json.dumps(redrive(3))}}
    assert sqs.refused("CreateQueue", **request)[0] == "InvalidParameterValue"
    assert sqs("ListQueues").get("QueueUrls", []) == [
        sqs("GetQueueUrl", QueueName="dead")["QueueUrl"]
    ]


def test_high_throughput_settings_of_a_fifo_queue_are_kept(sqs: Sqs) -> None:
    """High throughput (…/SQSDeveloperGuide/high-throughput-fifo.html)."""
    high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    sqs.create("work.fifo", FifoQueue="true", **high)
    assert high.items() <= sqs.attributes("work.fifo").items()


def test_queue_keeps_its_type(sqs: Sqs) -> None:
    """It cannot be changed (…/SQSDeveloperGuide/FIFO-queues-moving.html)."""
    sqs.create("work")
    sqs.create("work.fifo", FifoQueue="true")
    for name, value in (("work", "true"), ("work.fifo", "false")):
        request = {"QueueUrl": name, "Attributes": {"FifoQueue": value}}
        assert sqs.refused("SetQueueAttributes", **request)[0].startswith("InvalidAttribute")


def test_standard_queue_is_made_without_saying_that_it_is_no_fifo_queue(sqs: Sqs) -> None:
    """``false`` is an unknown attribute (…/APIReference/API_CreateQueue.html)."""
    request = {"QueueName": "work", "Attributes": {"FifoQueue": "false"}}
    assert sqs.refused("CreateQueue", **request) == (
        "InvalidAttributeName", "InvalidAttributeName: Unknown Attribute FifoQueue.",
    )  # fmt: skip


def test_refused_change_changes_nothing(sqs: Sqs) -> None:
    """All attributes or none (…/APIReference/API_SetQueueAttributes.html)."""
    sqs.create("work")
    wrong = {"VisibilityTimeout": "7", "ContentBasedDeduplication": "true"}
    sqs.refused("SetQueueAttributes", QueueUrl="work", Attributes=wrong)
    assert sqs.attributes("work")["VisibilityTimeout"] == "30"


def test_name_that_ends_in_fifo_is_for_fifo_queues(sqs: Sqs) -> None:
    """The suffix (…/APIReference/API_CreateQueue.html)."""
    assert sqs.refused("CreateQueue", QueueName="work.fifo")[0] == "InvalidParameterValue"


def test_access_policy_outlives_a_change_of_another_setting(sqs: Sqs) -> None:
    """Only what is named changes (…/APIReference/API_SetQueueAttributes.html)."""
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "s", "Effect": "Allow"}]}
    sqs.create("work", Policy=policy)
    sqs("SetQueueAttributes", QueueUrl="work", Attributes={"VisibilityTimeout": "7"})
    assert json.loads(sqs.attributes("work")["Policy"])["Statement"] == policy["Statement"]


@pytest.mark.parametrize("key", [{"SqsManagedSseEnabled": "true"}, {"KmsMasterKeyId": "alias/x"}])
def test_encrypted_queue_gives_its_messages_in_plain_text(sqs: Sqs, key: dict[str, str]) -> None:
    """Encryption is at rest (…/SQSDeveloperGuide/sqs-server-side-encryption.html)."""
    sqs.create("work", **key)
    sqs("SendMessage", QueueUrl="work", MessageBody="plain")

    assert key.items() <= sqs.attributes("work").items()
    assert sqs.attributes("work")["SqsManagedSseEnabled"] == (
        "true" if "Sqs" in str(key) else "false"
    )
    assert sqs("ReceiveMessage", QueueUrl="work")["Messages"][0]["Body"] == "plain"


def test_message_group_of_a_standard_queue_is_shown(sqs: Sqs) -> None:
    """Fair queues (…/SQSDeveloperGuide/sqs-fair-queues.html)."""
    sqs.create("work")
    sqs("SendMessage", QueueUrl="work", MessageBody="x", MessageGroupId="tenant")
    (message,) = sqs("ReceiveMessage", QueueUrl="work", MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    assert message["Attributes"]["MessageGroupId"] == "tenant"


@pytest.mark.parametrize("missing", ["MessageGroupId", "MessageDeduplicationId"])
def test_fifo_batch_with_an_entry_without_its_ids_is_refused_as_a_whole(
    sqs: Sqs, missing: str
) -> None:
    """Recorded on AWS (…/APIReference/API_SendMessageBatch.html)."""
    sqs.create("work.fifo", FifoQueue="true")
    entries: list[dict[str, str]] = [
        {"Id": name, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": name}
        for name in "ab"
    ]
    del entries[1][missing]
    sqs.refused("SendMessageBatch", QueueUrl="work.fifo", Entries=entries)
    assert sqs.attributes("work.fifo")["ApproximateNumberOfMessages"] == "0"


def test_request_of_another_shape_is_refused_and_does_nothing(sqs: Sqs) -> None:
    """400, which no client sends again (…/APIReference/CommonErrors.html)."""
    sqs.create("work")
    sqs("SendMessage", QueueUrl="work", MessageBody="x")
    (message,) = sqs("ReceiveMessage", QueueUrl="work")["Messages"]
    whole = {"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}
    code, text = sqs.refused("DeleteMessageBatch", QueueUrl="work", Entries=[whole, {"Id": "b"}])
    assert code == "MissingRequiredParameterException", "as the JSON protocol calls it"
    assert text.endswith("must contain the parameter Entries.2.ReceiptHandle.")
    code, _ = sqs.refused("SendMessage", QueueUrl="work", MessageBody=7)
    assert code == "SerializationException"
    assert sqs.attributes("work")["ApproximateNumberOfMessagesNotVisible"] == "1"


@pytest.mark.parametrize("policy", ["{", "[]", "text"])
def test_access_policy_is_a_json_object(sqs: Sqs, policy: str) -> None:
    """Policy (…/APIReference/API_SetQueueAttributes.html)."""
    sqs.create("work")
    request = {"QueueUrl": "work", "Attributes": {"Policy": policy}}
    assert sqs.refused("SetQueueAttributes", **request)[0] == "InvalidAttributeValue"


@pytest.mark.parametrize(
    "attribute", [{"Other": {"DataType": "String", "StringValue": "x"}},
                  {"AWSTraceHeader": {"DataType": "String"}}],
)  # fmt: skip
def test_message_has_no_system_attribute_but_its_trace_header(
    sqs: Sqs, attribute: dict[str, Any]
) -> None:
    """MessageSystemAttributes (…/APIReference/API_SendMessage.html)."""
    sqs.create("work")
    request = {"QueueUrl": "work", "MessageBody": "x", "MessageSystemAttributes": attribute}
    assert sqs.refused("SendMessage", **request)[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("Action=SendMessage&QueueUrl=work&MessageBody=x&MessageAttribute.1.Name=a&"
         "MessageAttribute.1.Value.DataType=Binary&MessageAttribute.1.Value.BinaryValue=AAAA", ""),
        ("Action=DeleteMessage&QueueUrl=work", "MissingParameter"),
        ("Action=CreateQueue", "MissingParameter"),
        ("Action=DeleteMessageBatch&QueueUrl=work&DeleteMessageBatchRequestEntry.1.Id=a",
         "MissingParameter"),
        ("Action=SendMessage&QueueUrl=work&MessageBody=x&DelaySeconds=soon",
         "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_form_of_an_older_client_is_read_and_refused_in_its_protocol(
    sqs: Sqs, form: str, code: str
) -> None:
    """The query API (…/SQSDeveloperGuide/sqs-making-api-requests-xml.html)."""
    sqs.create("work")
    answer = sqs.cloud.handle(
        service="sqs", region="us-east-1", method="POST",
        url="https://sqs.us-east-1.amazonaws.com/",
        headers={"Content-Type": "application/x-www-form-urlencoded"}, body=form.encode(),
    )  # fmt: skip
    assert answer.status == (400 if code else 200)
    assert f"<Code>{code}</Code>".encode() in answer.body or not code
