"""The errors Lambda itself reports for a function, in Lambda's words.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-logs-api.html and
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import signal

import msgspec

from emulator.invocation import Outcome
from emulator.limits import RESPONSE_BYTES_MAX

TIMED_OUT = "Sandbox.Timedout"
EXITED = "Runtime.ExitError"
OUT_OF_MEMORY = "Runtime.OutOfMemory"
#: The errors after which there is no process.
ENDINGS = frozenset({TIMED_OUT, EXITED, OUT_OF_MEMORY})


class _Reported(msgspec.Struct):
    errorType: str = "Unhandled"  # noqa: N815 - a member's name in Lambda's JSON


def timed_out(request_id: str, timeout_seconds: int) -> Outcome:
    """The function was still running at its deadline."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds"
    return Outcome.failed(TIMED_OUT, message)


def exited(request_id: str, status: int) -> Outcome:
    """The process ended; ``status`` is its exit code, or minus the signal that ended it."""
    message = f"RequestId: {request_id} Error: Runtime exited {_reason(status)}"
    return Outcome.failed(EXITED, message)


def not_started(request_id: str, reason: str) -> Outcome:
    """This machine has no room for a process: a full disk, too many files. The words are ours."""
    return Outcome.failed(EXITED, f"RequestId: {request_id} Error: cannot start here: {reason}")


def out_of_memory(request_id: str) -> Outcome:
    """The process was killed for using more memory than the function has.

    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
    """
    message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return Outcome.failed(OUT_OF_MEMORY, message)


def _reason(status: int) -> str:
    if status == 0:
        return "without providing a reason"
    if status > 0:
        return f"with error: exit status {status}"
    return f"with error: signal: {(signal.strsignal(-status) or str(-status)).lower()}"


def response_too_large() -> Outcome:
    """The answer is larger than Lambda passes on."""
    message = (
        f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
    )
    return Outcome.failed("Function.ResponseSizeTooLarge", message)


def reported(body: bytes) -> Outcome:
    """The error that the runtime client itself put into words."""
    try:
        error = msgspec.json.decode(body, type=_Reported).errorType
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Reported().errorType
    return Outcome(payload=body, error=error)
