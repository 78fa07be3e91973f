"""Our delivery behind moto's front, as a boto3 client sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator.caller import calling_from
from emulator.clock import VirtualClock
from emulator.cloud.aws import Cloud
from emulator.cloud.in_process import answering
from emulator.journal import Journal
from emulator.sqs import backend

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sqs() -> Any:
    return boto3.client(
        "sqs",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        endpoint_url="http://127.0.0.1:4566",
    )


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def journal(clock: VirtualClock) -> Journal:
    return Journal(clock)


@pytest.fixture(autouse=True)
def cloud(clock: VirtualClock, journal: Journal) -> Iterator[Cloud]:
    cloud = Cloud(clock, journal)
    with answering(cloud):
        yield cloud


def create(sqs: Any, name: str = "work", **attributes: Any) -> str:
    texts = {key: str(value) for key, value in attributes.items()}
    url: str = sqs.create_queue(QueueName=name, Attributes=texts)["QueueUrl"]
    return url


def create_fifo(sqs: Any, **attributes: Any) -> str:
    defaults = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return create(sqs, "work.fifo", **defaults, **attributes)


def create_with_dead_letters(sqs: Any, max_receive_count: int) -> tuple[str, str]:
    dead = create(sqs, "dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": max_receive_count}
    return create(sqs, RedrivePolicy=json.dumps(policy)), dead


def receive(sqs: Any, url: str, **arguments: Any) -> list[dict[str, Any]]:
    everything = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
    messages: list[dict[str, Any]] = sqs.receive_message(
        QueueUrl=url, **{**everything, **arguments}
    ).get("Messages", [])
    return messages


def error(refused: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    answer = refused.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_message_comes_back_with_everything_it_was_sent_with(sqs: Any) -> None:
    """APIReference/API_ReceiveMessage.html."""
    url = create(sqs)
    attributes = {
        "Title": {"DataType": "String", "StringValue": "The Whistler"},
        "Cover": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988"}}
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="a\r\nü",
        MessageAttributes=attributes,
        MessageSystemAttributes=trace,
    )
    (message,) = receive(sqs, url)
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "a\r\nü")
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5759e988"


def test_received_attributes_are_strings_of_milliseconds_and_counts(
    sqs: Any, clock: VirtualClock
) -> None:
    """APIReference/API_ReceiveMessage.html: epoch time in milliseconds."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    clock.advance(2)
    (message,) = receive(sqs, url)
    assert message["Attributes"] == {
        "SenderId": message["Attributes"]["SenderId"],
        "SentTimestamp": str(VirtualClock.START_MS),
        "ApproximateFirstReceiveTimestamp": str(VirtualClock.START_MS + 2000),
        "ApproximateReceiveCount": "1",
    }


