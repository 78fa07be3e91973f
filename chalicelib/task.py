"""How a task is written: a typed input, a function, one decorator.

    class Greeting(TaskInput):
        name: str

    @task("greet")
    def greet(greeting: Greeting, context: TaskContext) -> dict[str, str]:
        return {"text": f"hello {greeting.name}"}

A module under ``chalicelib/tasks/`` needs no more than this to be found.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from chalicelib import clock
from chalicelib.errors import RetryableError, ServiceError

#: A progress report costs a write, so it is written once every 5 seconds or 5 percent.
PROGRESS_SECONDS = 5
PROGRESS_FRACTION = 0.05
#: Asking whether the job is still to be done costs a read, so it is asked as rarely.
LOOK_SECONDS = 5

_Function = TypeVar("_Function", bound=Callable[..., Any])


class TaskDefinitionError(ServiceError):
    """A task is not written as it must be."""


class TaskInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of a task's input: its fields are checked before a job is accepted."""


class Link(Protocol):
    """A running task's line to its record.

    Both raise CanceledError if the job is to stop, StaleAttemptError if it is no longer ours.
    """

    def report(self, fraction: float) -> None:
        """Write how far the task is."""

    def look(self) -> None:
        """See how the job stands."""


class TaskContext:
    """What a task knows of the job it works on. Made without arguments, it serves a task's test."""

    def __init__(
        self,
        *,
        job_id: str = "",
        attempt: int = 1,
        ends_at_ms: int | None = None,
        link: Link | None = None,
    ) -> None:
        #: with ``attempt`` a key for side effects that must not happen twice
        self.job_id = job_id
        self.attempt = attempt
        self._ends_at_ms = ends_at_ms
        self._link = link
        self._reported = 0.0
        #: the record was read or written then
        self._seen_at_ms = clock.now_ms()

    @property
    def remaining_seconds(self) -> float:
        """How long the task may still take; infinite where nothing bounds it."""
        if self._ends_at_ms is None:
            return float("inf")
        return (self._ends_at_ms - clock.now_ms()) / 1000

    def check(self) -> None:
        """Stop here if nobody wants the job any more; calling it often costs nothing.

        Raises CanceledError if a client wants the job to stop, StaleAttemptError if this attempt
        no longer owns it: let both pass.
        """
        now_ms = clock.now_ms()
        if self._link and now_ms - self._seen_at_ms >= LOOK_SECONDS * 1000:
            self._seen_at_ms = now_ms
            self._link.look()

    def require_time(self, seconds: float) -> None:
        """Raises RetryableError if fewer ``seconds`` than that remain for this attempt.

        Else it is a ``check`` too.
        """
        if self.remaining_seconds < seconds:
            raise RetryableError("not enough time is left for this attempt")
        self.check()

    def progress(self, fraction: float) -> None:
        """Tell clients how far the task is, 0 to 1; calling it often costs nothing.

        It is a ``check`` too.
        """
        now_ms = clock.now_ms()
        waited_ms = now_ms - self._seen_at_ms
        # rounded: 0.15 - 0.1 is a little less than 0.05
        further = round(fraction - self._reported, 6)
        due = further >= PROGRESS_FRACTION or waited_ms >= PROGRESS_SECONDS * 1000
        # the end itself is told by the result
        if due and 0 <= fraction < 1 and self._link:
            self._reported, self._seen_at_ms = fraction, now_ms
            self._link.report(fraction)


class Task(msgspec.Struct, frozen=True):
    """One job type: its name, the type of its input, and the function that does the work."""

    name: str
    input_type: Any
    function: Callable[[Any, TaskContext], Any]


#: every task that has been defined, by its name
TASKS: dict[str, Task] = {}


def task(name: str) -> Callable[[_Function], _Function]:
    """Make the decorated function the task called ``name``.

    Its first parameter's annotation is the input's type, its second is a TaskContext. What it
    returns becomes the job's result, as JSON. Raises TaskDefinitionError for anything else.
    """

    def define(function: _Function) -> _Function:
        if name in TASKS:
            raise TaskDefinitionError(f"there are two tasks named {name!r}")
        TASKS[name] = Task(name, _input_type(name, function), function)
        return function

    return define


def _input_type(name: str, function: Callable[..., Any]) -> Any:
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != 2:
        raise TaskDefinitionError(f"task {name!r} must take its input and a TaskContext")
    # modules import TaskContext for annotations only, so its name may not exist there
    hints = typing.get_type_hints(function, localns={"TaskContext": TaskContext})
    if parameters[0] not in hints:
        raise TaskDefinitionError(f"task {name!r} must say what type its input is of")
    return hints[parameters[0]]
