"""A REST API as a deployment freezes it: what a request is answered from."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from emulator.api_gateway.gateway_responses import Definition
from emulator.limits import AUTHORIZER_TTL_SECONDS_DEFAULT, INTEGRATION_SECONDS_MAX

#: What a method is declared as that takes every method.
ANY = "ANY"
#: Authorizers that are functions.
TOKEN, REQUEST = "TOKEN", "REQUEST"
#: Types of integrations that are done here.
AWS_PROXY, MOCK = "AWS_PROXY", "MOCK"


class IntegrationResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an integration's answer becomes; of a mock, what it answers."""

    status_code: int = 200
    response_parameters: Mapping[str, str] = {}
    response_templates: Mapping[str, str] = {}


class Integration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who answers a method.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
    """

    #: in capitals: ``AWS_PROXY``, ``MOCK`` …
    kind: str = msgspec.field(name="type")
    uri: str = ""
    timeout_ms: int = msgspec.field(default=INTEGRATION_SECONDS_MAX * 1000, name="timeoutInMillis")
    request_templates: Mapping[str, str] = {}
    #: by the pattern that selects it, the empty one by default
    responses: Mapping[str, IntegrationResponse] = {}


class Authorizer(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides whether a request may pass.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
    """

    name: str
    #: in capitals: ``TOKEN``, ``REQUEST``, ``COGNITO_USER_POOLS``, ``AWS_IAM``
    kind: str
    uri: str = ""
    #: where the token or the identity is, such as ``method.request.header.Authorization``
    identity_sources: tuple[str, ...] = ()
    #: what a token must match to be asked for at all
    validation: str | None = None
    #: how long an answer is kept, 0: not at all
    ttl_seconds: int = AUTHORIZER_TTL_SECONDS_DEFAULT


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path."""

    integration: Integration | None = None
    #: its name among the API's; None: open
    authorizer: str | None = None
    needs_api_key: bool = False


class RestApiDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    name: str
    description: str | None = None
    #: by path (``/jobs/{job_id}``) and method
    methods: Mapping[str, Mapping[str, Method]] = {}
    authorizers: Mapping[str, Authorizer] = {}
    binary_media_types: tuple[str, ...] = ()
    gateway_responses: Mapping[str, Definition] = {}


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a deployment answers."""

    api_id: str
    name: str
    account_id: str
    region: str
    variables: Mapping[str, str] = {}

    @property
    def domain_name(self) -> str:
        """The host of the API's own address on AWS."""
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"

    def method_arn(self, method: str, path: str) -> str:
        """What a policy allows or denies.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
        """
        of = f"arn:aws:execute-api:{self.region}:{self.account_id}:{self.api_id}"
        return f"{of}/{self.name}/{method}/{path.removeprefix('/')}"
