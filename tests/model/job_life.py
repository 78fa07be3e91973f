"""One job's life in every order: two POSTs of one key, two messages, workers, and everybody else.

A step is one request to AWS or one thing that happens; whoever does more than one can die between.
Three things are left out because every order of them comes to the same:

- A message is received and its job claimed in one step, or received in vain. Only one that SQS
  gives up on can be in the hand of a worker that has yet to claim.
- A message is deleted with the step before, or not at all: until it is, its job has an end, and who
  receives it changes nothing.
- A reader of an end remembers nothing: that ends do not change is asked of the record itself.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from checker import Actors, Step
from job_record import FAST_NOW, PASSED, Record, Table

from chalicelib.jobs import transitions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_LEASE_PASSED = transitions._LEASE_PASSED
RECEIVES_MAX = 2
WORKERS_MAX = 2


class Rule(enum.Enum):
    """What the promises rest on; a model can do without one, to see what it is for."""

    ANSWER_LAST = "202 only after both writes"
    REPLAY_SENDS = "a replay sends the message of a queued job again"
    REPLAY_SENDS_FOR_CALLBACK = "a replay sends the message again while a callback is due"
    FENCING = "a write by a worker names its attempt"
    LEASE = "a claim waits for the lease"
    DUPLICATE_IS_LEFT = "a message whose job is at work elsewhere is left"
    STALE_IS_LEFT = "an attempt that is over does not acknowledge its message"
    ACKNOWLEDGE_LAST = "a message is acknowledged after the callback"
    EXPIRY_IS_WRITTEN = "that a deadline has passed is written before it is reported"
    DEAD_LETTERS_WAIT = "the dead-letter handler waits for the lease"
    DEAD_LETTERS_END = "what SQS gives up on is given its end by a handler"


class Shared(NamedTuple):
    """What more than one actor sees or changes."""

    record: Record | None = None
    #: messages sent that no worker has received yet
    sent: int = 0
    #: a client has its 202
    accepted: bool = False
    #: a reader reported ``failed`` without the record saying so
    told_failed: bool = False
    called_back: bool = False
    workers: int = 0


class Worker(NamedTuple):
    """What an invocation does next: ``claim``, ``run``, send a ``callback``, or write an event."""

    next: str
    attempt: int = 0
    dead_letters: bool = False


class Message(NamedTuple):
    """Where a message is (``sent``, ``queue``, ``dead``, ``gone``), and who has received it."""

    place: str = "sent"
    receives: int = 0
    workers: tuple[Worker, ...] = ()


class Scope(NamedTuple):
    """Who takes part beside POSTs and workers: by default everybody."""

    canceler: bool = True
    #: the deadline can pass, and there is a reader whose clock is fast
    late: bool = True
    deleter: bool = True


class Life:
    """The actors of one job's life, without the rules that are switched off."""

    def __init__(
        self, scope: Scope, *, without: Collection[Rule] = (), table: Table | None = None
    ) -> None:
        self._without = without
        self.table = _weakened(table or Table(), without)
        #: what the dead-letter handler writes by
        self._hasty = self.table
        if Rule.DEAD_LETTERS_WAIT in without:
            self._hasty = self.table.without(_LEASE_PASSED, "fail-abandoned", "stop-abandoned")
        self.actors = [
            Actors("post", "new", self._post, 2),
            Actors("message", Message(), self._message, 2),
            Actors("lease", None, self._lease),
        ]
        if scope.canceler:
            self.actors.append(Actors("canceler", "new", self._canceler))
        if scope.late:
            self.actors.append(Actors("deadline", None, self._deadline))
            self.actors.append(Actors("reader", None, self._reader))
        if scope.deleter:
            self.actors.append(Actors("deleter", None, self._deleter))

    def _post(self, own: str, shared: Shared) -> Iterator[Step]:
        """A POST with the key; which of the two takes it, changes nothing in what they do then."""
        answers = "done" if shared.accepted else "sent"
        if own == "new" and shared.record is None:
            record = self.table.write(None, "accept")
            yield Step("post records the job", "recorded", shared._replace(record=record))
        elif own == "new":
            sends = "recorded" if self._replay_sends(shared) else answers
            yield Step("post finds the job recorded", sends, shared)
        elif own == "recorded":
            yield Step("post sends the message", answers, shared._replace(sent=shared.sent + 1))
        elif own == "sent":
            yield Step("post answers 202", "done", shared._replace(accepted=True))
        if own == "recorded" and Rule.ANSWER_LAST in self._without:
            yield Step("post answers 202", own, shared._replace(accepted=True))
        if own in ("recorded", "sent"):
            yield Step("post dies", "done", shared)

    def _replay_sends(self, shared: Shared) -> bool:
        assert shared.record
        if shared.record.terminal:
            return not shared.called_back and Rule.REPLAY_SENDS_FOR_CALLBACK not in self._without
        return shared.record.status == "queued" and Rule.REPLAY_SENDS not in self._without

    def _lease(self, own: None, shared: Shared) -> Iterator[Step]:
        if shared.record and shared.record.leased:
            passed = shared.record._replace(lease=PASSED)
            yield Step("the lease passes", own, shared._replace(record=passed))

    def _deadline(self, own: None, shared: Shared) -> Iterator[Step]:
        if shared.record and not shared.record.over and not shared.record.overdue:
            passed = shared.record._replace(deadline=PASSED)
            yield Step("the deadline passes", own, shared._replace(record=passed))

    def _reader(self, own: None, shared: Shared) -> Iterator[Step]:
        """To its clock every deadline has passed."""
        if shared.record is None or shared.record.over:
            return
        if Rule.EXPIRY_IS_WRITTEN in self._without:
            yield Step("reader reports the deadline", own, shared._replace(told_failed=True))
        elif record := self.table.write(shared.record, "expire", now=FAST_NOW):
            yield Step("reader writes the deadline", own, shared._replace(record=record))

    def _canceler(self, own: str, shared: Shared) -> Iterator[Step]:
        event = {"new": "cancel", "refused": "request-cancel"}.get(own)
        if event is None or shared.record is None:
            return
        record = self.table.write(shared.record, event)
        if record:
            yield Step(f"canceler writes {event}", "done", shared._replace(record=record))
        elif own == "new" and not shared.record.over:
            yield Step("canceler is refused", "refused", shared)

    def _deleter(self, own: None, shared: Shared) -> Iterator[Step]:
        if shared.record and (record := self.table.write(shared.record, "purge")):
            yield Step("deleter purges the job", own, shared._replace(record=record))

    def _message(self, own: Message, shared: Shared) -> Iterator[Step]:
        yield from self._delivered(own, shared)
        for number, worker in enumerate(own.workers):
            others = own._replace(workers=own.workers[:number] + own.workers[number + 1 :])
            fewer = shared._replace(workers=shared.workers - (not worker.dead_letters))
            yield Step(f"{name(worker)} dies", others, fewer)
            yield from self._next(worker, others, fewer)

    def _delivered(self, own: Message, shared: Shared) -> Iterator[Step]:
        """Whoever may receive the message does."""
        if own.place == "sent" and shared.sent:
            arrived = own._replace(place="queue")
            yield from self._received(arrived, shared._replace(sent=shared.sent - 1))
        elif own.place == "queue" and own.receives == RECEIVES_MAX:
            dead = own._replace(place="dead")
            yield Step("SQS gives up on the message", dead, shared)
            if shared.workers < WORKERS_MAX:
                yield from continued("SQS gives up on it too early", Worker("claim"), dead, shared)
        elif own.place == "queue":
            yield from self._received(own, shared)
        elif own.place == "dead" and not any(worker.dead_letters for worker in own.workers):
            if Rule.DEAD_LETTERS_END in self._without:
                return
            yield from self._settled(Worker("", dead_letters=True), own, shared)

    def _received(self, own: Message, shared: Shared) -> Iterator[Step]:
        own = own._replace(receives=own.receives + 1)
        yield Step("worker receives the message in vain", own, shared)
        if shared.workers < WORKERS_MAX:
            yield from self._claimed(own, shared)

    def _claimed(self, own: Message, shared: Shared) -> Iterator[Step]:
        """A worker tries to claim the job."""
        if record := self.table.write(shared.record, "claim"):
            claimed = shared._replace(record=record)
            worker = Worker("run", record.attempt)
            yield from continued(f"worker claims attempt {record.attempt}", worker, own, claimed)
        else:
            yield from self._settled(Worker(""), own, shared)

    def _settled(self, worker: Worker, own: Message, shared: Shared) -> Iterator[Step]:
        """Who may not claim a job sees to it that it ends, or leaves it to who is at work."""
        record, who = shared.record, name(worker)
        assert record
        if record.over:
            yield from self._ended(f"{who} finds the end", worker, own, shared)
        elif record.overdue:
            ends = worker._replace(next="expire")
            yield from continued(f"{who} finds it overdue", ends, own, shared)
        elif record.leased and not (worker.dead_letters and self._hasty is not self.table):
            gone = own._replace(place="gone") if Rule.DUPLICATE_IS_LEFT in self._without else own
            yield Step(f"{who} finds it at work elsewhere", gone, shared)
        else:
            event = "stop-abandoned" if record.status == "canceling" else "fail-abandoned"
            ends = worker._replace(next=event, attempt=record.attempt)
            yield from continued(f"{who} finds it abandoned", ends, own, shared)

    def _next(self, worker: Worker, own: Message, shared: Shared) -> Iterator[Step]:
        """What a worker that is not among ``own.workers`` any more does next."""
        if worker.next == "run":
            yield from self._run(worker, own, shared)
        elif worker.next == "claim":
            yield from self._claimed(own, shared)
        elif worker.next == "callback":
            gone, sent = own._replace(place="gone"), shared._replace(called_back=True)
            yield Step(f"{name(worker)} sends the callback and deletes the message", gone, sent)
            yield Step(f"{name(worker)} sends the callback and dies", own, sent)
        else:
            yield from self._wrote(worker.next, worker, own, shared)

    def _run(self, worker: Worker, own: Message, shared: Shared) -> Iterator[Step]:
        for event in ("succeed", "fail", "stop"):
            yield from self._wrote(event, worker, own, shared)
        if record := self.table.write(shared.record, "release", attempt=worker.attempt):
            yield Step(f"{name(worker)} releases the job", own, shared._replace(record=record))
        if record := self.table.write(shared.record, "progress", attempt=worker.attempt):
            reported = shared._replace(record=record)
            yield from continued(f"{name(worker)} reports progress", worker, own, reported)
        else:
            gone = own._replace(place="gone") if Rule.STALE_IS_LEFT in self._without else own
            yield Step(f"{name(worker)} finds that it is over", gone, shared)

    def _wrote(self, event: str, worker: Worker, own: Message, shared: Shared) -> Iterator[Step]:
        table = self._hasty if worker.dead_letters else self.table
        if record := table.write(shared.record, event, attempt=worker.attempt):
            ended = shared._replace(record=record)
            yield from self._ended(f"{name(worker)} writes {event}", worker, own, ended)
        elif worker.next != "run":
            yield Step(f"{name(worker)} is refused and leaves the message", own, shared)

    def _ended(self, event: str, worker: Worker, own: Message, shared: Shared) -> Iterator[Step]:
        """What follows the end: a callback, if none was sent, and only then the message's."""
        gone = own._replace(place="gone")
        if shared.called_back:
            yield Step(f"{event} and deletes the message", gone, shared)
            yield Step(f"{event} and dies", own, shared)
        else:
            left = gone if Rule.ACKNOWLEDGE_LAST in self._without else own
            yield from continued(event, worker._replace(next="callback", attempt=0), left, shared)


def _weakened(table: Table, without: Collection[Rule]) -> Table:
    if Rule.FENCING in without:
        table = table.without(transitions._SAME_ATTEMPT, "release", "succeed", "fail", "stop")
    if Rule.LEASE in without:
        table = table.without(_LEASE_PASSED, "claim")
    return table


def continued(event: str, worker: Worker, own: Message, shared: Shared) -> Iterator[Step]:
    """The worker goes on."""
    workers = tuple(sorted((*own.workers, worker)))
    more = shared._replace(workers=shared.workers + (not worker.dead_letters))
    yield Step(event, own._replace(workers=workers), more)


def name(worker: Worker) -> str:
    if worker.next == "run":
        return f"attempt {worker.attempt}"
    return "dead-letter handler" if worker.dead_letters else "worker"
