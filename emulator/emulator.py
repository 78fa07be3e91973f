"""The emulator put together: one cloud, one scheduler, the functions and mappings of one project.

The same object runs ``chalice local`` on the machine's clock and a test on a virtual one.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends

from emulator.api_gateway import backend as api_gateway_backend
from emulator.api_gateway.deployed import Calling, DeployedApis
from emulator.cloud import delivery
from emulator.cloud.aws import ACCOUNT_ID, REGION, AwsError, Cloud
from emulator.cloud.provision import provision
from emulator.cloud.time_to_live import TimeToLiveSweeper
from emulator.costs.counts import Usage
from emulator.invocation import Outcome
from emulator.journal import Journal
from emulator.lambda_api import backend as lambda_backend
from emulator.lambda_api import invoking
from emulator.lambda_api.functions import Functions
from emulator.lambda_api.package import PackageFolder
from emulator.lambda_api.seated_function import Seat
from emulator.mapping.asynchronous import AsynchronousInvocations
from emulator.mapping.schedule import Schedules
from emulator.push import services
from emulator.push.rule_schedules import RuleSchedules
from emulator.push.seat import PushSeat
from emulator.push.subscriptions import Subscriptions
from emulator.scheduler import IDLE_SECONDS_MAX, Scheduler
from emulator.sqs import backend as sqs_backend
from emulator.sqs.mover import MessageMover

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.clock import Clock
    from emulator.cloud.letter import Letter
    from emulator.declared.project import Project
    from emulator.invocation import FunctionSpec, Runner
    from emulator.lambda_api.backend import FunctionsBackend
    from emulator.lambda_api.functions import NamedFunction
    from emulator.sqs.queue import Queue
    from emulator.template import Names, Resource


#: The function behind an app's routes, as Chalice calls it.
API = "api_handler"
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
        packages_dir: Path | None = None,
        endpoint: str = "",
    ) -> None:
        """``packages_dir`` is where the code of functions made through Lambda's API is unpacked;
        None: in the temporary directory. ``endpoint`` is where the cloud will be served, if it is.
        """
        self.clock = clock
        self.journal = Journal(clock)
        self.cloud = Cloud(clock, self.journal, region=region)
        self.scheduler = Scheduler(clock, self.cloud.condition, self.journal)
        self._runners = Functions(make_function, self.cloud.meter.invoked)
        self._packages = PackageFolder(packages_dir)
        self._subscriptions = Subscriptions(self.cloud)
        self._project: Project | None = None
        #: accepts events for functions, by their names in app.py
        self.asynchronous = AsynchronousInvocations(
            self._find,
            send=self._send,
            clock=clock,
            condition=self.cloud.condition,
            journal=self.journal,
        )
        self.scheduler.add(self.asynchronous)
        self._schedules = Schedules(self.asynchronous)
        self.scheduler.add(self._schedules)
        services.seat(PushSeat(clock, self._deliver, self._warn, self.cloud.notify))
        lambda_backend.seat(
            Seat(
                clock=clock,
                condition=self.cloud.condition,
                journal=self.journal,
                scheduler=self.scheduler,
                functions=self._runners,
                asynchronous=self.asynchronous,
                packages=self._packages,
                send=self._send,
            )
        )
        self.cloud.seat_later("cloudformation", "emulator.cloud_formation.seat")
        api_gateway_backend.seat(api_gateway_backend.Seat(self.journal, endpoint))
        #: answers requests to the APIs that were deployed
        self.apis = DeployedApis(
            Calling(
                invoke=self._invoke,
                within=self.scheduler.within,
                clock=clock,
                condition=self.cloud.condition,
                journal=self.journal,
            )
        )
        self.scheduler.add(RuleSchedules(self.cloud.condition))
        self.scheduler.add(MessageMover())
        self.scheduler.add(TimeToLiveSweeper(self._tables, self.journal, clock.now_ms()))

    def apply(self, project: Project) -> list[str]:
        """Make ``project`` what runs: create what is missing, keep what is there, reload the code.

        Returns sentences for the user: what could not be created, what does not run locally.
        """
        self._project = project
        with self.cloud.condition:
            notes = self.provision(project.resources, project.names)
            notes += self._lambda.declare(project.functions, Path(project.directory))
            notes += self._lambda.mappings.declare(
                (*project.queue_mappings, *project.stream_mappings)
            )
            arns = {spec.name: spec.arn for spec in project.functions}
            self._schedules.apply(project.schedules, arns, self.clock.now_ms())
            self._subscriptions.apply(project.subscriptions, arns)
            self.asynchronous.declare(project.asynchronous)
            self.cloud.condition.notify_all()
        return [*project.notes, *notes]

    def provision(self, resources: list[Resource], names: Names) -> list[str]:
        """Create or update what a template describes; returns a sentence for what is not known.

        Raises ResourceRefusedError for what AWS would refuse.
        """
        with self.cloud.condition:
            return provision(resources, names, self.cloud)

    def queue(self, name: str) -> Queue:
        """A queue by name; raises KeyError."""
        return sqs_backend.engine_queue(name)

    @property
    def _lambda(self) -> FunctionsBackend:
        backend: FunctionsBackend = lambda_backends[ACCOUNT_ID][self.cloud.region]
        return backend

    def _find(self, name: str) -> NamedFunction | None:
        with self.cloud.condition:
            return self._lambda.find(name)

    def function(self, name: str) -> NamedFunction:
        """A function by its name in app.py, or on AWS; raises UnknownFunctionError."""
        function = self._find(name)
        if function is None:
            known = ", ".join(self._function_names()) or "none"
            raise UnknownFunctionError(f"no function {name!r}; there are: {known}")
        return function

    def _function_names(self) -> list[str]:
        return sorted(function.display_name for function in self._lambda.list_functions())

    def cold_start(self, name: str | None = None) -> list[str]:
        """Have the next invocation start cold, of one function or of all; returns their names.

        Raises UnknownFunctionError.
        """
        with self.cloud.condition:
            specs = [self.function(n).spec for n in ([name] if name else self._function_names())]
            for spec in specs:
                self._runners.run(spec, new_code=True)
        return [spec.name for spec in specs]

    def invoke(self, name: str, event: Any) -> Outcome:
        """Call a function with an event and wait for its outcome, like ``aws lambda invoke``.

        Raises UnknownFunctionError.
        """
        return self._call(self.function(name), msgspec.json.encode(event), source="Invoke")

    def _invoke(self, arn: str, payload: bytes, *, source: str) -> Outcome:
        """For another service."""
        function = self._find(arn)
        if function is None:
            return Outcome.failed("ResourceNotFoundException", f"Function not found: {arn}")
        return self._call(function, payload, source=source)

    def _call(self, function: NamedFunction, payload: bytes, *, source: str) -> Outcome:
        if not function.try_acquire():
            return Outcome.failed("TooManyRequestsException", "Rate Exceeded.")
        request = invoking.InvokeRequest(payload=payload)
        return invoking.run(
            function, request, self._lambda.seat, request_id=str(uuid.uuid4()), source=source
        )

    def status(self) -> dict[str, Any]:
        """What runs and what waits: functions, queues with their counts, tables, deployed APIs."""
        with self.cloud.condition:
            now_ms = self.clock.now_ms()
            return {
                "project": self._project and self._project.directory,
                "functions": self._function_names(),
                "queues": {
                    queue.attributes.name: msgspec.to_builtins(queue.counts(now_ms))
                    for queue in sqs_backend.engine_queues()
                },
                "tables": {t.name: sum(1 for _ in t.all_items()) for t in self._tables()},
                "apis": api_gateway_backend.addresses(),
            }

    def usage(self) -> Usage:
        """What was asked of AWS since the start, or since ``cloud.meter.reset``."""
        with self.cloud.condition:
            project = self._project
            mappings = project.queue_mappings if project else ()
            return Usage(
                counts=self.cloud.meter.counts(),
                api_memory_mb=next(
                    (s.memory_mb for s in (project.functions if project else ()) if s.name == API),
                    0,
                ),
                batch_sizes={spec.queue_name: spec.batch_size for spec in mappings},
            )

    def advance(self, seconds: float) -> None:
        """Let time pass on a virtual clock, and everything happen that falls due."""
        self.scheduler.advance(seconds)

    def run_until_idle(self, limit_seconds: float = IDLE_SECONDS_MAX) -> None:
        """Let time pass on a virtual clock until every message, record and event is done with.

        Raises NotIdleError if that takes more than ``limit_seconds``.
        """
        self.scheduler.run_until_idle(limit_seconds)

    def close(self) -> None:
        """Stop everything; functions that do not end within seconds are killed."""
        still_running = self.scheduler.stop(STOP_SECONDS)
        self._runners.close()
        if still_running:
            self.scheduler.stop(STOP_SECONDS)
        self._packages.remove()

    def _deliver(self, arn: str, payload: bytes, source: str) -> None:
        function = self._lambda.find_version(arn)
        if function is None:
            self._warn(source, f"has an event for {arn}, and there is no such function here")
        else:
            function.submit(payload, source=source)

    def _warn(self, subject: str, text: str) -> None:
        self.journal.record(subject, "warning", text=text)

    def _send(self, sent: Letter) -> None:
        """To another function, or to wherever AWS would."""
        if ":function:" in sent.target:
            function = self._lambda.find_version(sent.target)
            if function is not None:
                function.submit(sent.body.encode(), source=sent.sender)
                return
        try:
            delivery.deliver(self.cloud, sent)
        except AwsError as error:
            self._warn(sent.target, f"the result of {sent.sender} could not be sent: {error}")

    def _tables(self) -> list[Any]:
        return [
            table
            for _, _, backend in dynamodb_backends.iter_backends()
            for table in backend.tables.values()
        ]
