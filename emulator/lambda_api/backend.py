"""The seat of our functions in moto: moto's front, our execution.

moto keeps parsing, the shapes of configurations, tags, policies, layers and CloudFormation. What it
does to run a function (containers, or a canned answer) is replaced by subclassing: here functions
run in execution environments, and nothing invokes one while a request is being answered.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaBackend, lambda_backends
from moto.s3.models import s3_backends

from emulator.invocation import LATEST
from emulator.lambda_api import (
    configuration,
    declared_function,
    event_settings,
    names,
    package_source,
)
from emulator.lambda_api.errors import invalid_parameter
from emulator.lambda_api.functions import NamedFunction
from emulator.lambda_api.mappings import Mappings
from emulator.lambda_api.package import ProjectPackage
from emulator.lambda_api.responses import URL_BASES, URL_PATHS
from emulator.lambda_api.seated_function import SeatedFunction
from emulator.lambda_api.settings_requests import SettingsRequests
from emulator.lambda_api.storage import FunctionStorage
from emulator.sqs import backend as sqs_backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from emulator.invocation import FunctionSpec, Runner
    from emulator.lambda_api.package import Package
    from emulator.lambda_api.seated_function import Seat
    from emulator.lambda_api.seated_mapping import SeatedMapping


def seat(seat: Seat) -> None:
    """Make moto's Lambda run its functions with ours. Starts with none; unseats an earlier one."""
    backend = type("SeatedBackend", (FunctionsBackend,), {"seat": seat})
    lambda_backends.backend = backend
    for regions in lambda_backends.values():
        regions.backend = backend
        regions.clear()
    sqs_backend.on_created(_read_new_queue)


def _read_new_queue(queue_arn: str) -> None:
    for _, _, backend in lambda_backends.iter_backends():
        backend.mappings.queue_created(queue_arn)


