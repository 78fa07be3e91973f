"""One job's life on the real service, from its POST to its end, under a plan of faults."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_faults import Boundary, Died, Fault, Through

from chalicelib import limits, logs
from chalicelib.aws import Clients
from chalicelib.errors import RetryableError
from chalicelib.task import TASKS, Task
from emulator.api_gateway import local_gateway
from emulator.pytest_plugin import on_virtual_clock
from emulator.test_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest
    from chalice.config import Config

    from chalicelib.task import TaskContext
    from emulator.declared.project import Project
    from emulator.emulator import Emulator
    from emulator.test_client import Response

#: More than stays with the record, so that the result gets an item of its own.
INPUT = {"n": 2.50, "text": "to be or not to be " * 100}
ATTEMPTS_MAX = 4
BODY = {
    "type": "simulated",
    "input": INPUT,
    "deadline_seconds": 86_400,
    "max_attempts": ATTEMPTS_MAX,
}
KEY = {"idempotency-key": "one-job"}
TRIES_MAX = 8


class Kind(NamedTuple):
    """How a life goes if nothing disturbs it."""

    end: str
    #: how often a client looks, and for how long at most
    step_seconds: int
    bound_seconds: int
    #: the worker's function fails before it does anything
    worker_starts: bool = True


#: Each of two faults can cost one visibility timeout of 360 s, a wait for the lease and a back-off.
WORKED_ON = Kind("succeeded", step_seconds=90, bound_seconds=1_200)
#: Fifteen receives, and the same for the dead letter.
DEAD_LETTER = Kind("failed", step_seconds=360, bound_seconds=18 * 360, worker_starts=False)

_ENDS = ("succeeded", "failed", "canceled")
_ORDER = ("queued", "running", "canceling", *_ENDS)


class Ran(NamedTuple):
    """What a run came to: what was not as promised, and the calls in which something can fail."""

    findings: list[str]
    reached: list[str]
    fired: list[str]


class World(NamedTuple):
    """The app, and which of its jobs' lives is run."""

    config: Config
    project: Project
    kind: Kind = WORKED_ON


def run(world: World, plan: Mapping[str, Fault], patch: pytest.MonkeyPatch) -> Ran:
    """Live one job through from its POST."""
    told = _Told()
    patch.setattr(logs.LOGGER, "handlers", [told])
    # what was found out in another life is no part of this one
    patch.setattr(limits, "BACKLOG_SECONDS", 0)
    with on_virtual_clock(world.project, patch) as emulator:
        life = _Life(emulator, world, plan)
        original = Clients._client
        patch.setattr(
            Clients, "_client", lambda self, name: Through(original(self, name), life.boundary)
        )
        patch.setitem(TASKS, "simulated", Task("simulated", Any, simulated))
        findings = list(life.findings())
    if told.ends > 1 or (told.ends == 0 and not plan):
        findings.append(f"the log tells of {told.ends} ends")
    return Ran(findings, life.boundary.reached, life.boundary.fired)


def simulated(given: Any, context: TaskContext) -> Any:
    """Fails once, and then does all that a task can do."""
    if context.attempt == 1:
        raise RetryableError("not yet")
    context.progress(0.5)
    return given


class _Told(logging.Handler):
    """Counts the lines that tell of an end. One that dies after its write tells nothing."""

    ends = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.ends += "outcome" in getattr(record, "fields", {})


