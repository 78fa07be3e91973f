"""The seat of our functions in moto: moto's front, our execution.

moto keeps parsing, the shapes of configurations, tags, policies, layers and CloudFormation. What it
does to run a function (containers, or a canned answer) is replaced by subclassing: here functions
run in execution environments, and nothing invokes one while a request is being answered.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.awslambda import urls as moto_urls
from moto.awslambda.models import LambdaBackend, lambda_backends

from emulator.lambda_api import names
from emulator.lambda_api.functions import NamedFunction
from emulator.lambda_api.project_code import ProjectCode
from emulator.lambda_api.responses import FunctionsResponse
from emulator.lambda_api.seated_function import SeatedFunction
from emulator.lambda_api.storage import FunctionStorage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from emulator.invocation import FunctionSpec, Runner
    from emulator.lambda_api.seated_function import Code, Seat

#: of the project's own functions: they run on the Python that runs the emulator
RUNTIME = "python{}.{}".format(*sys.version_info)

_URLS = SimpleNamespace(
    url_bases=moto_urls.url_bases,
    url_paths=dict.fromkeys(moto_urls.url_paths, FunctionsResponse.dispatch),
)


def seat(seat: Seat) -> None:
    """Make moto's Lambda run its functions with ours. Starts with none; unseats an earlier one."""
    backend = type("SeatedBackend", (FunctionsBackend,), {"seat": seat})
    lambda_backends.backend = backend
    for regions in lambda_backends.values():
        regions.backend = backend
        regions.clear()


class FunctionsBackend(LambdaBackend):  # type: ignore[misc]
    """moto's backend for the functions of one region. Called under the cloud's lock."""

    seat: Seat

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._lambdas = FunctionStorage(region_name=region_name, account_id=account_id)
        #: what the project declares, by the function's name on AWS
        self._declared: dict[str, FunctionSpec] = {}

    @property
    def _url_module(self) -> Any:
        return _URLS

    def declare(self, specs: Sequence[FunctionSpec], project_dir: Path) -> None:
        """Have a project's functions as it declares them now, on its present code.

        What was changed through the API stays until the project's own declaration changes.
        """
        code = ProjectCode(project_dir)
        wanted = {spec.function_name: spec for spec in specs}
        for name in self._declared.keys() - wanted.keys():
            if name in self._lambdas:
                self.delete_function(name)
        for name, spec in wanted.items():
            if self._declared.get(name) != spec or name not in self._lambdas:
                self._put(_parameters(spec), code, display_name=spec.name)
            else:
                self._lambdas.latest_of(name).deployed = code
                self.seat.functions.recycle(spec.arn)
        self._declared = wanted

    def _put(
        self, parameters: dict[str, Any], code: Code, *, display_name: str | None = None
    ) -> SeatedFunction:
        function = SeatedFunction(
            parameters,
            region=self.region_name,
            account_id=self.account_id,
            seat=self.seat,
            code=code,
        )
        function.display_name = display_name or function.function_name
        self._lambdas.put_function(function)
        self.seat.functions.run(function.spec())
        return function

    def get_function(
        self, function_name_or_arn: str, qualifier: str | None = None
    ) -> SeatedFunction:
        """By any form of its name; raises LambdaError or moto's UnknownFunctionException."""
        name = names.parse(function_name_or_arn, self.region_name, qualifier=qualifier)
        function: SeatedFunction = super().get_function(*name)
        return function

    def function(self, function_name_or_arn: str, qualifier: str | None = None) -> NamedFunction:
        """What is invoked by that name, now and later; raises as ``get_function`` does."""
        name = names.parse(function_name_or_arn, self.region_name, qualifier=qualifier)
        spec = self.get_function(*name).spec()

        def find() -> Runner | None:
            with self.seat.condition:
                function = self._lambdas.find(name)
                return function and self.seat.functions.find(function.spec().arn)

        return NamedFunction(self.seat.functions, find, spec)

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        name = names.parse(function_name, self.region_name, qualifier=qualifier)
        gone = [self.get_function(*name)] if name.qualifier else self._lambdas.versions(name.name)
        super().delete_function(*name)
        for function in gone:
            self.seat.functions.remove(function.spec().arn)

    def invoke(self, function_name: str, qualifier: str | None, body: Any, **_: Any) -> bytes:
        """Asynchronously: how moto's other services call a function."""
        return self.get_function(function_name, qualifier).invoke(body)


def _parameters(spec: FunctionSpec) -> dict[str, Any]:
    """CreateFunction's parameters for a function that Chalice would deploy."""
    return {
        "FunctionName": spec.function_name,
        "Handler": spec.handler,
        "Runtime": RUNTIME,
        "Role": f"arn:aws:iam::{spec.account_id}:role/{spec.function_name}",
        "Timeout": spec.timeout_seconds,
        "MemorySize": spec.memory_mb,
        "Environment": {"Variables": dict(spec.environment)},
        "ReservedConcurrentExecutions": spec.reserved_concurrency,
        "Code": {},
        "RecursiveLoop": spec.recursive_loop,
    }