class FunctionsBackend(SettingsRequests, LambdaBackend):  # type: ignore[misc]
    """moto's backend for the functions of one region. Called under the cloud's lock.

    What Lambda refuses is raised as LambdaError, or as one of moto's own errors.
    """

    seat: Seat

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._lambdas = FunctionStorage(region_name=region_name, account_id=account_id)
        #: what the project declares, by the function's name on AWS
        self._declared: dict[str, FunctionSpec] = {}
        self.mappings = Mappings(self)
        # where moto looks for tags
        self._event_source_mappings = self.mappings.by_uuid

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=URL_BASES, url_paths=URL_PATHS)

    def declare(self, specs: Sequence[FunctionSpec], project_dir: Path) -> list[str]:
        """Have a project's functions as it declares them now, on its present code.

        What was changed through the API stays until the project's own declaration changes.
        Returns a sentence for each that Lambda would refuse.
        """
        code = ProjectPackage(project_dir)
        wanted = {spec.function_name: spec for spec in specs}
        for name in self._declared.keys() - wanted.keys():
            if name in self._lambdas:
                self.delete_function(name)
        for name, spec in wanted.items():
            is_new = name not in self._lambdas
            if is_new:
                self._put(declared_function.parameters(spec), code, spec.name)
            function = self.get_function(name)
            function.package = code
            function.display_name = spec.name
            if self._declared.get(name) != spec:
                function.recursive_loop = spec.recursive_loop
                self.reserve(function, spec.reserved_concurrency)
                if not is_new:
                    function.update_configuration(declared_function.parameters(spec))
            self.seat.functions.run(function.spec(), new_code=True)
        self._declared = wanted
        return [note for spec in specs if (note := declared_function.refusal(spec))]

    def create_function(self, spec: dict[str, Any]) -> SeatedFunction:
        name = names.parse(spec["FunctionName"], self.region_name).name
        configuration.check_new(spec)
        package = self._package(spec.get("Code") or {})
        function = self._put({**spec, "FunctionName": name}, package)
        self.reserve(function, spec.get("ReservedConcurrentExecutions"))
        return self.publish_version(name) if spec.get("Publish") else function

    def _put(
        self, parameters: dict[str, Any], package: Package, display_name: str | None = None
    ) -> SeatedFunction:
        function = SeatedFunction(
            parameters,
            package,
            region=self.region_name,
            account_id=self.account_id,
            seat=self.seat,
            changed=self._run,
            display_name=display_name,
        )
        self._lambdas.put_function(function)
        self._run(function)
        return function

    def _run(self, function: SeatedFunction) -> None:
        """Have a new or changed function run as it now says."""
        self.seat.functions.run(function.spec())
        event_settings.apply(function)
        self.mappings.restart(function.function_name)

    def _package(self, source: dict[str, Any]) -> Package:
        buckets = s3_backends[self.account_id][self.partition]
        return package_source.read(source, buckets=buckets, folder=self.seat.packages)

    def get_function(
        self, function_name_or_arn: str, qualifier: str | None = None
    ) -> SeatedFunction:
        """By any form of its name."""
        return self._lambdas.get_function_by_name_or_arn_with_qualifier(
            function_name_or_arn, qualifier
        )

    def function(self, name_or_arn: str, qualifier: str | None = None) -> NamedFunction:
        """What is invoked by a name, now and later."""
        spec = self.get_function(name_or_arn, qualifier).spec()

        def find() -> Runner | None:
            with self.seat.condition:
                function = self._lambdas.find(name_or_arn, qualifier)
                return function and self.seat.functions.find(function.spec())

        name = names.parse(name_or_arn, self.region_name, qualifier=qualifier)
        return NamedFunction(self.seat.functions, find, spec, qualifier=name.qualifier)

    def find(self, name: str) -> NamedFunction | None:
        """What is invoked by the name that the terminal shows, or by any other; None if nothing."""
        version = self.find_version(name)
        return version and self.function(version.function_arn)

    def find_version(self, name: str) -> SeatedFunction | None:
        """What such a name stands for now."""
        shown = {function.display_name: function for function in self._lambdas.latest()}
        return shown.get(name) or self._lambdas.find(name)

    def update_function_configuration(
        self, function_name: str, qualifier: str | None, body: dict[str, Any]
    ) -> dict[str, Any]:
        function = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        configuration.check(body)
        function.check_revision(body.get("RevisionId"))
        return function.update_configuration(body)

    def update_function_code(
        self, function_name: str, qualifier: str | None, body: dict[str, Any]
    ) -> dict[str, Any]:
        function = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        function.check_revision(body.get("RevisionId"))
        if body.get("DryRun"):
            self._package(body)
        else:
            function.update_function_code(body)
        if body.get("Publish"):
            return self.publish_version(function_name).get_configuration()
        return function.get_configuration()

    def publish_version(
        self,
        function_name: str,
        description: str | None = None,
        *,
        sha256: str | None = None,
        revision: str | None = None,
    ) -> SeatedFunction:
        """``sha256`` and ``revision`` are those that the caller expects $LATEST to have."""
        latest = self._lambdas.get_function_by_name_or_arn_forbid_qualifier(function_name)
        latest.check_sha256(sha256)
        latest.check_revision(revision)
        version = self._lambdas.publish(latest, description)
        self.seat.functions.run(version.spec())
        event_settings.apply(version)
        return version

    def list_versions_by_function(self, function_name: str) -> list[SeatedFunction]:
        name = self.get_function(function_name).function_name
        versions: list[SeatedFunction] = super().list_versions_by_function(name)
        return versions

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        name = names.parse(function_name, self.region_name, qualifier=qualifier)
        function = self.get_function(*name)
        if name.qualifier == LATEST:
            raise invalid_parameter(
                "$LATEST version cannot be deleted without deleting the function."
            )
        if name.qualifier not in (None, str(function.version)):
            raise invalid_parameter("An alias is not deleted by this operation.")
        for gone in self._lambdas.remove(function):
            self.seat.functions.remove(gone.spec())

    def create_event_source_mapping(self, spec: dict[str, Any]) -> SeatedMapping:
        return self.mappings.create(spec)

    def get_event_source_mapping(self, uuid: str) -> SeatedMapping:
        return self.mappings.get(uuid)

    def update_event_source_mapping(self, uuid: str, spec: dict[str, Any]) -> SeatedMapping:
        return self.mappings.update(uuid, spec)

    def delete_event_source_mapping(self, uuid: str) -> SeatedMapping:
        return self.mappings.delete(uuid)

    def list_event_source_mappings(
        self, event_source_arn: str | None, function_name: str | None
    ) -> Iterable[SeatedMapping]:
        return self.mappings.list(event_source_arn, function_name)

    def _get_resource_by_arn(self, arn: str) -> SeatedMapping | SeatedFunction:
        """What has tags."""
        _, is_mapping, uuid = arn.partition(":event-source-mapping:")
        return self.get_event_source_mapping(uuid) if is_mapping else self.get_function(arn)

    def invoke(self, function_name: str, qualifier: str | None, body: Any, **_: Any) -> bytes:
        """Asynchronously: how moto's other services call a function."""
        return self.get_function(function_name, qualifier).invoke(body)
