"""moto's store of functions, by name and version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import InvalidRoleFormat, LambdaClientError
from moto.awslambda.models import LambdaStorage

from emulator.lambda_api import names
from emulator.lambda_api.errors import LambdaError, invalid_parameter

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaAlias

    from emulator.lambda_api.seated_function import SeatedFunction


class FunctionStorage(LambdaStorage):  # type: ignore[misc]
    """moto's store, which takes every form of a name and whose versions have numbers for good.

    It does not ask for a role that exists: no policy is evaluated here.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: the last number given to a version, by function
        self._numbers: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def get_function_by_name_or_arn_with_qualifier(
        self, name_or_arn: str, qualifier: str | None = None
    ) -> SeatedFunction:
        name = names.parse(name_or_arn, self.region_name, qualifier=qualifier)
        function: SeatedFunction = self.get_function_by_name_with_qualifier(*name)
        return function

    def get_function_by_name_or_arn_forbid_qualifier(self, name_or_arn: str) -> SeatedFunction:
        name = names.parse(name_or_arn, self.region_name)
        if name.qualifier is not None:
            raise invalid_parameter(
                "This operation takes a function's name without a version or an alias."
            )
        return self.get_function_by_name_or_arn_with_qualifier(name.name)

    def find(self, name_or_arn: str, qualifier: str | None = None) -> SeatedFunction | None:
        """None where moto raises."""
        try:
            return self.get_function_by_name_or_arn_with_qualifier(name_or_arn, qualifier)
        except (LambdaClientError, LambdaError):
            return None

    def put_function(self, fn: SeatedFunction) -> None:
        """Raises moto's InvalidRoleFormat."""
        if not re.match(InvalidRoleFormat.pattern, fn.role):
            raise InvalidRoleFormat(fn.role)
        self._functions[fn.function_name] = {"latest": fn, "versions": []}
        self._arns[fn.function_arn] = fn

    def published(self, name: str) -> list[SeatedFunction]:
        """The versions of a function, oldest first."""
        versions: list[SeatedFunction] = self._functions[name]["versions"]
        return versions

    def publish(self, latest: SeatedFunction, description: str | None) -> SeatedFunction:
        """A new version; the last one again if nothing has changed since."""
        name = latest.function_name
        versions = self.published(name)
        if versions and latest.is_as_published(versions[-1]):
            return versions[-1]
        self._numbers[name] = self._numbers.get(name, 0) + 1
        version = latest.published(self._numbers[name], description)
        versions.append(version)
        self._arns[version.function_arn] = version
        return version

    def remove(self, function: SeatedFunction) -> list[SeatedFunction]:
        """Forget a version, or with the latest one the function; returns all that are gone.

        Raises LambdaError if an alias names the version.
        """
        name = function.function_name
        versions = self.published(name)
        if function in versions:
            self._check_unnamed(function)
            versions.remove(function)
            return [function]
        del self._functions[name]
        self._numbers.pop(name, None)
        self._aliases.pop(function.function_arn, None)
        return [function, *versions]

    def put_alias(self, name: str, function_name: str, *arguments: Any) -> LambdaAlias:
        """Raises LambdaError if there is an alias of the name."""
        function = self.get_function_by_name_or_arn_with_qualifier(function_name)
        if name in (alias.name for alias in self.list_aliases(function.function_name)):
            raise LambdaError(
                "ResourceConflictException",
                f"Alias already exists: {function.spec().unqualified_arn}:{name}",
                status=409,
            )
        return super().put_alias(name, function_name, *arguments)

    def _check_unnamed(self, version: SeatedFunction) -> None:
        aliases = self.list_aliases(version.function_name)
        naming = [alias.name for alias in aliases if alias.function_version == str(version.version)]
        if naming:
            raise LambdaError(
                "ResourceConflictException",
                f"Version has aliases which point to it: {', '.join(naming)}",
                status=409,
            )
