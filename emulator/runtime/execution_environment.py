"""An execution environment: one process that handles one event at a time.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from emulator.invocation import Invocation, Outcome, Usage
from emulator.limits import INIT_SECONDS_MAX
from emulator.runtime import failures, log_lines, trace_header
from emulator.runtime.environment_log import EnvironmentLog
from emulator.runtime.environment_variables import environment_variables
from emulator.runtime.memory import OutOfMemoryError
from emulator.runtime.runtime_process import (
    DeadlinePassedError,
    ProcessExitedError,
    RuntimeProcess,
)
from emulator.runtime.zygote_process import ZygoteProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.clock import Clock
    from emulator.invocation import FunctionSpec
    from emulator.journal import Journal
    from emulator.runtime.runtime_api import Request


class NotStartedError(Exception):
    """This machine could not start the process; the message says why."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """What every environment on this machine is given."""

    project_dir: Path
    #: variables that keep a function away from the real AWS: endpoint, dummy credentials
    pinned: Mapping[str, str]
    #: where each environment gets a folder of its own for temporary files
    scratch_dir: Path
    #: whether a function that uses more memory than it has is ended
    enforces_memory: bool = True
    #: what environments are forked from; None: each starts a Python of its own
    zygote: ZygoteProcess | None = None


class ExecutionEnvironment:
    """Starts its process at the first invocation and keeps it warm for the next.

    After a crash or a timeout there is no process, and the next invocation starts another; the
    folder for temporary files and the log stream stay. One thread at a time uses an environment;
    any thread may ``kill`` it.
    """

    def __init__(self, spec: FunctionSpec, host: Host, *, clock: Clock, journal: Journal) -> None:
        self._spec = spec
        self._host = host
        self._task_root = Path(spec.task_root or host.project_dir)
        self._clock = clock
        self._log = EnvironmentLog(spec, journal, now_ms=clock.now_ms())
        self._scratch_dir: Path | None = None
        self._lock = threading.Lock()
        self._killed = False
        self._is_new = True
        self._process: RuntimeProcess | None = None
        #: the process's unanswered request for its next event
        self._next: Request | None = None
        #: the most memory its process was seen to use, which is what Lambda reports
        self._memory_used_mb = 0

    def invoke(
        self, payload: bytes, *, request_id: str, trace: str | None = None,
        invoked_arn: str | None = None,
    ) -> Outcome:  # fmt: skip
        """Run the function once, after a cold start if there is no process."""
        self._log.forget_tail()
        init_ms = self._initialize(request_id) if self._is_new else None
        began_ms = self._clock.now_ms()
        self._log.start(began_ms, request_id)
        outcome = self._run(
            Invocation(
                request_id=request_id,
                payload=payload,
                deadline_ms=began_ms + self._spec.timeout_seconds * 1000,
                invoked_arn=invoked_arn or self._spec.arn,
                trace_header=trace_header.continued(trace, self._spec.arn, began_ms),
            )
        )
        usage = Usage(
            duration_ms=self._clock.now_ms() - began_ms,
            memory_mb=self._spec.memory_mb,
            memory_used_mb=self._measure_memory_mb(),
            init_ms=init_ms,
        )
        self._log.end(self._clock.now_ms(), request_id, usage, error=outcome.error)
        self._freeze()
        return msgspec.structs.replace(outcome, usage=usage, log=self._log.tail())

    def is_warm(self) -> bool:
        """Whether there is a process that could take an event."""
        return self._process is not None and self._process.is_alive()

    def _initialize(self, request_id: str) -> int | None:
        """Load the function's module, for which there are 10 seconds; returns how long it took.

        None: it failed, or took longer. The invocation then tries once more, under its own timeout.
        """
        self._is_new = False
        began_ms = self._clock.now_ms()
        failure = self._try(request_id, lambda: self._get_ready(began_ms + INIT_SECONDS_MAX * 1000))
        init_ms = self._clock.now_ms() - began_ms
        if failure is None:
            return init_ms
        self._log.line(log_lines.init_failed(init_ms, failure.error))
        return None

    def _run(self, invocation: Invocation) -> Outcome:
        """Hand over the event and wait for what becomes of it."""
        if self._process is not None and not self._process.is_alive():
            self.end()  # it died while nobody looked
        if self._process is not None:
            self._process.thaw()
        outcome = self._try(
            invocation.request_id,
            lambda: self._get_ready(invocation.deadline_ms) or self._exchange(invocation),
        )
        assert outcome is not None, "_exchange has one"
        if outcome.error in failures.ENDINGS:
            self._log.line(log_lines.ended(self._clock.now_ms(), invocation.request_id, outcome))
        return outcome

    def _try(self, request_id: str, step: Callable[[], Outcome | None]) -> Outcome | None:
        """The step's outcome, also if it is the end of the process."""
        try:
            return step()
        except ProcessExitedError as exited:
            outcome = failures.exited(request_id, exited.status)
        except NotStartedError as error:
            outcome = failures.not_started(request_id, str(error))
        except OutOfMemoryError:
            outcome = failures.out_of_memory(request_id)
        except DeadlinePassedError:
            outcome = failures.timed_out(request_id, self._spec.timeout_seconds)
        self.end()
        return outcome

    def _get_ready(self, until_ms: int) -> Outcome | None:
        """Have the process ask for an event; returns the error it reported instead."""
        try:
            process = self._process or self._start()
        except OSError as error:
            raise NotStartedError(str(error)) from None
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
        with self._lock:
            if self._killed:
                raise ProcessExitedError(-signal.SIGKILL)
            self._memory_used_mb = 0
            variables = environment_variables(
                self._spec,
                self._task_root,
                log_stream_name=self._log.stream_name,
                inherited=os.environ,
                pinned={**self._host.pinned, "TMPDIR": str(self._make_scratch_dir())},
            )
            self._process = RuntimeProcess(
                self._spec.handler,
                variables,
                project_dir=self._task_root,
                memory_limit_mb=self._spec.memory_mb if self._host.enforces_memory else None,
                clock=self._clock,
                log=self._log.line,
                zygote=self._host.zygote,
            )
            return self._process

    def _make_scratch_dir(self) -> Path:
        if self._scratch_dir is None:
            self._host.scratch_dir.mkdir(parents=True, exist_ok=True)
            self._scratch_dir = Path(tempfile.mkdtemp(dir=self._host.scratch_dir))
        return self._scratch_dir

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
            "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_header or "",
        }

    def _freeze(self) -> None:
        """Between events nothing of the function runs: threads and children stop where they are."""
        if self._process is not None:
            self._process.freeze()

    def _measure_memory_mb(self) -> int:
        if self._process is not None:
            self._memory_used_mb = max(self._memory_used_mb, self._process.memory.used_mb)
        return self._memory_used_mb

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Signal the process, in the middle of an invocation too; no other will be started."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.signal_group(number)
                self._process.thaw()

    def end(self, grace_seconds: float = 0) -> None:
        """End the process, after ``grace_seconds`` to do so itself, and free what it held."""
        self._measure_memory_mb()
        with self._lock:
            process, self._process, self._next = self._process, None, None
        if process is not None:
            process.end(grace_seconds)

    def discard(self, grace_seconds: float = 0) -> None:
        """End the process and remove the temporary files: the environment is not used again."""
        self.end(grace_seconds)
        if self._scratch_dir is not None:
            shutil.rmtree(self._scratch_dir, ignore_errors=True)
            self._scratch_dir = None
