"""An execution environment: one process that handles one event at a time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import msgspec

from emulator.invocation import Invocation, Outcome
from emulator.limits import INIT_SECONDS_MAX, LOG_TAIL_BYTES_MAX
from emulator.runtime import failures, log_lines
from emulator.runtime.environment_variables import environment_variables
from emulator.runtime.runtime_process import (
    DeadlinePassedError,
    ProcessExitedError,
    RuntimeProcess,
)
from emulator.runtime.trace_header import trace_header_or_new

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from emulator.clock import Clock
    from emulator.invocation import FunctionSpec
    from emulator.journal import Journal
    from emulator.runtime.runtime_api import Request


class ExecutionEnvironment:
    """Starts its process at the first invocation and keeps it warm for the next.

    After a crash or a timeout there is no process, and the next invocation starts another. One
    thread at a time uses an environment; any thread may ``kill`` it.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        project_dir: Path,
        *,
        pinned: Mapping[str, str],
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._spec = spec
        self._project_dir = project_dir
        self._pinned = pinned
        self._clock = clock
        self._journal = journal
        self._log_stream_name = log_lines.log_stream_name(clock.now_ms(), spec.version)
        self._lock = threading.Lock()
        self._killed = False
        self._process: RuntimeProcess | None = None
        #: the process's unanswered request for its next event
        self._next: Request | None = None
        self._memory_used_mb = 0
        self._log_tail = b""

    def invoke(
        self, payload: bytes, *, request_id: str, trace_header: str | None = None
    ) -> Outcome:
        """Run the function once, after a cold start if there is no process."""
        self._log_tail = b""
        init_began_ms = self._clock.now_ms()
        cold = not self.is_warm()
        failure = self._initialize(request_id) if cold else None
        began_ms = self._clock.now_ms()
        self._log(log_lines.start(request_id, self._spec.version))
        outcome = failure or self._run(
            Invocation(
                request_id=request_id,
                payload=payload,
                deadline_ms=began_ms + self._spec.timeout_seconds * 1000,
                trace_header=trace_header_or_new(trace_header, began_ms),
            )
        )
        self._log(log_lines.end(request_id))
        usage = log_lines.Usage(
            duration_ms=self._clock.now_ms() - began_ms,
            memory_mb=self._spec.memory_mb,
            memory_used_mb=self._measure_memory_mb(),
            init_ms=began_ms - init_began_ms if cold else None,
        )
        self._log(log_lines.report(request_id, usage))
        return msgspec.structs.replace(outcome, log=self._log_tail.decode(errors="replace"))

    def is_warm(self) -> bool:
        """Whether there is a process that could take an event."""
        return self._process is not None and self._process.is_alive()

    def _initialize(self, request_id: str) -> Outcome | None:
        """Load the function's module, for which there are 10 seconds; returns how that failed.

        A slower one is not a failure: it is loaded once more under the function's own timeout.
        """
        self.end()
        began_ms = self._clock.now_ms()
        try:
            return self._get_ready(began_ms + INIT_SECONDS_MAX * 1000)
        except ProcessExitedError as exited:
            return self._exited(request_id, exited.status)
        except DeadlinePassedError:
            self.end()
            self._log(log_lines.init_timed_out(self._clock.now_ms() - began_ms))
            return None

    def _run(self, invocation: Invocation) -> Outcome:
        """Hand over the event and wait for what becomes of it."""
        try:
            return self._get_ready(invocation.deadline_ms) or self._exchange(invocation)
        except ProcessExitedError as exited:
            return self._exited(invocation.request_id, exited.status)
        except DeadlinePassedError:
            return self._timed_out(invocation.request_id)

    def _get_ready(self, until_ms: int) -> Outcome | None:
        """Have the process ask for an event; returns the error it reported instead."""
        process = self._process or self._start()
        if self._next is not None:
            return None
        request = process.wait(until_ms)
        if request.kind == "init error":
            request.reply(202)
            self.end()
            return failures.reported(request.body or b"")
        self._next = request
        return None

    def _start(self) -> RuntimeProcess:
        variables = environment_variables(
            self._spec,
            self._project_dir,
            log_stream_name=self._log_stream_name,
            inherited=os.environ,
            pinned=self._pinned,
        )
        with self._lock:
            if self._killed:
                raise ProcessExitedError(-signal.SIGKILL)
            self._process = RuntimeProcess(
                self._spec.handler,
                variables,
                project_dir=self._project_dir,
                clock=self._clock,
                log=self._log,
            )
            return self._process

    def _exchange(self, invocation: Invocation) -> Outcome:
        assert self._next is not None
        assert self._process is not None
        request, self._next = self._next, None
        request.reply(200, invocation.payload, self._event_headers(invocation))
        answer = self._process.wait(invocation.deadline_ms)
        while answer.request_id != invocation.request_id:
            answer.reply(400)
            answer = self._process.wait(invocation.deadline_ms)
        if answer.body is None:
            self.end()
            return failures.response_too_large()
        answer.reply(202)
        if answer.kind == "error":
            return failures.reported(answer.body)
        return Outcome(payload=answer.body)

    def _event_headers(self, invocation: Invocation) -> dict[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self._spec.arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_header or "",
        }

    def _exited(self, request_id: str, status: int) -> Outcome:
        self.end()
        outcome = failures.exited(request_id, status)
        self._log(f"{outcome.value()['errorMessage']} {outcome.error}")
        return outcome

    def _timed_out(self, request_id: str) -> Outcome:
        self._measure_memory_mb()
        self.end()
        timeout_seconds = self._spec.timeout_seconds
        self._log(log_lines.timed_out(self._clock.now_ms(), request_id, timeout_seconds))
        return failures.timed_out(request_id, timeout_seconds)

    def _measure_memory_mb(self) -> int:
        """The most memory seen so far, which is what Lambda reports."""
        if self._process is not None:
            self._memory_used_mb = max(self._memory_used_mb, self._process.memory_used_mb())
        return self._memory_used_mb

    def _log(self, line: str) -> None:
        self._log_tail = (self._log_tail + line.encode() + b"\n")[-LOG_TAIL_BYTES_MAX:]
        self._journal.record(self._spec.name, "log", text=line, stream=self._log_stream_name)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal the process, in the middle of an invocation too; no other will be started."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.signal_group(number)

    def end(self, grace_seconds: float = 0) -> None:
        """End the process, after ``grace_seconds`` to do so itself, and free what it held."""
        with self._lock:
            process, self._process, self._next = self._process, None, None
        if process is not None:
            process.end(grace_seconds)
