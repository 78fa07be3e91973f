"""The seat of REST APIs in moto: documents of both kinds, and deployments that answer.

moto keeps the resources, methods, stages and so on, and their API. Its import takes OpenAPI 3 only
and leaves authorizers and gateway responses out; what it deploys answers nothing.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.apigateway.exceptions import (
    ApiGatewayException,
    BadRequestException,
    DeploymentNotFoundException,
    InvalidOpenApiModeException,
    StageStillActive,
)
from moto.apigateway.models import APIGatewayBackend, apigateway_backends

from emulator.api_gateway import address, openapi, stored_api
from emulator.api_gateway.responses import URL_BASES, URL_PATHS

if TYPE_CHECKING:
    from emulator.api_gateway.definition import RestApiDefinition, Stage
    from emulator.journal import Journal

_OVERWRITE = "overwrite"
_MODES = ("merge", _OVERWRITE)


class Seat(NamedTuple):
    """What the REST APIs of one cloud share."""

    journal: Journal
    #: where the endpoint is, such as ``http://127.0.0.1:4566``; empty where there is none
    endpoint: str


def seat(seat: Seat) -> None:
    """Make moto's REST APIs these. Starts with none; unseats an earlier one."""
    backend = type("SeatedApis", (RestApisBackend,), {"seat": seat})
    apigateway_backends.backend = backend
    for regions in apigateway_backends.values():
        regions.backend = backend
        regions.clear()


class RestApisBackend(APIGatewayBackend):  # type: ignore[misc]
    """moto's REST APIs of one region. Called under the cloud's lock."""

    seat: Seat

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=URL_BASES, url_paths=URL_PATHS)

    def create_rest_api(self, *given: Any, **more: Any) -> Any:
        api = super().create_rest_api(*given, **more)
        # answers of "responses", a library for tests: one for every method and deployment
        api.update_integration_mocks = lambda stage_name: None
        api.endpoint = self.seat.endpoint
        return api

    def import_rest_api(self, api_doc: dict[str, Any], fail_on_warnings: bool) -> Any:  # noqa: FBT001
        definition = _read(api_doc)
        api = self.create_rest_api(definition.name, definition.description)
        try:
            stored_api.write(self, api, definition)
        except ApiGatewayException:
            del self.apis[api.id]
            raise
        return api

    def put_rest_api(
        self,
        function_id: str,
        api_doc: dict[str, Any],
        *,
        fail_on_warnings: bool = False,
        mode: str = "merge",
    ) -> Any:
        if mode not in _MODES:
            raise InvalidOpenApiModeException
        definition, api = _read(api_doc), self.get_rest_api(function_id)
        if mode == _OVERWRITE:
            stored_api.clear(api)
        stored_api.write(self, api, definition)
        return api

    def delete_rest_api(self, function_id: str) -> Any:
        self.get_rest_api(function_id)  # which refuses in AWS's words if there is none
        return super().delete_rest_api(function_id)

    def create_authorizer(self, *given: Any, **more: Any) -> Any:
        made = super().create_authorizer(*given, **more)
        # moto spells it in two ways
        made.identity_validation_expression = more.get("identiy_validation_expression")
        return made

    def create_deployment(self, function_id: str, *given: Any, **more: Any) -> Any:
        api = self.get_rest_api(function_id)
        before = dict(api.stages)
        deployment = super().create_deployment(function_id, *given, **more)
        deployment.definition = stored_api.read(api)
        name = deployment.stage_name
        if name in before:
            # a stage keeps its settings when it gets another deployment
            stage = before[name]
            stage.deployment_id = deployment.id
            stage.variables = api.stages[name].variables or stage.variables
            api.stages[name] = stage
        if name:
            self._announce(api, name)
        return deployment

    def create_stage(
        self,
        function_id: str,
        stage_name: str,
        deploymentId: str,  # noqa: N803 - moto's
        **more: Any,
    ) -> Any:
        api = self.get_rest_api(function_id)
        if deploymentId not in api.deployments:
            raise BadRequestException("Deployment id does not exist")
        stage = super().create_stage(function_id, stage_name, deploymentId, **more)
        self._announce(api, stage_name)
        return stage

    def delete_deployment(self, function_id: str, deployment_id: str) -> Any:
        api = self.get_rest_api(function_id)
        if deployment_id not in api.deployments:
            raise DeploymentNotFoundException
        if any(stage.deployment_id == deployment_id for stage in api.stages.values()):
            raise StageStillActive
        return api.deployments.pop(deployment_id)

    def _announce(self, api: Any, stage_name: str) -> None:
        url = address.url(self.seat.endpoint, api.id, stage_name)
        self.seat.journal.record(api.name, "deploy", stage=stage_name, url=url)


def _read(document: dict[str, Any]) -> RestApiDefinition:
    try:
        return openapi.read(document)
    except openapi.DocumentError as error:
        raise BadRequestException(
            f"Unable to import REST API: Invalid OpenAPI input. {error}"
        ) from None


def stages() -> list[tuple[Any, Any]]:
    """Every API with a stage of it, as moto keeps them. Call it under the cloud's lock."""
    return [
        (api, stage)
        for _, _, backend in apigateway_backends.iter_backends()
        for api in backend.apis.values()
        for stage in api.stages.values()
    ]


def addresses() -> dict[str, str]:
    """Where each stage answers, with the name of its API. Call it under the cloud's lock."""
    return {address.url(api.endpoint, api.id, stage.name): str(api.name) for api, stage in stages()}


def keys_of(at: Stage) -> set[str]:
    """The API keys that usage plans have for a stage.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
    """
    moto = apigateway_backends[at.account_id][at.region]
    plans = [
        plan_id
        for plan_id, plan in moto.usage_plans.items()
        if any(s == {**s, "apiId": at.api_id, "stage": at.name} for s in plan.api_stages or [])
    ]
    ids = {key_id for plan_id in plans for key_id in moto.usage_plan_keys.get(plan_id, {})}
    return {key.value for key_id, key in moto.keys.items() if key_id in ids and key.enabled}
