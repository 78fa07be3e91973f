"""What a job costs: requests to AWS and DynamoDB's write units, counted where they arrive.

And what the functions are allowed: exactly what they do.
"""

from __future__ import annotations

import collections
import itertools
import json
import random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from least_privilege import ACCOUNT, Use

from benchmarks import costs
from chalicelib import bootstrap, clock, limits, metrics
from chalicelib.aws import Clients
from chalicelib.callbacks.url_guard import UrlGuard
from chalicelib.callbacks.webhook_post import Answer
from chalicelib.errors import RetryableError
from chalicelib.jobs.model import TERMINAL
from chalicelib.store import job_item
from chalicelib.task import TASKS, Task
from emulator.costs import bill, prices
from emulator.costs.meter import LOG_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from least_privilege import LeastPrivilege

    from emulator.declared.project import Project
    from emulator.emulator import Emulator
    from emulator.test_client import Client

#: What Lambda's poller does with a function's role.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
POLLER = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
#: How S3's requests are named.
OBJECTS = {"PUT": "PutObject", "GET": "GetObject", "DELETE": "DeleteObject"}
RARE = {"GetQueueUrl", "GetQueueAttributes"}
GOOD = {"type": "echo", "input": {"n": 1}}
LARGE = random.Random(1).randbytes(20_000).hex()
TOLD = {**GOOD, "callback": {"url": "https://example.org/"}}


