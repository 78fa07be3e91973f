"""What the emulator counts of AWS's requests, and the bill that it makes of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import Cloud
from emulator.costs import bill
from emulator.costs.counts import Api, Counts, Function, Queue, Table, Usage
from emulator.costs.operation import operation_of
from emulator.invocation import FunctionSpec
from emulator.invocation import Usage as Taken
from emulator.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPEC = FunctionSpec(name="work", function_name="app-dev-work", handler="app.work", memory_mb=512)
TEXT = {"S": "a" * 3_000}


class Account:
    """A cloud whose requests are counted, with a table and queues."""

    def __init__(self) -> None:
        clock = VirtualClock()
        self.journal = Journal(clock)
        self.cloud = Cloud(clock, self.journal)

    def counts(self) -> Counts:
        """Since the last time."""
        found = self.cloud.meter.counts()
        self.cloud.meter.reset()
        return found


@pytest.fixture(scope="module")
def dynamodb() -> Any:
    return boto3.session.Session().client("dynamodb", region_name="us-east-1")


@pytest.fixture(scope="module")
def sqs() -> Any:
    return boto3.session.Session().client("sqs", region_name="us-east-1")


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    with in_process.answering(made.cloud):
        yield made


@pytest.fixture
def rows(account: Account, dynamodb: Any) -> Account:
    """With the table of that name, whose key is ``id``."""
    index = {
        "IndexName": "by-kind",
        "KeySchema": key("kind"),
        "Projection": {"ProjectionType": "ALL"},
    }
    for name, more in (("rows", {}), ("indexed", {"GlobalSecondaryIndexes": [index]})):
        kinds = ["id", "kind"] if more else ["id"]
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in kinds],
            KeySchema=key("id"),
            **more,
        )
    account.counts()
    return account


def key(name: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "HASH"}]


def item(name: str = "1", **more: Any) -> dict[str, Any]:
    return {"id": {"S": name}, **more}


def put(dynamodb: Any, name: str = "1", **more: Any) -> None:
    dynamodb.put_item(TableName="rows", Item=item(name, **more))


SET: dict[str, Any] = {
    "UpdateExpression": "SET n = :n",
    "ExpressionAttributeValues": {":n": {"N": "1"}},
}
GET = {"Get": {"TableName": "rows", "Key": {"id": {"S": "1"}}}}
#: Each with the units that it takes of a table with one item of 3 KB, ``large``, and a small one.
REQUESTS: dict[str, tuple[Callable[[Any], object], Table]] = {
    "small put": (lambda c: put(c, "3"), Table(write_units=1)),
    "large put": (lambda c: put(c, "3", text=TEXT), Table(write_units=3)),
    "small instead of large": (lambda c: put(c, "large"), Table(write_units=3)),
    "update of a small one": (
        lambda c: c.update_item(TableName="rows", Key=item(), **SET), Table(write_units=1),
    ),
    "update of a large one": (
        lambda c: c.update_item(TableName="rows", Key=item("large"), **SET), Table(write_units=3),
    ),
    "delete of a large one": (
        lambda c: c.delete_item(TableName="rows", Key=item("large")), Table(write_units=3),
    ),
    "delete of nothing": (
        lambda c: c.delete_item(TableName="rows", Key=item("none")), Table(write_units=1),
    ),
    "get": (lambda c: c.get_item(TableName="rows", Key=item()), Table(read_units=0.5)),
    "consistent get": (
        lambda c: c.get_item(TableName="rows", Key=item(), ConsistentRead=True),
        Table(read_units=1),
    ),
    "get of nothing": (
        lambda c: c.get_item(TableName="rows", Key=item("none")), Table(read_units=0.5),
    ),
    "scan": (lambda c: c.scan(TableName="rows"), Table(read_units=0.5)),
    "consistent scan that finds nothing": (
        lambda c: c.scan(
            TableName="rows", ConsistentRead=True, FilterExpression="attribute_exists(x)"
        ),
        Table(read_units=1),
    ),
    "query": (
        lambda c: c.query(
            TableName="rows", KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": "large"}},
        ),
        Table(read_units=0.5),
    ),
    "batch of writes": (
        lambda c: c.batch_write_item(
            RequestItems={
                "rows": [
                    {"PutRequest": {"Item": item("3")}},
                    {"DeleteRequest": {"Key": item("large")}},
                ]
            }
        ),
        Table(write_units=4),
    ),
    "batch of reads": (
        lambda c: c.batch_get_item(RequestItems={"rows": {"Keys": [item(), item("large")]}}),
        Table(read_units=1),
    ),
    "transaction of writes": (
        lambda c: c.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "rows", "Item": item("3")}},
                {"Update": {"TableName": "rows", "Key": item(), **SET}},
            ]
        ),
        Table(write_units=4),
    ),
    "transaction of reads": (
        lambda c: c.transact_get_items(TransactItems=[GET]),
        Table(read_units=2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_takes_the_units_of_the_items_it_meets(
    rows: Account, dynamodb: Any, name: str
) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html"""
    ask, units = REQUESTS[name]
    put(dynamodb, "1")
    put(dynamodb, "large", text={"S": "a" * 3_000})
    rows.counts()
    ask(dynamodb)
    assert rows.counts().tables == {"rows": units}


