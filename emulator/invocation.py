"""What goes into a function and what comes out: values shared by every runner and event source."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

#: What becomes of a function that calls itself without end, through a queue.
RecursiveLoop = Literal["Terminate", "Allow"]
#: The version of a function that changes with every update.
LATEST = "$LATEST"


class FunctionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One Lambda function of the project, as Chalice would deploy it."""

    #: the name in app.py, e.g. ``process_jobs``
    name: str
    #: the name AWS would show, ``<app>-<stage>-<name>``
    function_name: str
    #: module and attribute, e.g. ``app.process_jobs``
    handler: str
    timeout_seconds: int = 60
    memory_mb: int = 128
    environment: dict[str, str] = {}
    #: None: only the account's limit holds
    reserved_concurrency: int | None = None
    region: str = "us-east-1"
    account_id: str = "123456789012"
    recursive_loop: RecursiveLoop = "Terminate"
    version: str = LATEST
    #: the folder of the code; None: the project's own
    task_root: str | None = None
    #: where it writes, if not into the group of its name
    #: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    log_group: str | None = None

    @property
    def log_group_name(self) -> str:
        return self.log_group or f"/aws/lambda/{self.function_name}"

    @property
    def unqualified_arn(self) -> str:
        """The ARN that all versions share."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.function_name}"

    @property
    def arn(self) -> str:
        """As a function sees it: a published version's has the version at its end."""
        arn = self.unqualified_arn
        return arn if self.version == LATEST else f"{arn}:{self.version}"


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a function."""

    request_id: str
    #: the event as JSON text
    payload: bytes
    #: when the function's timeout ends it, milliseconds since 1970
    deadline_ms: int
    #: the function's, with the version or alias that it was called by
    invoked_arn: str
    trace_header: str | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What one invocation took."""

    duration_ms: int
    memory_mb: int
    memory_used_mb: int
    #: None: the environment was warm
    init_ms: int | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an invocation ended.

    ``error`` is None when the function returned. Otherwise it is AWS's error type
    (``ValueError``, ``Sandbox.Timedout``, ``Runtime.ExitError`` …)
    and ``payload`` is the JSON object ``{"errorMessage", "errorType", …}``.
    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """

    payload: bytes
    error: str | None = None
    #: None: it ran in place
    usage: Usage | None = None
    #: the end of what it logged, Lambda's own lines among it; empty where nothing keeps it
    log: str = ""

    @property
    def ok(self) -> bool:
        return self.error is None

    def value(self) -> Any:
        """The answer, decoded; raises msgspec.DecodeError if it is not JSON."""
        return msgspec.json.decode(self.payload)

    def usage_data(self) -> dict[str, int]:
        """What it took, for the journal, beside the duration that the caller has measured."""
        if self.usage is None:
            return {}
        used = {"memory_used_mb": self.usage.memory_used_mb, "memory_mb": self.usage.memory_mb}
        return used if self.usage.init_ms is None else {**used, "init_ms": self.usage.init_ms}

    @classmethod
    def failed(cls, error: str, message: str, **more: Any) -> Outcome:
        """An error in the shape Lambda gives it."""
        body = {"errorMessage": message, "errorType": error, **more}
        return cls(payload=msgspec.json.encode(body), error=error)


class Function(Protocol):
    """A function that can be invoked."""

    @property
    def spec(self) -> FunctionSpec: ...

    def try_acquire(self) -> bool:
        """Take one slot of the function's concurrency; False is a throttle (HTTP 429 on AWS)."""

    def release(self) -> None:
        """Give the slot back."""

    def invoke(
        self, payload: bytes, *, request_id: str | None = None, trace_header: str | None = None
    ) -> Outcome:
        """Run the function once and wait for its outcome. Never raises for what the function does.

        The caller holds a slot from ``try_acquire``. Without a ``request_id`` it gets a new one.
        """


class Runner(Function, Protocol):
    """What runs one version of a function: in execution environments, or in place."""

    def invoke(
        self,
        payload: bytes,
        *,
        request_id: str | None = None,
        trace_header: str | None = None,
        invoked_arn: str | None = None,
    ) -> Outcome:
        """As any function; ``invoked_arn`` is what it was called by, if not its own ARN."""

    def recycle(self) -> None:
        """The code has changed: warm memory ends, a running invocation finishes on the old code."""

    def retire(self) -> None:
        """The function is no longer wanted: like ``recycle``, and nothing is kept warm again."""

    def close(self) -> None:
        """End everything the function runs."""