class _Life:
    def __init__(self, emulator: Emulator, world: World, plan: Mapping[str, Fault]) -> None:
        self._emulator = emulator
        self._client = Client(local_gateway.Gateway(world.config.chalice_app, world.config))
        sleep = emulator.clock.advance  # type: ignore[attr-defined]
        self.boundary = Boundary(plan, sleep=sleep, cancel=self._cancel)
        self._may_be_canceled = False
        self._kind = world.kind
        self._locations: set[str] = set()
        self._broken: list[str] = []
        runners: Any = emulator._runners._runners
        for runner in runners.values():
            runner._handler = self._handled(runner.spec.name, runner._handler)

    def findings(self) -> Iterator[str]:
        """Live the job through; what was not as promised."""
        if self._until(self._post) is None:
            yield "the job was never accepted"
            return
        seen = list(self._watched())
        yield from self._broken
        yield from _of_what_was_seen(seen)
        yield from self._of_the_end(seen[-1])
        yield from _of_the_records(self.boundary.records)
        yield from self._of_what_is_left()

    def _watched(self) -> Iterator[dict[str, Any]]:
        """What a client is told, until the job has ended and for a while after."""
        step_seconds = self._kind.step_seconds
        for _ in range(0, self._kind.bound_seconds, step_seconds):
            self._emulator.advance(step_seconds)
            answer = self._until(self._poll)
            assert answer is not None
            yield answer.json()
            if answer.json()["status"] in _ENDS and not self._waiting():
                break
        self._emulator.advance(step_seconds)
        answer = self._until(self._poll)
        assert answer is not None
        yield answer.json()

    def _of_the_end(self, job: dict[str, Any]) -> Iterator[str]:
        if job["status"] == "canceled" and self._may_be_canceled:
            return
        if job["status"] != self._kind.end:
            yield f"the job is {job['status']}, with {job.get('error')}"
        if job["status"] != "succeeded":
            return
        answer = self._until(lambda: self._get("/result"))
        if answer is None or answer.json() != INPUT:
            yield "the result is not the input's"

    def _waiting(self) -> list[str]:
        queues = self._emulator.status()["queues"]
        return [name for name, counts in queues.items() if any(counts.values())]

    def _of_what_is_left(self) -> Iterator[str]:
        if len(self._locations) != 1:
            yield f"one key made {len(self._locations)} jobs"
        for name in self._waiting():
            yield f"a message is left in {name}"
        (table,) = self._emulator._tables()
        names = [item.range_key.value for item in table.all_items()]
        if len([name for name in names if name.startswith("J#")]) != 1:
            yield f"the table has {sorted(names)}"

    def _until(self, ask: Callable[[], Response | None]) -> Response | None:
        """Ask again, as a client does, until there is an answer."""
        for _ in range(TRIES_MAX):
            answer = ask()
            if answer is not None:
                return answer
            self._emulator.advance(1)
        return None

    def _post(self) -> Response | None:
        try:
            with self.boundary.running("POST", self._post):
                answer = self._client.post("/jobs", json=BODY, headers=KEY)
        except Died:
            return None
        if answer.status_code == 503:
            return None
        self._promised(answer)
        return answer

    def _promised(self, answer: Response) -> None:
        if answer.status_code != 202:
            self._broken.append(f"POST was answered with {answer.status_code}")
            return
        self._locations.add(answer.headers["location"])
        if not self.boundary.sent:
            self._broken.append("202 before the message was sent")

    def _poll(self) -> Response | None:
        return self._get("")

    def _get(self, of_job: str) -> Response | None:
        (location,) = self._locations
        try:
            with self.boundary.running("GET", lambda: None):
                answer = self._client.get(f"/{location}{of_job}")
        except Died:
            return None
        return answer if answer.status_code == 200 else None

    def _cancel(self) -> None:
        (location,) = self._locations
        self._may_be_canceled = True
        self._client.post(f"/{location}/cancel")

    def _handled(self, name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        def handle(event: Any, context: Any) -> Any:
            if name == "process_jobs" and not self._kind.worker_starts:
                raise RuntimeError("the worker does not start")
            with self.boundary.running(name, lambda: handle_alike(event)):
                return handler(event, context)

        def handle_alike(event: Any) -> None:
            outcome = self._emulator.invoke(name, event)
            if outcome.ok and "Records" in event:
                self._acknowledge(event["Records"], outcome.value() or {})

        return handle

    def _acknowledge(self, records: list[Any], response: dict[str, Any]) -> None:
        """What the event source mapping does after a batch."""
        left = {failure["itemIdentifier"] for failure in response.get("batchItemFailures", [])}
        for record in records:
            if record["messageId"] not in left:
                queue = self._emulator.queue(record["eventSourceARN"].rpartition(":")[2])
                queue.delete(self._emulator.clock.now_ms(), record["receiptHandle"])


def _of_what_was_seen(seen: list[dict[str, Any]]) -> Iterator[str]:
    ranks = [_rank(job["status"]) for job in seen]
    if ranks != sorted(ranks):
        yield "a client saw the status go back"


def _rank(status: str) -> int:
    """All ends are alike."""
    return min(_ORDER.index(status), 3)


def _of_the_records(records: list[dict[str, Any]]) -> Iterator[str]:
    jobs = [record for record in records if record["sk"]["S"].startswith("J#")]
    ends = [record for record in jobs if record["s"]["S"] in _ENDS]
    if len(ends) != 1:
        yield f"the job ended {len(ends)} times"
    ranks = [_rank(record["s"]["S"]) for record in jobs]
    if ranks != sorted(ranks):
        yield "the record's status went back"
    for before, after in itertools.pairwise(jobs):
        yield from _of_two_records(before, after)


def _of_two_records(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """One write and the next."""
    attempt = int(after["n"]["N"])
    if attempt > ATTEMPTS_MAX:
        yield "there were too many attempts"
    started = attempt > int(before["n"]["N"])
    if started and "l" in before and int(before["l"]["N"]) >= int(after["h"]["L"][-1]["N"]):
        yield "an attempt started while another held the lease"
    if "k" in after and int(after["k"]["N"]) != attempt:
        yield "the result is of another attempt"
