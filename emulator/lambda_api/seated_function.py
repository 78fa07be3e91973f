"""moto's function with a runner of ours behind it: configuration, tags and policies stay moto's."""

from __future__ import annotations

import copy
import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from moto.awslambda.models import LambdaFunction
from moto.s3.models import s3_backends

from emulator.invocation import LATEST, FunctionSpec
from emulator.lambda_api import package_source

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from emulator.clock import Clock
    from emulator.invocation import RecursiveLoop
    from emulator.journal import Journal
    from emulator.lambda_api.functions import Functions
    from emulator.lambda_api.package import Package, PackageFolder
    from emulator.mapping.asynchronous import AsynchronousInvocations
    from emulator.mapping.destination import Send
    from emulator.scheduler import Scheduler

#: what UpdateFunctionConfiguration sets and moto forgets, by its name in moto's function
_FORGOTTEN = {
    "DeadLetterConfig": "dead_letter_config",
    "LoggingConfig": "logging_config",
    "TracingConfig": "tracing_config",
}


class Seat(NamedTuple):
    """What the functions and mappings of one cloud share."""

    clock: Clock
    #: the cloud's one lock; released while a function runs
    condition: threading.Condition
    journal: Journal
    scheduler: Scheduler
    functions: Functions
    asynchronous: AsynchronousInvocations
    packages: PackageFolder
    #: takes what a mapping gives up to its destination
    send: Send


class SeatedFunction(LambdaFunction):  # type: ignore[misc]
    """One version of a function as moto's front sees it."""

    dead_letter_config: dict[str, Any] | None = None
    logging_config: dict[str, Any] | None = None
    recursive_loop: RecursiveLoop = "Terminate"

    def __init__(
        self,
        parameters: dict[str, Any],
        package: Package,
        *,
        region: str,
        account_id: str,
        seat: Seat,
        changed: Callable[[SeatedFunction], object],
        display_name: str | None = None,
    ) -> None:
        """``parameters`` are CreateFunction's; ``changed`` is called after each update."""
        self.seat = seat
        self.package = package
        self._changed = changed
        #: as the terminal calls it: a project's function by its name in app.py
        self.display_name = display_name or str(parameters["FunctionName"])
        super().__init__(account_id, {**parameters, "Code": {}}, region, version=LATEST)
        self._set_forgotten(parameters)
        self.touch()

    def __deepcopy__(self, memo: dict[int, Any]) -> SeatedFunction:
        # moto changes members of its copies and nothing deeper; a seat cannot be copied
        return copy.copy(self)

    def touch(self) -> None:
        """Note that it changed now."""
        now_seconds = self.seat.clock.now_ms() / 1000
        now = datetime.datetime.fromtimestamp(now_seconds, datetime.timezone.utc)
        self.last_modified = now.isoformat(timespec="milliseconds").replace("+00:00", "+0000")

    def _set_function_code(self, updated_spec: dict[str, Any]) -> None:
        """Nothing: the code is in ``package``."""

    @property
    def code_sha_256(self) -> str:
        return self.package.sha256

    @property
    def code_size(self) -> int:
        return len(self.package.zipped)

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        updates = {name: value for name, value in config_updates.items() if value is not None}
        if "Environment" in updates:
            updates["Environment"] = {"Variables": {}, **updates["Environment"]}
        super().update_configuration(updates)
        if storage := updates.get("EphemeralStorage"):
            self.ephemeral_storage = storage["Size"]
        self._set_forgotten(updates)
        return self._updated()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        buckets = s3_backends[self.account_id][self.partition]
        folder = self.seat.packages
        self.package = package_source.read(updated_spec, buckets=buckets, folder=folder)
        return self._updated()

    def _updated(self) -> dict[str, Any]:
        self.touch()
        self._changed(self)
        return self.get_configuration()

    def _set_forgotten(self, parameters: dict[str, Any]) -> None:
        for name, attribute in _FORGOTTEN.items():
            if parameters.get(name):
                setattr(self, attribute, parameters[name])

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        configuration: dict[str, Any] = super().get_configuration(on_create)
        for name, attribute in _FORGOTTEN.items():
            if value := getattr(self, attribute):
                configuration[name] = value
        return configuration

    def get_code(self) -> dict[str, Any]:
        answer: dict[str, Any] = super().get_code()
        answer["Code"] = {"RepositoryType": "S3"}
        if self.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return answer

    def spec(self) -> FunctionSpec:
        """How this version is to run."""
        return FunctionSpec(
            name=self.display_name,
            function_name=self.function_name,
            handler=self.handler or "",
            timeout_seconds=self.timeout,
            memory_mb=self.memory_size,
            environment=dict(self.environment_vars),
            region=self.region,
            account_id=self.account_id,
            version=str(self.version),
            task_root=self.package.task_root,
            recursive_loop=self.recursive_loop,
            log_group=(self.logging_config or {}).get("LogGroup"),
        )

    def published(self, number: int, description: str | None) -> SeatedFunction:
        """A version: a copy of code and configuration that no update reaches."""
        version = copy.copy(self)
        version.environment_vars = dict(self.environment_vars)
        version.package = self.package.frozen(self.seat.packages)
        version.set_version(number)
        version.touch()
        version.description = description or self.description
        return version

    def is_as_published(self, version: SeatedFunction) -> bool:
        """Whether a new version would be the same as ``version``."""
        mine = msgspec.structs.replace(self.spec(), version="", task_root=None)
        theirs = msgspec.structs.replace(version.spec(), version="", task_root=None)
        return mine == theirs and self.code_sha_256 == version.code_sha_256

    def invoke(self, body: str | bytes, *_: Any) -> bytes:
        """Asynchronously: how moto's other services (SNS, S3, EventBridge …) call a function."""
        self.submit(body.encode() if isinstance(body, str) else body)
        return b""

    @property
    def event_name(self) -> str:
        """Its name in Lambda's queue of asynchronous events."""
        if self.version == LATEST:
            return self.display_name
        return f"{self.function_name}:{self.version}"

    def submit(self, payload: bytes, *, source: str = "") -> str:
        """Put an event into Lambda's queue of asynchronous ones; returns the request id."""
        return self.seat.asynchronous.submit(self.event_name, payload, source=source)
