"""A Lambda function that runs in execution environments."""

from __future__ import annotations

import signal
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING

from emulator.runtime.concurrency import Concurrency
from emulator.runtime.execution_environment import ExecutionEnvironment, Host

if TYPE_CHECKING:
    from emulator.clock import Clock
    from emulator.invocation import FunctionSpec, Outcome
    from emulator.journal import Journal

#: How long ``close`` lets processes end by themselves, and how long it waits for what still runs.
GRACE_SECONDS = 1


class LambdaFunction:
    """One function and its environments: one for each invocation that runs at the same time.

    Every method may be called from any thread. Runs in real time.
    """

    def __init__(self, spec: FunctionSpec, host: Host, *, clock: Clock, journal: Journal) -> None:
        self.spec = spec
        self._clock = clock
        self._make_environment = partial(
            ExecutionEnvironment, spec, host, clock=clock, journal=journal
        )
        self._concurrency = Concurrency(spec)
        self._condition = threading.Condition()
        #: waiting for an event, the most recently used last
        self._idle: list[ExecutionEnvironment] = []
        self._busy: set[ExecutionEnvironment] = set()
        #: the busy ones that will be kept: on the present code
        self._kept: set[ExecutionEnvironment] = set()
        self._retired = False
        self._closed = False

    def try_acquire(self) -> bool:
        """Take one slot of the function's concurrency; False is a throttle."""
        return not self._closed and self._concurrency.try_acquire()

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
        """Run the function once, in the environment used last or in a new one."""
        environment = self._check_out()
        try:
            return environment.invoke(
                payload,
                request_id=request_id or str(uuid.uuid4()),
                trace=trace_header,
                invoked_arn=invoked_arn,
            )
        finally:
            self._check_in(environment)

    def _check_out(self) -> ExecutionEnvironment:
        with self._condition:
            environment = self._idle.pop() if self._idle else self._make_environment()
            self._busy.add(environment)
            if self._closed:
                environment.kill()
            elif not self._retired:
                self._kept.add(environment)
            return environment

    def _check_in(self, environment: ExecutionEnvironment) -> None:
        with self._condition:
            if environment in self._kept:
                self._kept.discard(environment)
                self._busy.discard(environment)
                self._idle.append(environment)
                return
        environment.discard()
        with self._condition:
            self._busy.discard(environment)
            self._condition.notify_all()

    def recycle(self) -> None:
        """The code has changed: what waits ends now, what runs finishes on the old code and ends.

        https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        """
        for environment in self._forget():
            environment.discard()

    def retire(self) -> None:
        """The function is no longer wanted: like ``recycle``, and nothing is kept warm again."""
        self._retired = True
        self.recycle()

    def _forget(self) -> list[ExecutionEnvironment]:
        """Keep no environment that exists now; returns the idle ones, which the caller ends."""
        with self._condition:
            idle, self._idle = self._idle, []
            self._kept.clear()
            return idle

    def close(self) -> None:
        """End everything within two seconds: what waits by SIGTERM first, what runs by SIGKILL."""
        self._closed = True
        idle = self._forget()
        for environment in idle:
            environment.kill(signal.SIGTERM)
        until_ms = self._clock.now_ms() + GRACE_SECONDS * 1000
        for environment in idle:
            environment.discard(max(0, until_ms - self._clock.now_ms()) / 1000)
        with self._condition:
            for environment in self._busy:
                environment.kill()
            until_ms = self._clock.now_ms() + GRACE_SECONDS * 1000
            while self._busy and self._clock.now_ms() < until_ms:
                self._clock.wait(self._condition, until_ms)