class Requests:
    """Every request that reaches the cloud, by its name."""

    def __init__(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        handle = emulator.cloud.handle

        def counted(**request: Any) -> Any:
            target = request["headers"].get("X-Amz-Target", "") or OBJECTS[request["method"]]
            self.made.append(target.rpartition(".")[2])
            return handle(**request)

        monkeypatch.setattr(emulator.cloud, "handle", counted)

    def counts(self) -> collections.Counter[str]:
        """Without those for a queue's URL and length, which a process asks for once, and once in
        five seconds."""
        return collections.Counter(name for name in self.made if name not in RARE)


@pytest.fixture
def requests(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Requests:
    return Requests(emulator, monkeypatch)


def polls(emulator: Emulator) -> int:
    """The mapping's own requests: receives that found something, deletes of their batches."""
    name = "accepted-jobs"
    return 2 * len(emulator.journal.entries(subject=name, action="receive"))


def biggest_item_bytes() -> int:
    items = Clients().dynamodb.scan(TableName="accepted-jobs")["Items"]
    for item in items:
        # boto3 decodes binary values into objects of their own
        item.update({name: {"B": bytes(v["B"])} for name, v in item.items() if "B" in v})
    return max(map(job_item.item_bytes, items))


@pytest.mark.parametrize(
    ("headers", "mode"),
    [({}, costs.PLAIN), ({"Idempotency-Key": "row-{n}"}, costs.KEYED)],
    ids=["plain", "key"],
)
def test_a_job_costs_its_writes_one_send_and_a_fifth_for_its_message(
    client: Client,
    emulator: Emulator,
    requests: Requests,
    headers: dict[str, str],
    mode: costs.Mode,
) -> None:
    """4.2 requests and 3 write units at batches of ten, one of each more with a key.

    From these counts the dollars of docs/costs.md are computed.
    """
    writes = {costs.PLAIN: 3, costs.KEYED: 4}[mode]
    for n in range(10):
        named = {name: value.format(n=n) for name, value in headers.items()}
        client.post("/jobs", json=GOOD, headers=named)
    emulator.run_until_idle()
    made = requests.counts()
    assert sum(made[name] for name in WRITES) == 10 * writes
    assert made.total() + polls(emulator) == 10 * (writes + 1) + 2
    assert (mode.write_units, mode.sqs_requests) == (writes, 1.2)
    assert biggest_item_bytes() <= limits.WRITE_UNIT_BYTES
    jobs = client.get("/jobs").json()["jobs"]
    assert {job["usage"]["write_units"] for job in jobs} == {writes}


@pytest.mark.parametrize("mode", [costs.PLAIN, costs.KEYED], ids=["plain", "key"])
def test_what_the_emulator_bills_is_what_was_counted(
    client: Client, emulator: Emulator, mode: costs.Mode
) -> None:
    """``python -m emulator costs``, after ten jobs that were polled twice each.

    Times are another matter: on virtual time there are none.
    """
    headers = [{"Idempotency-Key": f"row-{n}"} if mode is costs.KEYED else {} for n in range(10)]
    paths = ["/" + client.post("/jobs", json=GOOD, headers=h).headers["location"] for h in headers]
    emulator.run_until_idle()
    for path in 2 * paths:
        client.get(path)
    usage = emulator.usage()
    billed = {line.service: line.dollars for line in bill.of(usage, "accepted-jobs").lines}
    table = usage.counts.tables["accepted-jobs"]
    assert (table.write_units, table.read_units) == (10 * mode.write_units, 10 * mode.read_units)
    # each process asks for its queue's address once, and for its length every five seconds
    rare = sum(usage.counts.requests["sqs"].get(name, 0) for name in RARE)
    queue = usage.counts.queues["accepted-jobs"]
    requests = usage.counts.queue_requests - rare + queue.polls + queue.deletes
    assert requests == 10 * mode.sqs_requests
    expected = mode.dollars
    assert billed["API Gateway"] == pytest.approx(expected["API Gateway"])
    assert billed["DynamoDB"] == pytest.approx(expected["DynamoDB"])
    assert billed["SQS"] == pytest.approx(expected["SQS"] + rare * prices.SQS_REQUEST / 10)


def test_a_batch_saves_nine_sends_of_ten(
    client: Client, emulator: Emulator, requests: Requests
) -> None:
    """3.3 requests a job."""
    client.post("/batches", json={"jobs": [GOOD] * 10})
    emulator.run_until_idle()
    assert requests.counts().total() + polls(emulator) == 33
    assert costs.BATCHED.write_units + costs.BATCHED.sqs_requests == pytest.approx(3.3)


def test_a_callback_costs_a_write_a_message_and_its_reads(
    client: Client, emulator: Emulator, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message is sent, received and deleted by itself."""
    _receive_callbacks(monkeypatch, itertools.repeat(Answer(204)))
    for _ in range(10):
        client.post("/jobs", json=TOLD)
    emulator.run_until_idle()
    made = requests.counts()
    mode = costs.CALLED_BACK
    assert sum(made[name] for name in WRITES) == 10 * mode.write_units
    assert made["GetItem"] == 10 * mode.read_units
    assert made["SendMessage"] == 20
    assert {job["usage"]["write_units"] for job in client.get("/jobs").json()["jobs"]} == {4}


def test_the_log_of_a_job_is_as_long_as_its_price_says(
    client: Client,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With 26 bytes that CloudWatch counts beside each line: .../cloudwatch/pricing/."""
    _receive_callbacks(monkeypatch, itertools.repeat(Answer(204)))
    client.post("/jobs", json=TOLD)
    emulator.run_until_idle()
    bytes_of: collections.Counter[str] = collections.Counter()
    for line in capfd.readouterr().out.splitlines():
        action = json.loads(line)["action"] if line.startswith("{") else ""
        part = {"accepted": "accept", "claimed": "work", "succeeded": "work"}.get(action, "tell")
        bytes_of[part] += len(line) + LOG_EVENT_BYTES if action else 0
    assert {part: round(count / 1000, 2) for part, count in bytes_of.items()} == {
        "accept": costs.ACCEPTED_LOG_KB,
        "work": costs.WORK_LOG_KB,
        "tell": costs.CALLBACK_LOG_KB,
    }


def test_a_type_of_job_has_as_many_metrics_as_their_price_says() -> None:
    """Each outcome counts as one. .../cloudwatch/pricing/: by name and dimensions' values."""
    directives = [*metrics.ENDED, *metrics.RETRIED]
    counted = sum(
        len(directive["Metrics"]) * (len(TERMINAL) if "outcome" in dimensions else 1)
        for directive in directives
        for dimensions in directive["Dimensions"]
    )
    assert counted == costs.METRICS_A_TYPE


def test_a_poll_is_one_read(client: Client, requests: Requests) -> None:
    """And one for an id that was not made here is none."""
    path = "/" + client.post("/jobs", json=GOOD).headers["location"]
    requests.made.clear()
    client.get(path)
    client.get("/jobs/01938f2e-7b3a-7c44-9d21-6f0e5a1b2c3d")
    assert requests.counts() == {"GetItem": 1}


def test_a_wait_reads_more_and_more_rarely(client: Client, requests: Requests) -> None:
    """After 0.1, 0.2, 0.4, 0.8 and then every second."""
    path = "/" + client.post("/jobs", json={**GOOD, "delay_seconds": 60}).headers["location"]
    requests.made.clear()
    client.get(path, headers={"Prefer": "wait=5"})
    assert requests.counts() == {"GetItem": 1 + 4 + 4}


@pytest.fixture
def everything(
    client: Client,
    emulator: Emulator,
    chalice_project: Project,
    least_privilege: LeastPrivilege,
    monkeypatch: pytest.MonkeyPatch,
) -> LeastPrivilege:
    """What was done after every route, a task that reports and one that is tried again, a dead
    letter, the sweep, and whatever tells an end or has a result that is too large for the table.

    Every process asks for the URLs of its queues, and Lambda's poller has the function's role.
    """
    _use_everything(client, emulator, monkeypatch)
    called = [use for use in least_privilege.used if use.action.startswith("sqs:")]
    polled = [
        Use(mapping.function, action, f"arn:aws:sqs:{ACCOUNT}:{mapping.queue_name}")
        for mapping in chalice_project.queue_mappings
        for action in POLLER
    ]
    least_privilege.used |= {*polled, *(use._replace(action="sqs:GetQueueUrl") for use in called)}
    return least_privilege


def test_functions_are_granted_what_they_do(everything: LeastPrivilege) -> None:
    """With the queues, tables and keys they do it to. Every other test holds them to it, too."""
    assert len({use.function for use in everything.used}) == 5
    assert not [use for use in everything.used if not everything.allows(use)]


def test_functions_are_granted_no_more_than_they_do(everything: LeastPrivilege) -> None:
    assert everything.unused() == []


def test_no_right_can_be_taken_away(everything: LeastPrivilege) -> None:
    for use in everything.used:
        assert not everything.without(use.function, use.action).allows(use)


def test_a_call_without_its_right_is_noted(client: Client, least_privilege: LeastPrivilege) -> None:
    """Though it is made: the policies decide nothing in a test, the end of the test does."""
    fewer = least_privilege.without("api_handler", "sqs:SendMessage")
    least_privilege._policies = fewer._policies
    assert client.post("/jobs", json=GOOD).status_code == 202
    ((function, action, resource),) = least_privilege.refused
    assert (function, action) == ("api_handler", "sqs:SendMessage")
    assert resource == f"arn:aws:sqs:{ACCOUNT}:accepted-jobs"
    least_privilege.refused.clear()


def _use_everything(client: Client, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    service = bootstrap.service()
    monkeypatch.setitem(TASKS, "test", Task("test", object, _work))
    answers = itertools.chain([Answer(503)], itertools.repeat(Answer(204)))
    _receive_callbacks(monkeypatch, answers)
    _use_the_routes(client, emulator)
    # a message that was handed back too often, behind a job that takes more than half of the time
    slow = _message(client, {**TOLD, "type": "test", "deadline_seconds": 60}, receives=1)
    worn = _message(client, GOOD, receives=10)
    emulator.invoke("process_jobs", {"Records": [slow, worn]})
    emulator.queue("accepted-jobs").purge()
    emulator.advance(300)
    with monkeypatch.context() as patch:
        patch.setattr(service.worker, "process", lambda messages, remaining_ms: 1 / 0)
        client.post("/jobs", json={**TOLD, "deadline_seconds": 604_800})
        emulator.run_until_idle()
    strange = {"messageId": "1", "receiptHandle": "x", "body": "not ours"}
    attributes = {"ApproximateReceiveCount": "1"}
    record = {**strange, "attributes": attributes}
    emulator.invoke("fail_dead_letters", {"Records": [record]})


def _receive_callbacks(monkeypatch: pytest.MonkeyPatch, answers: Iterator[Answer]) -> None:
    """A receiver of callbacks that gives these answers."""
    callbacks = bootstrap.service().callbacks
    sending = msgspec.structs.replace(
        callbacks._sending,
        guard=UrlGuard(lambda host: ["93.184.215.14"]),
        post=lambda *given, **more: next(answers),
    )
    monkeypatch.setattr(callbacks, "_sending", sending)


def _work(value: Any, context: Any) -> str:
    clock.sleep(31)
    context.check()
    raise RetryableError("later", after_seconds=1)


def _use_the_routes(client: Client, emulator: Emulator) -> None:
    large = {**TOLD, "input": "a" * 2_000, "retain_input": True}
    path = "/" + client.post("/jobs", json=large).headers["location"]
    again = {"type": "test", "input": 1, "max_attempts": 2}
    client.post("/batches", json={"jobs": [again, {**GOOD, "key": "k"}]})
    emulator.run_until_idle()
    assert client.get("/jobs?status=failed").json()["jobs"][0]["attempt"] == 2
    client.get(f"{path}/result")
    assert client.post(f"{path}/callback").status_code == 202
    assert client.post(f"{path}/retry").status_code == 202
    assert client.request("DELETE", path).status_code == 204
    path = "/" + client.post("/jobs", json={**GOOD, "input": LARGE}).headers["location"]
    emulator.run_until_idle()
    link = client.get(f"{path}/result").headers["location"]
    emulator.cloud.handle(
        service="s3", region="us-east-1", url=link, method="GET", headers={}, body=b""
    )
    assert client.request("DELETE", path).status_code == 204


def _message(client: Client, body: Any, *, receives: int) -> dict[str, Any]:
    """A job's message as Lambda hands it over, after so many receives."""
    job_id = client.post("/jobs", json=body).json()["id"]
    content = {"id": job_id, "input": body["input"], "tenant": "public", "version": 1}
    return {
        "messageId": job_id,
        "receiptHandle": "x",
        "body": json.dumps(content),
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }
