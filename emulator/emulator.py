"""The emulator put together: one cloud, one scheduler, the functions and mappings of one project.

The same object runs ``chalice local`` on the machine's clock and a test on a virtual one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends

from emulator.cloud.aws import ACCOUNT_ID, REGION, Cloud
from emulator.cloud.provision import provision
from emulator.cloud.time_to_live import TimeToLiveSweeper
from emulator.invocation import Outcome
from emulator.journal import Journal
from emulator.lambda_api import backend as lambda_backend
from emulator.lambda_api.functions import Functions
from emulator.lambda_api.seated_function import Seat
from emulator.mapping.schedule import ScheduleMapping, ScheduleSpec
from emulator.mapping.sqs import SqsMapping
from emulator.scheduler import IDLE_SECONDS_MAX, Scheduler
from emulator.sqs import backend as sqs_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.clock import Clock
    from emulator.invocation import Function, FunctionSpec, Runner
    from emulator.lambda_api.functions import NamedFunction
    from emulator.mapping.sqs import QueueMappingSpec
    from emulator.project import Project
    from emulator.sqs.queue import Queue


#: How long functions may take to end by themselves when the emulator stops.
STOP_SECONDS = 1


class UnknownFunctionError(LookupError):
    """The project has no function of that name."""


class Emulator:
    """Everything that runs a Chalice project, except the HTTP in front of it."""

    def __init__(
        self,
        clock: Clock,
        *,
        make_function: Callable[[FunctionSpec], Runner],
        region: str = REGION,
    ) -> None:
        self.clock = clock
        self.journal = Journal(clock)
        self.cloud = Cloud(clock, self.journal, region=region)
        self.scheduler = Scheduler(clock, self.cloud.condition, self.journal)
        self._runners = Functions(make_function)
        self._functions: dict[str, NamedFunction] = {}
        self._mappings: dict[str, SqsMapping | ScheduleMapping] = {}
        self._project: Project | None = None
        lambda_backend.seat(
            Seat(clock, self.cloud.condition, self.journal, self._runners, self._submit)
        )
        self.scheduler.add(TimeToLiveSweeper(self._tables, self.journal, clock.now_ms()))

    def apply(self, project: Project) -> list[str]:
        """Make ``project`` what runs: create what is missing, keep what is there, reload the code.

        Returns sentences for the user: what could not be created, what does not run locally.
        """
        self._project = project
        with self.cloud.condition:
            notes = provision(project.resources, project.names, self.cloud)
            self._apply_functions(project.functions, Path(project.directory))
            self._apply_mappings(project)
            self.cloud.condition.notify_all()
        return [*project.notes, *notes]

    def _apply_functions(self, specs: Sequence[FunctionSpec], directory: Path) -> None:
        backend = lambda_backends[ACCOUNT_ID][self.cloud.region]
        backend.declare(specs, directory)
        self._functions = {spec.name: backend.function(spec.function_name) for spec in specs}

    def _apply_mappings(self, project: Project) -> None:
        wanted: dict[str, QueueMappingSpec | ScheduleSpec] = {
            **{spec.uuid: spec for spec in project.queue_mappings},
            **{f"schedule:{spec.name}": spec for spec in project.schedules},
        }
        for key, mapping in list(self._mappings.items()):
            if wanted.get(key) != mapping.spec:
                self.scheduler.remove(mapping)
                del self._mappings[key]
        for key in [key for key in wanted if key not in self._mappings]:
            self._mappings[key] = self._mapping(wanted[key])
            self.scheduler.add(self._mappings[key])

    def _mapping(self, spec: QueueMappingSpec | ScheduleSpec) -> SqsMapping | ScheduleMapping:
        function = self._functions[spec.function]
        condition = self.cloud.condition
        if isinstance(spec, ScheduleSpec):
            return ScheduleMapping(
                spec, function, clock=self.clock, condition=condition, journal=self.journal
            )
        return SqsMapping(
            spec,
            self.queue(spec.queue_name),
            function,
            clock=self.clock,
            condition=condition,
            journal=self.journal,
        )

    def queue(self, name: str) -> Queue:
        """A queue by name; raises KeyError."""
        return sqs_backend.engine_queue(name)

    def function(self, name: str) -> Function:
        """A function by its name in app.py; raises UnknownFunctionError."""
        try:
            return self._functions[name]
        except KeyError:
            known = ", ".join(sorted(self._functions)) or "none"
            raise UnknownFunctionError(f"no function {name!r}; there are: {known}") from None

    def cold_start(self, name: str | None = None) -> list[str]:
        """Have the next invocation start cold, of one function or of all; returns their names.

        Raises UnknownFunctionError.
        """
        with self.cloud.condition:
            specs = [self.function(n).spec for n in ([name] if name else self._functions)]
            for spec in specs:
                self._runners.recycle(spec.arn)
        return [spec.name for spec in specs]

    def invoke(self, name: str, event: Any) -> Outcome:
        """Call a function with an event and wait for its outcome, like ``aws lambda invoke``."""
        function = self.function(name)
        if not function.try_acquire():
            return Outcome.failed("TooManyRequestsException", "Rate Exceeded.")
        try:
            return function.invoke(msgspec.json.encode(event))
        finally:
            function.release()

    def status(self) -> dict[str, Any]:
        """What runs and what waits: functions, queues with their counts, tables."""
        with self.cloud.condition:
            now_ms = self.clock.now_ms()
            return {
                "project": self._project and self._project.directory,
                "functions": sorted(self._functions),
                "queues": {
                    queue.attributes.name: msgspec.to_builtins(queue.counts(now_ms))
                    for queue in sqs_backend.engine_queues()
                },
                "tables": {t.name: sum(1 for _ in t.all_items()) for t in self._tables()},
            }

    def advance(self, seconds: float) -> None:
        """Let time pass on a virtual clock, and everything happen that falls due."""
        self.scheduler.advance(seconds)

    def run_until_idle(self, limit_seconds: float = IDLE_SECONDS_MAX) -> None:
        """Let time pass on a virtual clock until no mapped queue holds a message.

        Raises NotIdleError if that takes more than ``limit_seconds``.
        """
        self.scheduler.run_until_idle(limit_seconds)

    def close(self) -> None:
        """Stop everything; functions that do not end within seconds are killed."""
        still_running = self.scheduler.stop(STOP_SECONDS)
        self._runners.close()
        if still_running:
            self.scheduler.stop(STOP_SECONDS)

    def _submit(self, function: Function, payload: bytes) -> str:
        raise NotImplementedError(f"asynchronous invocations of {function.spec.name}")

    def _tables(self) -> list[Any]:
        return [
            table
            for _, _, backend in dynamodb_backends.iter_backends()
            for table in backend.tables.values()
        ]
