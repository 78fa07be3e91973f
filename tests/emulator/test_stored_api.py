"""What is imported is what a deployment answers from, whatever moto makes of it in between."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from apis_bench import apis
from chalice import Chalice, CORSConfig
from chalice.app import AuthResponse, IAMAuthorizer
from moto.apigateway.models import apigateway_backends

from emulator.api_gateway import local_gateway
from emulator.api_gateway.gateway_responses import KEY as GATEWAY_RESPONSES
from emulator.api_gateway.gateway_responses import Definition
from emulator.cloud.aws import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from emulator.api_gateway.definition import RestApiDefinition

app = Chalice("shop")


@app.authorizer(ttl_seconds=7, header="X-Token")
def guard(request: Any) -> Any:
    return AuthResponse(["*"], principal_id="ann")


@app.route("/", methods=["GET", "PUT"], cors=CORSConfig(allow_origin="https://shop.example"))
def index() -> Any:
    return {}


@app.route("/a/{b}/{proxy+}", authorizer=guard, api_key_required=True)
def below() -> Any:
    return {}


@app.route("/signed", authorizer=IAMAuthorizer())
def signed() -> Any:
    return {}


REDEFINED = {"UNAUTHORIZED": {"statusCode": 404, "responseTemplates": {"application/json": "{}"}}}


def comparable(definition: RestApiDefinition) -> Any:
    """Authorizers by their names; which name a signature has is of no account."""
    names = {key: one.name for key, one in definition.authorizers.items() if one.kind != "AWS_IAM"}
    found = msgspec.to_builtins(definition)
    for methods in found["methods"].values():
        for method in methods.values():
            method["authorizer"] = method["authorizer"] and names.get(method["authorizer"], "IAM")
    found["authorizers"] = {one["name"]: one for one in found["authorizers"].values()}
    for one in [name for name in found["authorizers"] if name not in names.values()]:
        del found["authorizers"][one]
    return found


def test_deployment_answers_from_what_chalice_describes() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html"""
    document = {**local_gateway.document(app), GATEWAY_RESPONSES: REDEFINED}
    described = msgspec.structs.replace(
        local_gateway.described(app),
        gateway_responses=msgspec.convert(REDEFINED, dict[str, Definition]),
    )
    with apis() as api:
        api.deploy(document)
        stored = apigateway_backends[ACCOUNT_ID][REGION].apis[api.id]
        (deployment,) = stored.deployments.values()
        assert comparable(deployment.definition) == comparable(described)
