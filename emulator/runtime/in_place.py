"""A Lambda function that runs in this process, on whatever clock it is given: for tests.

What a process of its own gives is missing: globals live as long as this process, environment
variables are this process's, and what the function prints is not kept.
"""

from __future__ import annotations

import logging
import os
import threading
import traceback
import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from emulator.invocation import Invocation, Outcome
from emulator.limits import RESPONSE_BYTES_MAX
from emulator.runtime import failures, log_lines
from emulator.runtime.concurrency import Concurrency
from emulator.runtime.environment_variables import changed
from emulator.runtime.lambda_context import LambdaContext
from emulator.runtime.trace_header import continued

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.clock import Clock
    from emulator.invocation import FunctionSpec

_log = logging.getLogger(__name__)

#: The runtime client's own errors that come after the function has loaded.
_OF_A_REQUEST = (FaultException.MARSHAL_ERROR, FaultException.UNMARSHAL_ERROR)

#: The deadline of the invocation that the caller is inside of; an inner one hides an outer one.
_deadline_ms: ContextVar[int | None] = ContextVar("_deadline_ms", default=None)


class InvocationTimedOut(BaseException):
    """The function's timeout is over; raised by ``sleep`` inside a function.

    Not an Exception, so that a function that catches those cannot outlive its deadline.
    """


def sleep(
    clock: Clock, seconds: float, *, outside: Callable[[float], object] | None = None
) -> None:
    """Sleep on ``clock``; a running invocation sleeps no longer than to its deadline.

    Whoever sleeps outside an invocation does so by ``outside``, if it is given. Raises
    InvocationTimedOut at the deadline, which ends the invocation.
    """
    until_ms = clock.now_ms() + round(seconds * 1000)
    deadline_ms = _deadline_ms.get()
    if deadline_ms is not None:
        until_ms = min(until_ms, deadline_ms)
    elif outside is not None:
        outside(seconds)
        return
    condition = threading.Condition()
    with condition:
        while clock.now_ms() < until_ms:
            clock.wait(condition, until_ms)
    if deadline_ms is not None and clock.now_ms() >= deadline_ms:
        raise InvocationTimedOut


class InPlaceFunction:
    """Calls ``handler(event, context)`` in the calling thread, for the time that ``clock`` tells.

    Event, context, result and errors are Lambda's. A timeout can only interrupt a function that
    waits with ``sleep``; one that has used up its time otherwise is found out when it returns.
    """

    def __init__(
        self, spec: FunctionSpec, handler: Callable[[Any, Any], Any], clock: Clock
    ) -> None:
        self.spec = spec
        self._handler = handler
        self._clock = clock
        self._concurrency = Concurrency(spec)
        self._marshaller = LambdaMarshaller()
        self._log_stream_name = log_lines.log_stream_name(clock.now_ms(), spec.version)

    def try_acquire(self) -> bool:
        """Take one slot of the function's concurrency; False is a throttle."""
        return self._concurrency.try_acquire()

    def release(self) -> None:
        """Give the slot back."""
        self._concurrency.release()

    def recycle(self) -> None:
        """Nothing to do: code in this process stays as it is."""

    def retire(self) -> None:
        """Nothing to do: no environment waits."""

    def close(self) -> None:
        """Nothing to do: there is no process."""

    def invoke(
        self,
        payload: bytes,
        *,
        request_id: str | None = None,
        trace_header: str | None = None,
        invoked_arn: str | None = None,
    ) -> Outcome:
        """Run the function once."""
        began_ms = self._clock.now_ms()
        invocation = Invocation(
            request_id=request_id or str(uuid.uuid4()),
            payload=payload,
            deadline_ms=began_ms + self.spec.timeout_seconds * 1000,
            invoked_arn=invoked_arn or self.spec.arn,
            trace_header=continued(trace_header, self.spec.arn, began_ms),
        )
        token = _deadline_ms.set(invocation.deadline_ms)
        try:
            outcome = self._run(invocation)
        finally:
            _deadline_ms.reset(token)
        if self._clock.now_ms() < invocation.deadline_ms:
            return outcome
        return failures.timed_out(invocation.request_id, self.spec.timeout_seconds)

    def _run(self, invocation: Invocation) -> Outcome:
        """The runtime client's part: decode, call, encode, and put every error into its shape."""
        try:
            return self._call(invocation)
        except InvocationTimedOut:
            return failures.timed_out(invocation.request_id, self.spec.timeout_seconds)
        except SystemExit as ending:
            return failures.exited(invocation.request_id, _exit_status(ending))
        except FaultException as fault:
            # what does not load has failed before there was a request
            has_run = fault.exception_type in _OF_A_REQUEST
            request_id = invocation.request_id if has_run else ""
            return _failed(fault.exception_type, fault.msg, request_id=request_id)
        except Exception as error:  # the function's own, whatever it is, is the outcome
            _log.error("%s failed", self.spec.name, exc_info=error)
            return _failed(
                type(error).__name__,
                str(error),
                request_id=invocation.request_id,
                stack_trace=_stack_trace(error),
            )

    def _call(self, invocation: Invocation) -> Outcome:
        event = self._marshaller.unmarshal_request(invocation.payload)
        context = LambdaContext(
            self.spec, invocation, self._clock, log_stream_name=self._log_stream_name
        )
        with changed(os.environ, _trace_variables(self.spec, invocation)):
            result, _ = self._marshaller.marshal_response(self._handler(event, context))
        body = result if isinstance(result, bytes) else result.encode()
        if len(body) > RESPONSE_BYTES_MAX:
            return failures.response_too_large()
        return Outcome(payload=body)


def _trace_variables(spec: FunctionSpec, invocation: Invocation) -> dict[str, str]:
    """What an SDK looks for to send the trace along with every request of the function."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": spec.function_name,
        "_X_AMZN_TRACE_ID": invocation.trace_header or "",
    }


def _failed(
    error: str, message: str, *, request_id: str, stack_trace: list[str] | None = None
) -> Outcome:
    """An error with the members that the runtime client reports.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    return Outcome.failed(error, message, requestId=request_id, stackTrace=stack_trace or [])


def _stack_trace(error: Exception) -> list[str]:
    """One text for each frame of the function; the first two frames are the emulator's."""
    frames = traceback.extract_tb(error.__traceback__)[2:]
    return traceback.format_list([(f.filename, f.lineno or 0, f.name, f.line) for f in frames])


def _exit_status(ending: SystemExit) -> int:
    """The exit code that Python gives a process for ``sys.exit`` with any value."""
    if ending.code is None:
        return 0
    return ending.code if isinstance(ending.code, int) else 1
