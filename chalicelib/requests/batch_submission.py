"""Many jobs in one request: each is accepted or refused by itself."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import limits
from chalicelib.jobs import problems
from chalicelib.jobs.problems import ProblemError
from chalicelib.jobs.validation import InputError
from chalicelib.requests import submission
from chalicelib.requests.accepting import Accepted
from chalicelib.requests.submission import InputText, Key, Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.requests.accepting import Acceptor
    from chalicelib.task import Task

Outcome = Accepted | ProblemError


class _Texts(msgspec.Struct):
    """Only the inputs, as they were sent."""

    jobs: list[msgspec.Raw]


class BatchSubmitter:
    """Accepts batches of jobs."""

    def __init__(self, acceptor: Acceptor, *, tasks: Mapping[str, Task]) -> None:
        self._acceptor = acceptor
        self._tasks = tasks

    def submit(self, tenant: str, body: bytes) -> list[Outcome]:
        """What became of each job of the body, in its order.

        Raises ProblemError for a body that is no batch.
        """
        orders = self._orders(body)
        outcomes = self._record(tenant, orders)
        recorded = [
            (outcome, order)
            for outcome, order in zip(outcomes, orders, strict=True)
            if isinstance(outcome, Accepted) and isinstance(order, Order)
        ]
        errors = iter(self._acceptor.enqueue(recorded))
        return [
            (next(errors) or outcome) if isinstance(outcome, Accepted) else outcome
            for outcome in outcomes
        ]

    def _orders(self, body: bytes) -> list[Order | ProblemError]:
        text, value = submission.decode(body)
        entries = _entries(value)
        texts = msgspec.json.decode(text, type=_Texts).jobs
        return [self._order(*pair) for pair in zip(entries, map(bytes, texts), strict=True)]

    def _order(self, entry: Any, text: bytes) -> Order | ProblemError:
        try:
            if len(text) > limits.BODY_BYTES_MAX:
                raise problems.body_too_large(len(text), limits.BODY_BYTES_MAX)
            key, asked = _key(entry)
            checked = submission.checked(asked, self._tasks)
        except ProblemError as refused:
            return refused
        given = msgspec.json.decode(text, type=InputText).input
        return Order(submission=checked, input=bytes(given), key=key)

    def _record(self, tenant: str, orders: list[Order | ProblemError]) -> list[Outcome]:
        """Some at the same time; one that repeats another's key after that one."""

        def record(order: Order | ProblemError) -> Outcome:
            if isinstance(order, ProblemError):
                return order
            try:
                return self._acceptor.record(tenant, order)
            except ProblemError as refused:
                return refused

        first: dict[Any, int] = {}
        for index, order in enumerate(orders):
            key = order.key if isinstance(order, Order) else None
            first.setdefault(key or index, index)
        context = contextvars.copy_context()

        def record_in_thread(order: Order | ProblemError) -> Outcome:
            # the log's ids go along
            return context.copy().run(record, order)

        with ThreadPoolExecutor(limits.BATCH_THREADS) as executor:
            some = (orders[index] for index in first.values())
            early = dict(zip(first.values(), executor.map(record_in_thread, some), strict=True))
        return [
            early[index] if index in early else record(order) for index, order in enumerate(orders)
        ]


def _entries(value: Any) -> list[Any]:
    """The jobs of a batch's body. Raises ProblemError."""
    if not isinstance(value, dict) or not isinstance(value.get("jobs"), list):
        where = "/jobs" if isinstance(value, dict) else ""
        detail = 'A batch is an object whose member "jobs" is an array'
        raise submission.invalid([InputError(where, detail)])
    unknown = [InputError(f"/{name}", "Unknown member") for name in value if name != "jobs"]
    if unknown:
        raise submission.invalid(unknown)
    jobs: list[Any] = value["jobs"]
    if not 0 < len(jobs) <= limits.BATCH_JOBS_MAX:
        detail = f"A batch has 1 to {limits.BATCH_JOBS_MAX} jobs, not {len(jobs)}"
        raise submission.invalid([InputError("/jobs", detail)])
    return jobs


def _key(entry: Any) -> tuple[Key | None, Any]:
    """An entry's idempotency key, and what else it asks for. Raises ProblemError."""
    if not isinstance(entry, dict) or "key" not in entry:
        return None, entry
    text = entry["key"]
    if not isinstance(text, str) or not submission.is_key(text):
        detail = "A key is 1 to 255 visible ASCII characters without quotes"
        raise submission.invalid([InputError("/key", detail)])
    asked = {name: member for name, member in entry.items() if name != "key"}
    return Key(submission.SUBMIT, text), asked
