"""A process that dies at any of its calls to AWS: the job still ends once, and its end is told."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from service_bench import Bench, FaultyClients, bench_on

from chalicelib.bootstrap import Outside
from chalicelib.callbacks.webhook_post import Answer
from chalicelib.jobs.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.jobs.model import Job
    from chalicelib.store.job_queue import Received
    from chalicelib.work.batch import BatchResponse
    from emulator.emulator import Emulator

#: Too large for the table, so that S3 takes part.
LARGE = random.Random(1).randbytes(20_000).hex()
ROUNDS_MAX = 20
JOBS, CALLBACKS = "accepted-jobs", "accepted-callbacks"


class Killed(BaseException):
    """The process ends here: no handler of errors sees it."""


class Mortal:
    """Kills the process at a call to AWS, counted from now: before or after it takes effect."""

    def __init__(self, clients: FaultyClients, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls_left = -1
        self.after = False
        client = clients._client

        def mortal(service: str) -> Any:
            return _MortalClient(client(service), self)

        monkeypatch.setattr(clients, "_client", mortal)

    def dies_at(self) -> bool:
        self.calls_left -= 1
        return self.calls_left == -1


class _MortalClient:
    def __init__(self, client: Any, mortal: Mortal) -> None:
        self._client = client
        self._mortal = mortal

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            dies = self._mortal.dies_at()
            if dies and not self._mortal.after:
                raise Killed
            answer = getattr(self._client, operation)(**request)
            if dies:
                raise Killed
            return answer

        return call


class Receiver:
    """Answers 503 once to each callback, so that a retry takes part, and remembers them."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def post(self, *given: Any, headers: dict[str, str], **more: Any) -> Answer:
        self.got.append(headers["webhook-id"])
        return Answer(503 if self.got.count(headers["webhook-id"]) == 1 else 204)


def invoke(
    bench: Bench, queue: str, process: Callable[[Sequence[Received]], BatchResponse]
) -> None:
    """As Lambda does: delete what is done; nothing if the function died."""
    messages = bench.receive(queue)
    if not messages:
        return
    own = bench.on.queue if queue == JOBS else bench.on.callbacks_queue
    try:
        answer = process(messages)
        left = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        own.acknowledge([message for message in messages if message.message_id not in left])
    except Killed:
        return


def live(bench: Bench) -> None:
    """Until both queues are empty."""
    for _ in range(ROUNDS_MAX):
        invoke(bench, JOBS, lambda messages: bench.service.worker.process(messages, lambda: 60_000))
        invoke(bench, CALLBACKS, bench.service.callbacks.process)
        if not bench.waiting(JOBS) + bench.waiting(CALLBACKS):
            return
        bench.pass_time(400)
    pytest.fail("a message comes back for ever")


def assert_ended_and_told(bench: Bench, job: Job, receiver: Receiver) -> None:
    ended = bench.job(job.id)
    assert ended.status is Status.SUCCEEDED
    assert ended.callback is not None
    assert ended.callback.outcome == "delivered"
    assert {told for told in receiver.got if job.id in told} == {f"{job.id}.succeeded"}
    assert ended.result_attempt == ended.attempt
    names = {entry["Key"] for entry in _objects(bench)}
    assert f"results/public/{job.id}/{ended.result_attempt}.json" in names


def _objects(bench: Bench) -> list[dict[str, Any]]:
    listed = bench.clients.s3.list_objects_v2(Bucket=bench.settings.results_bucket)
    return list(listed["Contents"])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_process_that_dies_at_any_call_loses_neither_the_end_nor_its_callback(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """A life for each call of it: claim, put, finish, announce, delete; read, record, hide."""
    receiver = Receiver()
    outside = Outside(resolve=lambda host: ["93.184.215.14"], post=receiver.post)
    bench = bench_on(emulator, reports=True, outside=outside)
    mortal = Mortal(bench.clients, monkeypatch)
    mortal.after = after
    for call in range(100):
        job = bench.accept("echo", LARGE, callback={"url": "https://example.org/"})
        mortal.calls_left = call
        live(bench)
        survived, mortal.calls_left = mortal.calls_left >= 0, -1
        assert_ended_and_told(bench, job, receiver)
        if survived:
            break
    # claim, put, finish, announce; read, record, hide; read, record; two deletes
    assert call >= 11
