"""The service's parts on the emulator's queues and table, with faults at the AWS boundary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import ReadTimeoutError

from chalicelib import bootstrap, tasks
from chalicelib.aws import Clients
from chalicelib.jobs.model import TENANT
from chalicelib.requests import submission
from chalicelib.settings import Settings
from chalicelib.store.job_queue import JobQueue, Received
from chalicelib.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.bootstrap import Outside, Service, Stores
    from chalicelib.jobs.model import Job
    from chalicelib.requests.accepting import Accepted
    from chalicelib.requests.queries import Queries
    from chalicelib.store.job_store import JobStore
    from chalicelib.work.batch import BatchResponse
    from emulator.clock import VirtualClock
    from emulator.emulator import Emulator

#: Making a client costs 40 ms, so all tests share one set.
_CLIENTS = Clients()
SECOND_MS = 1_000


class FaultyClients(Clients):
    """Clients of which a chosen operation fails: before it was done, or after, its answer lost.

    ``meanwhile``: what somebody else does just before the next call of an operation. ``calls``:
    every call that was made, with its parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fail_before: set[str] = set()
        self.lose_answer: set[str] = set()
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        #: whose clients were needed
        self.services: set[str] = set()

    def _client(self, service: str) -> Any:
        self.services.add(service)
        return _Faulty(_CLIENTS._client(service), self)


class _Faulty:
    def __init__(self, client: Any, faults: FaultyClients) -> None:
        self._client = client
        self._faults = faults

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            faults = self._faults
            if operation in faults.meanwhile:
                faults.meanwhile.pop(operation)()
            faults.calls.append((operation, request))
            if operation in self._faults.fail_before:
                raise ReadTimeoutError(endpoint_url=operation)
            answer = getattr(self._client, operation)(**request)
            if operation in self._faults.lose_answer:
                raise ReadTimeoutError(endpoint_url=operation)
            return answer

        return call


class Bench(NamedTuple):
    """Everything a test of the service needs, on one emulator."""

    emulator: Emulator
    clients: FaultyClients
    settings: Settings
    service: Service
    tasks: Mapping[str, Task]
    on: Stores

    @property
    def store(self) -> JobStore:
        return self.on.jobs

    @property
    def queries(self) -> Queries:
        return self.on.queries

    def accept(self, job_type: str = "echo", value: Any = None, **more: Any) -> Job:
        """Submit a job as a client does."""
        return self.submit({"type": job_type, "input": value, **more}).job

    def submit(self, body: Any, *, key: str | None = None, tenant: str = TENANT) -> Accepted:
        """Submit a body, as JSON text or as a value, with or without an idempotency key."""
        text = body if isinstance(body, bytes) else msgspec.json.encode(body)
        named = submission.Key(submission.SUBMIT, key) if key else None
        return self.on.acceptor.accept(tenant, submission.order(text, self.tasks, key=named))

    def receive(self, queue_name: str = "accepted-jobs") -> list[Received]:
        """Take what the queue has, as the event source mapping would."""
        answer = _CLIENTS.sqs.receive_message(
            QueueUrl=_CLIENTS.sqs.get_queue_url(QueueName=queue_name)["QueueUrl"],
            MaxNumberOfMessages=10,
            AttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Received(
                message_id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                body=message["Body"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", [])
        ]

    def work(
        self, messages: list[Received] | None = None, remaining_ms: int = 60 * SECOND_MS
    ) -> BatchResponse:
        """One invocation of the worker, with these messages or with what the queue has."""
        taken = self.receive() if messages is None else messages
        return self.service.worker.process(taken, lambda: remaining_ms)

    def waiting(self, queue_name: str = "accepted-jobs") -> int:
        """Messages in the queue, visible or not."""
        counts = self.emulator.queue(queue_name).counts(self.now_ms())
        return counts.visible + counts.in_flight + counts.delayed

    def now_ms(self) -> int:
        return self.emulator.clock.now_ms()

    def pass_time(self, seconds: float) -> None:
        """Time passes and no event source mapping runs."""
        clock: VirtualClock = self.emulator.clock  # type: ignore[assignment]
        clock.advance(seconds)

    def job(self, job_id: str, tenant: str = TENANT) -> Job:
        """The record as it stands in the table."""
        job = self.store.get(tenant, job_id)
        assert job is not None
        return job

    def move(self, message: str, queue: JobQueue) -> None:
        """Put a body into a queue."""
        queue._call("send_message", MessageBody=message)

    def claim(self, job: Job, lease_seconds: int = 60) -> Job:
        """Start an attempt as some worker would."""
        now_ms = self.now_ms()
        until_ms = now_ms + lease_seconds * SECOND_MS
        return self.store.claim(job.tenant, job.id, now_ms=now_ms, lease_until_ms=until_ms)


def bench_on(
    emulator: Emulator,
    *,
    reports: bool = False,
    outside: Outside | None = None,
    changed: Mapping[str, Any] | None = None,
    **more: Task,
) -> Bench:
    """A bench whose worker knows the shipped tasks and ``more``.

    ``reports``: its mappings have ReportBatchItemFailures, as the template gives them.
    ``changed``: settings that differ from the emulator's.
    """
    clients = FaultyClients()
    settings = msgspec.structs.replace(
        Settings.from_environment(os.environ),
        **{"reports_batch_item_failures": reports, **(changed or {})},
    )
    known = {**tasks.discover(), **{task.name: task for task in more.values()}}
    return Bench(
        emulator=emulator,
        clients=clients,
        settings=settings,
        service=bootstrap.build(settings, clients, known, outside=outside),
        tasks=known,
        on=bootstrap.stores(settings, clients),
    )


def task_that(function: Callable[[Any], Any], name: str = "test") -> Task:
    """A task called ``test`` that calls ``function`` with its context."""
    return Task(name, Any, lambda value, context: function(context))
