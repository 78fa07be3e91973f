"""One run of a task: whatever its code does comes out as a result or as a failure."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from chalicelib import logs
from chalicelib.errors import CanceledError, PermanentError, RetryableError, StaleAttemptError
from chalicelib.jobs.model import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.task import Task, TaskContext


class Succeeded(msgspec.Struct, frozen=True):
    """``result`` is JSON text."""

    result: bytes


class Failed(msgspec.Struct, frozen=True):
    """``retry`` says whether another attempt may help, ``after_seconds`` when, if known."""

    failure: Failure
    retry: bool = False
    after_seconds: int | None = None


class Stopped(msgspec.Struct, frozen=True):
    """The task stopped because it was told that a client wants it to."""


def run(
    tasks: Mapping[str, Task], job_type: str, given: bytes, *, context: TaskContext
) -> Succeeded | Failed | Stopped:
    """Run the task of ``job_type`` on ``given``, its input as JSON text.

    Raises StaleAttemptError if the task was told that the job is no longer this attempt's.
    """
    task = tasks.get(job_type)
    if task is None:
        return Failed(Failure("unknown-type", f'There is no job type "{job_type}"'))
    try:
        value = msgspec.json.decode(given, type=task.input_type)
    except (msgspec.DecodeError, RecursionError) as error:
        return Failed(Failure("invalid-input", f"The input does not fit: {error}"))
    return _outcome(task, value, context)


def _outcome(task: Task, value: object, context: TaskContext) -> Succeeded | Failed | Stopped:
    try:
        return Succeeded(msgspec.json.encode(task.function(value, context)))
    except StaleAttemptError:
        raise
    except CanceledError:
        return Stopped()
    except PermanentError as error:
        return Failed(Failure("handler-error", str(error)))
    except RetryableError as error:
        failure = Failure("handler-error", str(error))
        return Failed(failure, retry=True, after_seconds=error.after_seconds)
    except Exception as error:
        # the one place where unknown code runs: it must not take other jobs down with it
        logs.record("task-raised", level=logging.ERROR, job_id=context.job_id, error=error)
        # the message of an unforeseen error may hold anything, so clients get its type only
        detail = f"The task raised {type(error).__name__}"
        return Failed(Failure("handler-error", detail), retry=True)