def test_while_all_items_are_small_the_length_of_a_request_says_enough(
    rows: Account, dynamodb: Any
) -> None:
    """And where it does not, the item is looked at: also one that an update makes large."""
    put(dynamodb)
    dynamodb.update_item(TableName="rows", Key=item(), ReturnValues="ALL_NEW", **SET)
    dynamodb.get_item(TableName="rows", Key=item(), ConsistentRead=True)
    assert rows.counts().tables == {"rows": Table(write_units=2, read_units=1)}
    change = {"UpdateExpression": "SET t = :t", "ExpressionAttributeValues": {":t": TEXT}}
    dynamodb.update_item(TableName="rows", Key=item(), **change)
    assert rows.counts().tables == {"rows": Table(write_units=3)}


def test_a_write_that_its_condition_refuses_costs_what_it_would_have(
    rows: Account, dynamodb: Any
) -> None:
    """Any other refusal costs nothing."""
    put(dynamodb)
    rows.counts()
    condition = {"ConditionExpression": "attribute_not_exists(id)"}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(TableName="rows", Item=item(), **condition)
    assert rows.counts().tables == {"rows": Table(write_units=1)}
    with pytest.raises(dynamodb.exceptions.ClientError):
        dynamodb.put_item(TableName="rows", Item={"other": {"S": "1"}})
    assert rows.counts().tables == {}


def test_an_index_that_has_the_item_is_written_too(rows: Account, dynamodb: Any) -> None:
    """.../developerguide/GSI.html#GSI.ThroughputConsiderations.Writes."""
    dynamodb.put_item(TableName="indexed", Item=item(kind={"S": "x"}))
    dynamodb.put_item(TableName="indexed", Item=item("2"))
    assert rows.counts().tables == {"indexed": Table(write_units=2 + 1)}


def test_sqs_bills_each_64_kb_and_a_group_on_a_standard_queue(account: Account, sqs: Any) -> None:
    """https://aws.amazon.com/sqs/pricing/"""
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    fifo = sqs.create_queue(
        QueueName="q.fifo",
        Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
    )["QueueUrl"]
    account.counts()
    sqs.send_message(QueueUrl=url, MessageBody="a" * 100_000)
    sqs.send_message(QueueUrl=url, MessageBody='{"MessageGroupId": "no"}')
    sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="g")
    sqs.send_message(QueueUrl=fifo, MessageBody="a", MessageGroupId="g")
    counts = account.counts()
    assert (counts.queue_requests, counts.fifo_requests, counts.grouped_sends) == (4, 1, 1)
    assert {name: queue.sent for name, queue in counts.queues.items()} == {"q": 3, "q.fifo": 1}


def test_what_the_emulator_does_itself_is_not_counted(account: Account) -> None:
    """Making a project's queues is no part of a run."""
    account.cloud.call("sqs", "CreateQueue", QueueName="q")
    assert account.counts().requests == {}


def test_invocations_logs_and_requests_are_counted(account: Account) -> None:
    """A cold start is billed, too; a line of a log has 26 bytes beside its own."""
    usage = Taken(duration_ms=10, memory_mb=512, memory_used_mb=40, init_ms=100)
    account.cloud.meter.invoked(SPEC, usage)
    account.cloud.meter.invoked(SPEC, None)
    account.journal.record("work", "log", text="hello")
    for route, status in (("POST /jobs", 202), ("POST /jobs", 400), ("GET /jobs", 200)):
        account.journal.record("api", "request", route=route, status=status, duration_ms=5)
    counts = account.counts()
    expected = Function(invocations=2, mb_ms=5_120, cold_mb_ms=51_200, unmeasured=1)
    assert counts.functions == {"work": expected}
    assert counts.log_bytes == 31
    local = Api(requests=3, duration_ms=15, changes=2, changes_duration_ms=10, accepted=1)
    assert counts.apis == {"api": local}