def test_only_the_system_attributes_asked_for_are_answered(sqs: Any) -> None:
    """APIReference/API_ReceiveMessage.html: MessageSystemAttributeNames."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = receive(sqs, url, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}


def test_fifo_message_carries_its_group_deduplication_id_and_sequence_number(sqs: Any) -> None:
    """APIReference/API_ReceiveMessage.html: the FIFO attributes are strings."""
    url = create_fifo(sqs)
    sent = sqs.send_message(
        QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d"
    )
    attributes = receive(sqs, url)[0]["Attributes"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == "d"
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]


def test_dead_letter_names_its_source_and_shows_one_receive_more(
    sqs: Any, clock: VirtualClock, journal: Journal
) -> None:
    """SQSDeveloperGuide/sqs-dead-letter-queues.html; the count was recorded on AWS."""
    work, dead = create_with_dead_letters(sqs, 1)
    sent = sqs.send_message(QueueUrl=work, MessageBody="poison")
    receive(sqs, work)
    clock.advance(30)
    assert receive(sqs, work) == []
    (letter,) = receive(sqs, dead)
    assert letter["Attributes"]["ApproximateReceiveCount"] == "2"
    assert letter["Attributes"]["DeadLetterQueueSourceArn"].endswith(":work")
    (entry,) = journal.entries(action="dead-letter")
    assert (entry.subject, entry.data["target"]) == ("work", "dead")
    assert entry.data["message_ids"] == [sent["MessageId"]]


def test_redrive_policy_is_taken_back_by_an_empty_one(sqs: Any, clock: VirtualClock) -> None:
    """APIReference/API_SetQueueAttributes.html."""
    work, _ = create_with_dead_letters(sqs, 1)
    sqs.set_queue_attributes(QueueUrl=work, Attributes={"RedrivePolicy": ""})
    sqs.send_message(QueueUrl=work, MessageBody="x")
    for _ in range(3):
        assert len(receive(sqs, work)) == 1
        clock.advance(30)


def test_redrive_finds_a_dead_letter_queue_that_was_created_again(
    sqs: Any, clock: VirtualClock
) -> None:
    """SQSDeveloperGuide/sqs-dead-letter-queues.html: the policy names an ARN, not a queue."""
    work, dead = create_with_dead_letters(sqs, 1)
    sqs.delete_queue(QueueUrl=dead)
    create(sqs, "dead")
    sqs.send_message(QueueUrl=work, MessageBody="poison")
    receive(sqs, work)
    clock.advance(30)
    receive(sqs, work)
    assert len(receive(sqs, dead)) == 1


def test_queue_that_is_its_own_dead_letter_queue_keeps_its_messages(
    sqs: Any, clock: VirtualClock
) -> None:
    """No receive may run in circles."""
    url = create(sqs)
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:work"}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"RedrivePolicy": json.dumps({**policy, "maxReceiveCount": 1})}
    )
    sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(sqs, url)
    clock.advance(30)
    assert len(receive(sqs, url, WaitTimeSeconds=20)) == 1


def test_counts_are_queue_attributes(sqs: Any) -> None:
    """APIReference/API_GetQueueAttributes.html."""
    url = create(sqs)
    for delay_seconds in (0, 0, 0, 60):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay_seconds)
    receive(sqs, url)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "2"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"
    assert attributes["CreatedTimestamp"] == str(VirtualClock.START_MS // 1000)


def test_changed_attributes_hold_for_the_next_operation(sqs: Any, clock: VirtualClock) -> None:
    """APIReference/API_SetQueueAttributes.html."""
    url = create(sqs, VisibilityTimeout=30)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(sqs, url)
    clock.advance(5)
    assert len(receive(sqs, url)) == 1


def test_creating_a_queue_again_is_refused_only_if_an_attribute_differs(sqs: Any) -> None:
    """APIReference/API_CreateQueue.html: QueueNameExists."""
    url = create(sqs, VisibilityTimeout=60)
    assert create(sqs, VisibilityTimeout=60) == create(sqs) == url
    with pytest.raises(sqs.exceptions.QueueNameExists, match="attribute VisibilityTimeout"):
        create(sqs, VisibilityTimeout=61)


def test_entry_that_is_refused_does_not_stop_the_rest_of_a_batch(sqs: Any) -> None:
    """APIReference/API_SendMessageBatch.html: the result is reported for each message."""
    url = create(sqs)
    answer = sqs.send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
            {"Id": "good", "MessageBody": "y"},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"]) == ("late", "InvalidParameterValue")
    assert [message["Body"] for message in receive(sqs, url)] == ["y"]


def test_batch_of_deletes_reports_the_handles_it_does_not_know(sqs: Any) -> None:
    """APIReference/API_DeleteMessageBatch.html."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    entries = [{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "junk"}]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
    assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]


