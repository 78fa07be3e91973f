"""The context object of a function that runs in this process.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.clock import Clock
    from emulator.invocation import FunctionSpec, Invocation


class Identity:
    """The Amazon Cognito identity of a caller: none."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


class LambdaContext:
    """What a handler gets as its second argument; attributes and types are Lambda's own."""

    def __init__(
        self, spec: FunctionSpec, invocation: Invocation, clock: Clock, *, log_stream_name: str
    ) -> None:
        self.aws_request_id = invocation.request_id
        self.function_name = spec.function_name
        self.function_version = spec.version
        self.invoked_function_arn = invocation.invoked_arn
        #: text on Lambda too
        self.memory_limit_in_mb = str(spec.memory_mb)
        self.log_group_name = spec.log_group_name
        self.log_stream_name = log_stream_name
        self.identity = Identity()
        self.client_context = None
        self.tenant_id = None
        self._deadline_ms = invocation.deadline_ms
        self._clock = clock

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds to the deadline, never below 0."""
        return max(0, self._deadline_ms - self._clock.now_ms())