@pytest.mark.parametrize(
    ("request_of", "operation"),
    [
        (("POST", "/", {"X-Amz-Target": "AmazonSQS.SendMessage"}, b""), "SendMessage"),
        (("POST", "/", {}, b"Action=Publish&Message=Action%3DNo"), "Publish"),
        (("PUT", "/bucket/key", {}, b""), "PUT"),
        (("GET", "/bucket?list-type=2", {}, b""), "LIST"),
        (("GET", "/bucket/key", {}, b""), "GET"),
    ],
)
def test_an_operation_is_known_in_each_protocol(
    request_of: tuple[str, str, dict[str, str], bytes], operation: str
) -> None:
    method, path, headers, body = request_of
    assert operation_of(method, f"http://127.0.0.1:4566{path}", headers, body) == operation


def usage(**counts: Any) -> Usage:
    return Usage(
        counts=Counts(since_ms=VirtualClock.START_MS, **counts),
        api_memory_mb=512,
        batch_sizes={"jobs": 10},
    )


RUN = usage(
    queue_requests=20,
    grouped_sends=20,
    queues={"jobs": Queue(sent=20, polls=5, deletes=5, batches=5, done=20)},
    tables={"jobs": Table(write_units=60, read_units=20)},
    functions={"work": Function(invocations=5, mb_ms=512 * 1000, cold_mb_ms=512 * 1000)},
    apis={
        "api": Api(requests=60, duration_ms=600, changes=20, changes_duration_ms=200, accepted=20)
    },
    requests={"s3": {"PUT": 10, "GET": 20, "DELETE": 5}, "sns": {"Publish": 4}, "xray": {"PUT": 1}},
    log_bytes=20_000,
)


def test_a_bill_is_for_a_million_of_what_was_done() -> None:
    """By hand: requests and units times their prices, by the twenty jobs that there were."""
    made = bill.of(RUN, "jobs")
    assert (made.units, made.unit) == (20, "messages sent to jobs")
    assert {line.service: round(line.dollars, 3) for line in made.lines} == {
        "API Gateway": 10.5,
        "Lambda": round((65 * 0.2 + (0.5 + 0.5 + 0.3) * 13.3334) / 20, 3),
        "SQS": round((30 * 0.4 + 20 * 0.1) / 20, 3),
        "DynamoDB": round((60 * 0.625 + 20 * 0.125) / 20, 3),
        "S3": round((10 * 5 + 20 * 0.4) / 20, 3),
        "SNS, EventBridge": 0.1,
        "Logs": 0.5,
    }
    assert made.dollars == pytest.approx(sum(line.dollars for line in made.lines))
    assert "no price is known here for xray" in made.notes


def test_the_functions_of_an_api_that_was_deployed_are_counted_once() -> None:
    """They run in environments like all others; only the local API's is in another process."""
    function = Function(invocations=4, mb_ms=512 * 1000)
    api = Api(requests=4, duration_ms=1_000, changes=4, changes_duration_ms=1_000, accepted=4)
    made = bill.of(usage(functions={"orders": function}, apis={"orders": api}))
    assert [(line.service, line.counted) for line in made.lines] == [
        ("API Gateway", "4 requests"),
        ("Lambda", "4 invocations, 0.50 GB s"),
    ]


def test_the_least_has_full_batches_no_cold_start_and_nothing_that_only_asks() -> None:
    """Two batches in place of five, twenty requests of sixty."""
    least = {line.service: round(line.least_dollars, 3) for line in bill.of(RUN, "jobs").lines}
    assert least["API Gateway"] == 3.5
    assert least["Lambda"] == round((22 * 0.2 + (0.5 + 0.1) * 13.3334) / 20, 3)
    assert least["SQS"] == round((20 * 0.5 + 4 * 0.4) / 20, 3)


def test_what_a_million_is_of_can_be_said(account: Account) -> None:
    """A number, a queue; else what asked for a change, or messages if there is no API."""
    assert bill.of(RUN, "40").units == 40
    assert bill.of(RUN).unit == "requests that changed something"
    assert bill.of(usage(queues={"jobs": Queue(sent=3)})).units == 3
    for per in ("none", "0", "-1"):
        with pytest.raises(ValueError, match="jobs"):
            bill.of(RUN, per)
    with pytest.raises(ValueError, match="nothing was done yet"):
        bill.of(usage())


def test_a_bill_is_readable_in_a_terminal() -> None:
    text = bill.table(bill.of(RUN, "jobs"))
    assert max(map(len, text.splitlines())) <= 100
    assert "API Gateway       60 requests" in text
