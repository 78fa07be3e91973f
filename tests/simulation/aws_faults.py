"""The line between the service and AWS, where a plan decides what goes wrong.

A plan names calls by who makes them, what they ask and the how manieth they are, so it means the
same in a run in which something else went wrong before.
"""

from __future__ import annotations

import contextlib
import enum
from collections import Counter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError

from emulator.runtime.in_place import InvocationTimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Fault(enum.Enum):
    """What goes wrong with one call."""

    REFUSED = "it fails, and nothing is done"
    LOST = "it is done, and its answer is lost"
    REPEATED = "its answer is lost, and the SDK asks again"
    DIES_BEFORE = "the caller dies before it"
    DIES_AFTER = "the caller dies after it"
    MEANWHILE = "the same comes to another in the middle: a message delivered twice, a second POST"
    CANCELED = "a client cancels the job in the middle"
    OVERTAKEN = "the caller sleeps past its lease and another takes over"


#: What can go wrong with anybody's call, and what else with some.
EVERYBODY_S = (Fault.REFUSED, Fault.LOST, Fault.REPEATED, Fault.DIES_BEFORE, Fault.DIES_AFTER)
_MORE = {
    "POST": (Fault.MEANWHILE,),
    "process_jobs": (Fault.MEANWHILE, Fault.CANCELED, Fault.OVERTAKEN),
    "fail_dead_letters": (Fault.MEANWHILE,),
}

#: Longer than the lease of a worker, which is its timeout of 60 s and 2 s.
OVERTAKEN_AFTER_SECONDS = 63


class Died(InvocationTimedOut):
    """The caller is dead; nothing of the service catches this."""


def plans_of(call: str) -> list[tuple[str, Fault]]:
    """What can go wrong with that call."""
    return [(call, fault) for fault in (*EVERYBODY_S, *_MORE.get(call.split()[0], ()))]


class Boundary:
    """Every call to AWS passes here.

    ``reached`` has the calls in their order, ``fired`` the faults that happened, ``records`` each
    job's record as it was after a write, ``sent`` how many messages were.
    """

    def __init__(
        self,
        plan: Mapping[str, Fault],
        *,
        sleep: Callable[[float], object],
        cancel: Callable[[], object],
    ) -> None:
        self.reached: list[str] = []
        self.fired: list[str] = []
        self.records: list[dict[str, Any]] = []
        self.sent = 0
        self._plan = plan
        self._sleep = sleep
        self._cancel = cancel
        self._counts: Counter[str] = Counter()
        #: who runs, and how the same is done once more; the innermost last
        self._running: list[tuple[str, Callable[[], object]]] = []

    @contextlib.contextmanager
    def running(self, who: str, again: Callable[[], object]) -> Iterator[None]:
        """``who`` makes the calls; ``again`` lets another do the same."""
        self._running.append((who, again))
        try:
            yield
        finally:
            self._running.pop()

    def call(self, operation: str, act: Callable[[], Any]) -> Any:
        """Do ``act`` as the plan has it."""
        # a queue's address is asked for once in a process's life
        if not self._running or operation == "get_queue_url":
            return act()
        who, again = self._running[-1]
        kind = f"{who} {operation}"
        self._counts[kind] += 1
        name = f"{kind} {self._counts[kind]}"
        self.reached.append(name)
        fault = self._plan.get(name)
        if fault is None:
            return self._noted(operation, act)
        self.fired.append(name)
        return self._faulty(fault, operation, act=act, again=again)

    def _faulty(
        self, fault: Fault, operation: str, *, act: Callable[[], Any], again: Callable[[], object]
    ) -> Any:
        if fault is Fault.REFUSED:
            raise ReadTimeoutError(endpoint_url=operation)
        if fault is Fault.DIES_BEFORE:
            raise Died
        if fault in (Fault.LOST, Fault.REPEATED, Fault.DIES_AFTER):
            with contextlib.suppress(Exception):
                self._noted(operation, act)
            if fault is Fault.DIES_AFTER:
                raise Died
            if fault is Fault.LOST:
                raise ReadTimeoutError(endpoint_url=operation)
            return self._noted(operation, act)
        if fault is Fault.OVERTAKEN:
            self._sleep(OVERTAKEN_AFTER_SECONDS)
        with contextlib.suppress(Died):
            (self._cancel if fault is Fault.CANCELED else again)()
        return self._noted(operation, act)

    def _noted(self, operation: str, act: Callable[[], Any]) -> Any:
        answer = act()
        if operation.startswith("send_message"):
            self.sent += 1
        if operation == "update_item":
            self.records.append(answer["Attributes"])
        return answer


class Through:
    """A client of which every call passes the boundary."""

    def __init__(self, client: Any, boundary: Boundary) -> None:
        self._client = client
        self._boundary = boundary

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._client, operation)
        return lambda **request: self._boundary.call(operation, lambda: method(**request))
