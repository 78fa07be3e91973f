"""What runs the functions of a cloud, and the handles by which they are invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from emulator.invocation import FunctionSpec, Outcome
from emulator.runtime.concurrency import Concurrency

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.invocation import Runner, Usage


class Functions:
    """A runner for each version of each function, and the concurrency that versions share.

    Call it under the cloud's lock.
    """

    def __init__(
        self,
        make_runner: Callable[[FunctionSpec], Runner],
        ended: Callable[[FunctionSpec, Usage | None], object] = lambda _spec, _usage: None,
    ) -> None:
        """``ended`` is told of each invocation, and what it took if that is known."""
        self._make_runner = make_runner
        self.ended = ended
        #: by the ARN that ends in the version, but for the latest one's
        self._runners: dict[str, Runner] = {}
        #: by the ARN without a version, kept when a function is deleted: something may still run
        self._slots: dict[str, Concurrency] = {}

    def run(self, spec: FunctionSpec, *, new_code: bool = False) -> None:
        """Run this version as ``spec`` says.

        If that is new, what runs ends on the old code and configuration, and the next invocation
        starts on the new ones. ``new_code``: it has changed where it stands.
        """
        running = self._runners.get(spec.arn)
        if running is None or running.spec != spec:
            if running is not None:
                running.retire()
            self._runners[spec.arn] = self._make_runner(spec)
        elif new_code:
            running.recycle()

    def remove(self, spec: FunctionSpec) -> None:
        """Run this version no more."""
        self._runners.pop(spec.arn).retire()

    def find(self, spec: FunctionSpec) -> Runner | None:
        return self._runners.get(spec.arn)

    def slots(self, spec: FunctionSpec) -> Concurrency:
        """The concurrency of all versions of a function."""
        return self._slots.setdefault(spec.unqualified_arn, Concurrency(spec))

    def close(self) -> None:
        """End everything that runs."""
        for runner in self._runners.values():
            runner.close()


class NamedFunction:
    """A function as a mapping or a caller names it: what that stands for is looked up each time.

    So whoever holds it goes on over updates, aliases that move, and a function that is made anew.
    While there is none of the name, each invocation fails as Lambda says it.
    """

    def __init__(
        self, functions: Functions, find: Callable[[], Runner | None], spec: FunctionSpec, *,
        qualifier: str | None = None,
    ) -> None:  # fmt: skip
        """``spec`` is what is known until something is found; ``qualifier`` the version or alias
        of the name.
        """
        self._slots = functions.slots(spec)
        self._ended = functions.ended
        self._find = find
        self._spec = spec
        arn = spec.unqualified_arn
        self._invoked_arn = f"{arn}:{qualifier}" if qualifier else arn

    @property
    def spec(self) -> FunctionSpec:
        """Of what would run now; of what last ran if there is nothing."""
        runner = self._find()
        if runner is not None:
            self._spec = runner.spec
        reserved = self._slots.reserved
        return msgspec.structs.replace(self._spec, reserved_concurrency=reserved)

    def try_acquire(self) -> bool:
        """Take one slot of the function's concurrency; False is a throttle."""
        return self._slots.try_acquire()

    def release(self) -> None:
        """Give the slot back."""
        self._slots.release()

    def invoke(
        self, payload: bytes, *, request_id: str | None = None, trace_header: str | None = None
    ) -> Outcome:
        """Run what the name stands for now, once."""
        runner = self._find()
        if runner is None:
            text = f"Function not found: {self._spec.arn}"
            return Outcome.failed("ResourceNotFoundException", text)
        outcome = runner.invoke(
            payload,
            request_id=request_id,
            trace_header=trace_header,
            invoked_arn=self._invoked_arn,
        )
        self._ended(runner.spec, outcome.usage)
        return outcome
