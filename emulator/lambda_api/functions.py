"""What runs the functions of a cloud, and the handles by which they are invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from emulator.invocation import FunctionSpec, Outcome
from emulator.runtime.concurrency import Concurrency

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.invocation import Runner


class Functions:
    """A runner for each version of each function, and the concurrency that versions share.

    Call it under the cloud's lock.
    """

    def __init__(self, make_runner: Callable[[FunctionSpec], Runner]) -> None:
        self._make_runner = make_runner
        #: by the ARN that ends in the version, but for the latest one's
        self._runners: dict[str, Runner] = {}
        self._slots: dict[str, Concurrency] = {}

    def run(self, spec: FunctionSpec) -> None:
        """Run this version as ``spec`` says.

        If that differs from before, what runs ends on the old code and configuration, and the next
        invocation starts on the new ones.
        """
        self.slots(spec).resize(spec.reserved_concurrency)
        # other slots are no reason to start anew
        spec = msgspec.structs.replace(spec, reserved_concurrency=None)
        running = self._runners.get(spec.arn)
        if running is not None and running.spec == spec:
            return
        if running is not None:
            running.retire()
        self._runners[spec.arn] = self._make_runner(spec)

    def recycle(self, arn: str) -> None:
        """The code has changed in its place."""
        self._runners[arn].recycle()

    def remove(self, arn: str) -> None:
        """Run this version no more."""
        self._runners.pop(arn).retire()

    def find(self, arn: str) -> Runner | None:
        return self._runners.get(arn)

    def slots(self, spec: FunctionSpec) -> Concurrency:
        """The concurrency of all versions of a function, kept as long as anything may run."""
        key = f"{spec.region}:{spec.function_name}"
        return self._slots.setdefault(key, Concurrency(spec))

    def close(self) -> None:
        """End everything that runs."""
        for runner in self._runners.values():
            runner.close()


class NamedFunction:
    """A function as a mapping or a caller names it: what the name stands for is looked up each
    time.

    So whoever holds it goes on over updates, aliases that move, and functions that are made anew.
    While there is none of the name, each invocation fails as Lambda says it.
    """

    def __init__(
        self, functions: Functions, find: Callable[[], Runner | None], spec: FunctionSpec
    ) -> None:
        self._functions = functions
        self._find = find
        self._last_spec = spec

    @property
    def spec(self) -> FunctionSpec:
        """Of what would run now; of what last ran if there is nothing."""
        runner = self._find()
        if runner is not None:
            self._last_spec = runner.spec
        return self._last_spec

    @property
    def is_reserved(self) -> bool:
        """Whether its concurrency is its own, not the account's."""
        return self._functions.slots(self._last_spec).is_reserved

    def try_acquire(self) -> bool:
        """Take one slot of the function's concurrency; False is a throttle."""
        return self._functions.slots(self._last_spec).try_acquire()

    def release(self) -> None:
        """Give the slot back."""
        self._functions.slots(self._last_spec).release()

    def invoke(
        self, payload: bytes, *, request_id: str | None = None, trace_header: str | None = None
    ) -> Outcome:
        """Run what the name stands for now, once."""
        runner = self._find()
        if runner is None:
            arn = self._last_spec.arn
            return Outcome.failed("ResourceNotFoundException", f"Function not found: {arn}")
        return runner.invoke(payload, request_id=request_id, trace_header=trace_header)