def test_batch_of_expired_fifo_handles_fails_entry_by_entry(sqs: Any, clock: VirtualClock) -> None:
    """APIReference/API_DeleteMessageBatch.html; the text was recorded on AWS."""
    url = create_fifo(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    clock.advance(30)
    entries = [{"Id": "a", "ReceiptHandle": handle}]
    (failed,) = sqs.delete_message_batch(QueueUrl=url, Entries=entries)["Failed"]
    assert failed["Message"].endswith("Reason: The receipt handle has expired.")


def test_batch_of_visibility_changes_works_entry_by_entry(sqs: Any) -> None:
    """APIReference/API_ChangeMessageVisibilityBatch.html."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    entries = [
        {"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 0},
        {"Id": "b", "ReceiptHandle": handle, "VisibilityTimeout": 43_201},
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Failed"]] == ["b"]
    assert len(receive(sqs, url)) == 1


@pytest.mark.parametrize(
    ("action", "arguments", "code"),
    [
        ("send_message", {"MessageBody": ""}, "MissingParameter"),
        ("send_message", {"MessageBody": "\x00"}, "InvalidMessageContents"),
        ("send_message", {"MessageBody": "x" * 1_048_577}, "InvalidParameterValue"),
        ("receive_message", {"WaitTimeSeconds": 21}, "InvalidParameterValue"),
        ("receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("delete_message", {"ReceiptHandle": "junk"}, "ReceiptHandleIsInvalid"),
        (
            "send_message_batch",
            {"Entries": [{"Id": str(n), "MessageBody": "x"} for n in range(11)]},
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
    ],
)
def test_refusal_reaches_the_client_with_its_code(
    sqs: Any, action: str, arguments: dict[str, Any], code: str
) -> None:
    """APIReference: the section Errors of each action."""
    with pytest.raises(ClientError) as refused:
        getattr(sqs, action)(QueueUrl=create(sqs), **arguments)
    assert error(refused)[0] == code


def test_long_poll_ends_as_soon_as_a_delay_is_over(sqs: Any, clock: VirtualClock) -> None:
    """SQSDeveloperGuide/sqs-short-and-long-polling.html: until a message is there."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=5)
    assert len(receive(sqs, url, WaitTimeSeconds=20)) == 1
    assert clock.now_ms() == VirtualClock.START_MS + 5_000


def test_long_poll_ends_as_soon_as_a_visibility_timeout_is_over(
    sqs: Any, clock: VirtualClock
) -> None:
    """SQSDeveloperGuide/sqs-short-and-long-polling.html."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(sqs, url, VisibilityTimeout=7)
    assert len(receive(sqs, url, WaitTimeSeconds=20)) == 1
    assert clock.now_ms() == VirtualClock.START_MS + 7_000


def test_long_poll_of_an_empty_queue_takes_as_long_as_it_was_asked_to(
    sqs: Any, clock: VirtualClock
) -> None:
    """APIReference/API_ReceiveMessage.html: WaitTimeSeconds, or else the queue's setting."""
    url = create(sqs, ReceiveMessageWaitTimeSeconds=3)
    assert receive(sqs, url) == []
    assert receive(sqs, url, WaitTimeSeconds=10) == []
    assert clock.now_ms() == VirtualClock.START_MS + 13_000


def test_nothing_is_handed_to_a_caller_that_hung_up_while_it_waited(sqs: Any) -> None:
    """The message stays for the next one instead of waiting out its visibility timeout."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=5)
    with calling_from(lambda: True):
        assert receive(sqs, url, WaitTimeSeconds=20) == []
    assert receive(sqs, url)[0]["Attributes"]["ApproximateReceiveCount"] == "1"


def test_journal_shows_what_was_sent_and_received(sqs: Any, journal: Journal) -> None:
    url = create(sqs)
    sent = sqs.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    receive(sqs, url)
    receive(sqs, url)
    assert [(e.subject, e.action, e.data["message_ids"]) for e in journal] == [
        ("work", "send", [sent]),
        ("work", "receive", [sent]),
    ]


def test_engine_is_found_by_name_and_by_arn(sqs: Any) -> None:
    create(sqs)
    engine = backend.engine_queue("work")
    assert backend.engine_queue(engine.attributes.arn) is engine
    assert backend.engine_queues() == [engine]
    with pytest.raises(KeyError):
        backend.engine_queue("no such queue")


def test_seat_for_another_cloud_starts_with_no_queues(sqs: Any) -> None:
    """One test's queues are none of the next one's."""
    create(sqs)
    clock = VirtualClock()
    Cloud(clock, Journal(clock))
    assert backend.engine_queues() == []


def test_deleted_queue_gives_its_messages_to_nobody(sqs: Any) -> None:
    """APIReference/API_DeleteQueue.html: any messages in the queue are no longer available."""
    url = create(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    engine = backend.engine_queue("work")
    sqs.delete_queue(QueueUrl=url)
    assert engine.receive(VirtualClock.START_MS, 1) == []
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        receive(sqs, url)
