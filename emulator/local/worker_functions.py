"""Functions that run in the process that has imported the app, for break points: EMULATOR_RUNNER.

The emulator's process never imports the project. So the worker of ``chalice local`` asks it for the
next invocation, as a runtime asks Lambda, runs it in a thread of its own, and gives the outcome
back. One at a time: two functions that stop at a break point would share one keyboard.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from emulator import guard
from emulator.clock import SystemClock, VirtualClock
from emulator.invocation import FunctionSpec, Outcome
from emulator.local.running import is_alive
from emulator.runtime import failures
from emulator.runtime.concurrency import Concurrency
from emulator.runtime.environment_variables import changed, lambda_variables
from emulator.runtime.in_place import InPlaceFunction
from emulator.runtime.log_lines import log_stream_name

if TYPE_CHECKING:
    from emulator.clock import Clock

#: How long the worker's question for the next invocation stays open.
POLL_MS = 5_000
#: How often is looked whether the worker still runs.
_LOOK_MS = 200


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation for the worker."""

    request_id: str
    spec: FunctionSpec
    payload: bytes
    trace_header: str | None
    invoked_arn: str | None = None


class WorkerQueue:
    """The emulator's side: invocations on their way to the worker, and outcomes on theirs back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._waiting: deque[Call] = deque()
        #: which process runs what
        self._taken: dict[str, int] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._closed = False

    def run(self, call: Call) -> Outcome:
        """Have the worker run it; the outcome, also if the worker ends before there is one."""
        with self._condition:
            self._waiting.append(call)
            self._condition.notify_all()
            while call.request_id not in self._outcomes and self._may_come(call):
                self._clock.wait(self._condition, self._clock.now_ms() + _LOOK_MS)
            self._taken.pop(call.request_id, None)
            ended = failures.exited(call.request_id, 0)
            return self._outcomes.pop(call.request_id, ended)

    def _may_come(self, call: Call) -> bool:
        pid = self._taken.get(call.request_id)
        return not self._closed and (pid is None or is_alive(pid))

    def take(self, pid: int) -> Call | None:
        """The next invocation for the worker ``pid``, which waits for it a while."""
        until_ms = self._clock.now_ms() + POLL_MS
        with self._condition:
            while not self._waiting and not self._closed and self._clock.now_ms() < until_ms:
                self._clock.wait(self._condition, until_ms)
            # what a worker that is gone has asked is left for the next one
            if not self._waiting or not is_alive(pid):
                return None
            call = self._waiting.popleft()
            self._taken[call.request_id] = pid
            return call

    def settle(self, request_id: str, outcome: Outcome) -> None:
        """Take the outcome of what the worker has run."""
        with self._condition:
            if request_id in self._taken:
                self._outcomes[request_id] = outcome
                self._condition.notify_all()

    def close(self) -> None:
        """What runs has ended, and nothing else will run."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class WorkerFunction:
    """A function as the emulator knows it, run by the worker."""

    def __init__(self, spec: FunctionSpec, calls: WorkerQueue) -> None:
        self.spec = spec
        self._calls = calls
        self._concurrency = Concurrency(spec)

    def try_acquire(self) -> bool:
        """Take one slot of the function's concurrency; False is a throttle."""
        return self._concurrency.try_acquire()

    def release(self) -> None:
        """Give the slot back."""
        self._concurrency.release()

    def invoke(
        self,
        payload: bytes,
        *,
        request_id: str | None = None,
        trace_header: str | None = None,
        invoked_arn: str | None = None,
    ) -> Outcome:
        """Run the function once."""
        return self._calls.run(
            Call(
                request_id=request_id or str(uuid.uuid4()),
                spec=self.spec,
                payload=payload,
                trace_header=trace_header,
                invoked_arn=invoked_arn,
            )
        )

    def recycle(self) -> None:
        """Nothing to do: with new code there is a new worker."""

    def retire(self) -> None:
        """Nothing to do: no environment waits."""

    def close(self) -> None:
        """Let go of who waits for an outcome."""
        self._calls.close()


class Calls(Protocol):
    """Where the worker finds its invocations: see ``control.ControlClient``."""

    def next_call(self) -> Call | None: ...

    def settle(self, request_id: str, outcome: Outcome) -> None: ...


def start(calls: Calls) -> None:
    """Run functions in a thread of this process, until the emulator is gone."""
    threading.Thread(target=_serve, args=(calls,), name="functions", daemon=True).start()


def _serve(calls: Calls) -> None:
    # what comes when the emulator ends is said by who watches it
    with contextlib.suppress(ConnectionError):
        while True:
            call = calls.next_call()
            if call is not None:
                calls.settle(call.request_id, run(call))


def run(call: Call) -> Outcome:
    """Run a function in this thread, with the time standing still: nobody counts at a break point.

    So it has its whole timeout left at every moment, and never times out.
    """
    stopped = VirtualClock(SystemClock().now_ms())
    module, _, name = call.spec.handler.rpartition(".")

    def handler(event: Any, context: Any) -> Any:
        return getattr(importlib.import_module(module), name)(event, context)

    function = InPlaceFunction(call.spec, handler, stopped)
    with changed(os.environ, _variables(call.spec, log_stream_name(stopped.now_ms()))):
        return function.invoke(
            call.payload,
            request_id=call.request_id,
            trace_header=call.trace_header,
            invoked_arn=call.invoked_arn,
        )


def _variables(spec: FunctionSpec, stream: str) -> dict[str, str]:
    return {
        **spec.environment,
        **lambda_variables(spec, stream),
        **guard.pinned(os.environ.get("AWS_ENDPOINT_URL"), spec.region),
    }
