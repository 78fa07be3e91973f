"""moto's store of functions, by name and version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.awslambda.exceptions import InvalidRoleFormat, LambdaClientError
from moto.awslambda.models import LambdaStorage

if TYPE_CHECKING:
    from emulator.lambda_api.names import FunctionName
    from emulator.lambda_api.seated_function import SeatedFunction


class FunctionStorage(LambdaStorage):  # type: ignore[misc]
    """moto's store, without its demand for a role that exists: no policy is evaluated here."""

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def put_function(self, fn: SeatedFunction) -> None:
        """Raises moto's InvalidRoleFormat."""
        if not re.match(InvalidRoleFormat.pattern, fn.role):
            raise InvalidRoleFormat(fn.role)
        versions = self._functions.setdefault(fn.function_name, {"latest": fn, "versions": []})
        versions["latest"] = fn
        self._arns[fn.function_arn] = fn

    def latest_of(self, name: str) -> SeatedFunction:
        latest: SeatedFunction = self._get_latest(name)
        return latest

    def versions(self, name: str) -> list[SeatedFunction]:
        """The latest one and all that were published."""
        if name not in self:
            raise self.construct_unknown_function_exception(name)
        stored = self._functions[name]
        return [stored["latest"], *stored["versions"]]

    def find(self, name: FunctionName) -> SeatedFunction | None:
        """None where ``get_function`` would raise."""
        try:
            function: SeatedFunction = self.get_function_by_name_with_qualifier(*name)
        except LambdaClientError:
            return None
        return function
