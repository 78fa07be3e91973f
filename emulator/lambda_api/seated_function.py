"""moto's function with a runner of ours behind it: configuration, tags and policies stay moto's."""

from __future__ import annotations

import copy
import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from moto.awslambda.models import LambdaFunction

from emulator.invocation import FunctionSpec
from emulator.lambda_api.functions import NamedFunction

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from emulator.clock import Clock
    from emulator.invocation import Function, RecursiveLoop
    from emulator.journal import Journal
    from emulator.lambda_api.functions import Functions


class Seat(NamedTuple):
    """What the functions of one cloud share."""

    clock: Clock
    #: the cloud's one lock; released while a function runs
    condition: threading.Condition
    journal: Journal
    functions: Functions
    #: puts an event into Lambda's queue of asynchronous invocations; returns the request id
    submit: Callable[[Function, bytes], str]


class Code(Protocol):
    """A deployment package."""

    @property
    def task_root(self) -> str | None:
        """The folder it is unpacked in; None: the project itself."""

    @property
    def zipped(self) -> bytes: ...

    @property
    def sha256(self) -> str:
        """In base64, as AWS shows it."""


class SeatedFunction(LambdaFunction):  # type: ignore[misc]
    """One version of a function as moto's front sees it."""

    def __init__(
        self, parameters: dict[str, Any], *, region: str, account_id: str, seat: Seat, code: Code
    ) -> None:
        """``parameters`` are CreateFunction's."""
        self.seat = seat
        self.deployed = code
        #: as the terminal calls it
        self.display_name: str = parameters["FunctionName"]
        #: what becomes of a function that calls itself without end
        self.recursive_loop: RecursiveLoop = parameters.get("RecursiveLoop", "Terminate")
        super().__init__(account_id, parameters, region, version="$LATEST")
        self.touch()

    def __deepcopy__(self, memo: dict[int, Any]) -> SeatedFunction:
        # moto changes a member of its copies and no deeper; a seat cannot be copied
        return copy.copy(self)

    def touch(self) -> None:
        """Note that it changed now."""
        now = datetime.datetime.fromtimestamp(
            self.seat.clock.now_ms() / 1000, datetime.timezone.utc
        )
        self.last_modified = now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"

    def _set_function_code(self, updated_spec: dict[str, Any]) -> None:
        """Nothing: the backend sets ``deployed``."""

    @property
    def code_sha_256(self) -> str:
        return self.deployed.sha256

    @property
    def code_size(self) -> int:
        return len(self.deployed.zipped)

    def spec(self) -> FunctionSpec:
        """How this version is to run."""
        return FunctionSpec(
            name=self.display_name,
            function_name=self.function_name,
            handler=self.handler or "",
            timeout_seconds=self.timeout,
            memory_mb=self.memory_size,
            environment=dict(self.environment_vars),
            reserved_concurrency=self.reserved_concurrency,
            region=self.region,
            account_id=self.account_id,
            version=str(self.version),
            task_root=self.deployed.task_root,
            recursive_loop=self.recursive_loop,
        )

    def handle(self) -> NamedFunction:
        """This version, to be invoked now or later."""
        spec, functions = self.spec(), self.seat.functions
        return NamedFunction(functions, lambda: functions.find(spec.arn), spec)

    def invoke(self, body: str | bytes, *_: Any) -> bytes:
        """Asynchronously: how moto's other services (SNS, S3, EventBridge …) call a function."""
        payload = body.encode() if isinstance(body, str) else body
        self.seat.submit(self.handle(), payload)
        return b""
