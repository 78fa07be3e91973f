"""REST APIs of API Gateway, their deployments and stages.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

#: a stage's method settings, by the part of UpdateStage's path that sets each
#: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
_METHOD_SETTINGS = {
    "CacheDataEncrypted": "caching/dataEncrypted",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CachingEnabled": "caching/enabled",
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}


class RestApi(ResourceType):
    type = "AWS::ApiGateway::RestApi"
    attributes = frozenset({"RestApiId", "RootResourceId"})
    named_by = "Name"
    known = frozenset(
        {
            "ApiKeySourceType", "BinaryMediaTypes", "Body", "Description",
            "DisableExecuteApiEndpoint", "EndpointConfiguration", "MinimumCompressionSize",
            "Mode", "Name", "Parameters", "Policy", "Tags",
        }
    )  # fmt: skip

    def create(self, aws: Calls, wanted: Wanted) -> str:
        given = wanted.properties
        title = (given.get("Body") or {}).get("info", {}).get("title")
        answer = aws(
            "apigateway", "CreateRestApi", name=given.get("Name") or title or wanted.name,
            description=given.get("Description"), policy=given.get("Policy"),
            binaryMediaTypes=given.get("BinaryMediaTypes"), tags=wanted.tags or None,
            endpointConfiguration=_endpoint(given), apiKeySource=given.get("ApiKeySourceType"),
            disableExecuteApiEndpoint=given.get("DisableExecuteApiEndpoint"),
            minimumCompressionSize=given.get("MinimumCompressionSize"),
        )  # fmt: skip
        return str(answer["id"])

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        if wanted.properties.get("Body") is not None:
            _put(aws, physical_id, wanted)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        api = resource.physical_resource_id
        if wanted.properties.get("Body") is not None:
            _put(aws, api, wanted)
        changed = [
            {"op": "replace", "path": f"/{name.lower()}", "value": wanted.properties.get(name, "")}
            for name in ("Name", "Description")
            if wanted.properties.get(name) != resource.properties.get(name)
        ]
        if changed:
            aws("apigateway", "UpdateRestApi", restApiId=api, patchOperations=changed)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("apigateway", "DeleteRestApi", restApiId=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        api = resource.physical_resource_id
        if name == "RestApiId":
            return api
        items = aws("apigateway", "GetResources", restApiId=api)["items"]
        return next(item["id"] for item in items if item["path"] == "/")


def _put(aws: Calls, api: str, wanted: Wanted) -> None:
    body = json.dumps(wanted.require("Body"))
    mode = wanted.properties.get("Mode") or "overwrite"
    aws("apigateway", "PutRestApi", restApiId=api, mode=mode, body=body.encode())


def _endpoint(given: dict[str, Any]) -> dict[str, Any] | None:
    """Translated templates say it twice; the parameter is for imports."""
    types = given.get("EndpointConfiguration", {}).get("Types")
    kind = given.get("Parameters", {}).get("endpointConfigurationTypes")
    found = types or (kind and [kind])
    return {"types": found} if found else None


class Deployment(ResourceType):
    type = "AWS::ApiGateway::Deployment"
    attributes = frozenset({"DeploymentId"})
    known = frozenset({"RestApiId", "Description", "StageName", "StageDescription"})
    fixed = frozenset({"RestApiId"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        given = wanted.properties
        answer = aws(
            "apigateway", "CreateDeployment", restApiId=wanted.require("RestApiId"),
            stageName=given.get("StageName"), description=given.get("Description"),
        )  # fmt: skip
        return str(answer["id"])

    def delete(self, aws: Calls, resource: Resource) -> None:
        given = resource.properties
        if stage := given.get("StageName"):
            # which would keep the deployment
            aws("apigateway", "DeleteStage", restApiId=given["RestApiId"], stageName=stage)
        aws(
            "apigateway", "DeleteDeployment", restApiId=given["RestApiId"],
            deploymentId=resource.physical_resource_id,
        )  # fmt: skip


class Stage(ResourceType):
    type = "AWS::ApiGateway::Stage"
    known = frozenset(
        {
            "DeploymentId", "Description", "MethodSettings", "RestApiId", "StageName", "Tags",
            "TracingEnabled", "Variables",
        }
    )  # fmt: skip
    fixed = frozenset({"RestApiId", "StageName"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        given = wanted.properties
        aws(
            "apigateway", "CreateStage", restApiId=wanted.require("RestApiId"),
            stageName=wanted.require("StageName"), deploymentId=wanted.require("DeploymentId"),
            description=given.get("Description"), variables=given.get("Variables"),
            tracingEnabled=given.get("TracingEnabled"), tags=wanted.tags or None,
        )  # fmt: skip
        return str(wanted.require("StageName"))

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        _patch(aws, wanted, _method_settings(wanted.properties))

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        before, given = resource.properties, wanted.properties
        old, new = (properties.get("Variables", {}) for properties in (before, given))
        patches = {"/deploymentId": wanted.require("DeploymentId"), **_method_settings(given)}
        patches.update({f"/variables/{name}": value for name, value in new.items()})
        gone = {f"/variables/{name}" for name in old.keys() - new.keys()}
        gone |= _method_settings(before).keys() - patches.keys()
        _patch(aws, wanted, patches, gone)

    def delete(self, aws: Calls, resource: Resource) -> None:
        given = resource.properties
        aws(
            "apigateway", "DeleteStage", restApiId=given["RestApiId"],
            stageName=resource.physical_resource_id,
        )  # fmt: skip


def _method_settings(given: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{_path(setting)}/{path}": setting[name]
        for setting in given.get("MethodSettings", [])
        for name, path in _METHOD_SETTINGS.items()
        if name in setting
    }


def _path(setting: dict[str, Any]) -> str:
    """A slash in a resource's path is written ``~1``; ``/*`` stands for all."""
    resource = setting.get("ResourcePath", "/*")
    method = setting.get("HttpMethod", "*")
    return f"/*/{method}" if resource == "/*" else f"/{resource.replace('/', '~1')}/{method}"


def _patch(aws: Calls, wanted: Wanted, patches: dict[str, Any], gone: Iterable[str] = ()) -> None:
    operations = [
        {"op": "replace", "path": path, "value": value} for path, value in patches.items()
    ]
    operations += [{"op": "remove", "path": path} for path in sorted(gone)]
    if operations:
        aws(
            "apigateway", "UpdateStage", restApiId=wanted.require("RestApiId"),
            stageName=wanted.require("StageName"), patchOperations=operations,
        )  # fmt: skip


class Account(ResourceType):
    type = "AWS::ApiGateway::Account"
    known = frozenset({"CloudWatchRoleArn"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        return wanted.name


TYPES = (RestApi(), Deployment(), Stage(), Account())
