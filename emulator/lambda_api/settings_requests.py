"""The requests about how a function runs beside its configuration, as a part of the backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import UnknownEventConfig
from moto.awslambda.models import EventInvokeConfig

from emulator.invocation import LATEST
from emulator.lambda_api import event_settings
from emulator.lambda_api.errors import invalid_parameter
from emulator.limits import (
    ACCOUNT_CODE_BYTES_MAX,
    ACCOUNT_CONCURRENCY,
    PACKAGE_BYTES_MAX,
    PACKAGE_ZIPPED_BYTES_MAX,
    UNRESERVED_CONCURRENCY_MIN,
)

if TYPE_CHECKING:
    from emulator.invocation import RecursiveLoop
    from emulator.lambda_api.mappings import Mappings
    from emulator.lambda_api.seated_function import Seat, SeatedFunction
    from emulator.lambda_api.storage import FunctionStorage


class SettingsRequests:
    """For ``FunctionsBackend``, which has the functions."""

    seat: Seat
    mappings: Mappings
    _lambdas: FunctionStorage

    def reserve(self, function: SeatedFunction, slots: int | None) -> None:
        """Have a function run in so many places at once at most; None: as the account allows."""
        function.reserved_concurrency = slots
        self.seat.functions.slots(function.spec()).resize(slots)
        self.mappings.restart(function.function_name)
        # whoever was throttled may try again
        self.seat.condition.notify_all()

    def account_settings(self) -> dict[str, Any]:
        """https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html"""
        functions = self._lambdas.latest()
        return {
            "AccountLimit": {
                "TotalCodeSize": ACCOUNT_CODE_BYTES_MAX,
                "CodeSizeUnzipped": PACKAGE_BYTES_MAX,
                "CodeSizeZipped": PACKAGE_ZIPPED_BYTES_MAX,
                "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": self._unreserved(),
            },
            "AccountUsage": {
                "TotalCodeSize": sum(function.code_size for function in self._lambdas.all()),
                "FunctionCount": len(functions),
            },
        }

    def _unreserved(self, *, without: SeatedFunction | None = None) -> int:
        """What of the account's concurrency the functions leave, ``without`` one of them."""
        functions = (function for function in self._lambdas.latest() if function is not without)
        return ACCOUNT_CONCURRENCY - sum(f.reserved_concurrency or 0 for f in functions)

    def put_function_concurrency(self, function_name: str, reserved_concurrency: int) -> int:
        function = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        left = self._unreserved(without=function) - reserved_concurrency
        if left < UNRESERVED_CONCURRENCY_MIN:
            raise invalid_parameter(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                "UnreservedConcurrentExecution below its minimum value of "
                f"[{UNRESERVED_CONCURRENCY_MIN}]."
            )
        self.reserve(function, reserved_concurrency)
        return reserved_concurrency

    def delete_function_concurrency(self, function_name: str) -> None:
        function = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        self.reserve(function, None)

    def put_function_event_invoke_config(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        """``name`` may end in a version or an alias, whose version the settings are of."""
        function = self._named(name)
        latest = f":{LATEST}" if function.version == LATEST else ""
        made = EventInvokeConfig(function.function_arn + latest, function.last_modified, config)
        function.event_invoke_config = [made]
        event_settings.apply(function)
        answer: dict[str, Any] = made.response()
        return answer

    def update_function_event_invoke_config(
        self, name: str, config: dict[str, Any]
    ) -> dict[str, Any]:
        before = self._named(name).event_invoke_config
        known = before[0].config if before else {}
        return self.put_function_event_invoke_config(name, {**known, **config})

    def delete_function_event_invoke_config(self, name: str) -> None:
        function = self._named(name)
        if not function.event_invoke_config:
            raise UnknownEventConfig(function.function_arn)
        function.event_invoke_config = []
        event_settings.apply(function)

    def _named(self, name: str) -> SeatedFunction:
        return self._lambdas.get_function_by_name_or_arn_with_qualifier(name)

    def put_function_recursion_config(
        self, function_name: str, loop: RecursiveLoop
    ) -> RecursiveLoop:
        function = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        function.recursive_loop = loop
        self.seat.functions.run(function.spec())
        return loop
