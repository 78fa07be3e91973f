"""Reads the document of a REST API, Swagger 2.0 or OpenAPI 3, with Amazon's extensions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from emulator.api_gateway.definition import (
    ANY,
    TOKEN,
    Authorizer,
    Integration,
    Method,
    RestApiDefinition,
)
from emulator.api_gateway.gateway_responses import KEY as GATEWAY_RESPONSES
from emulator.api_gateway.gateway_responses import Definition
from emulator.limits import AUTHORIZER_TTL_SECONDS_DEFAULT

_METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}
_ANY_METHOD = "x-amazon-apigateway-any-method"
#: A security scheme with this header and no authorizer means that an API key is required.
_API_KEY_HEADER = "x-api-key"
_DEFAULT = "default"
#: How schemes say that requests are signed, as requests to AWS are.
_SIGNED = "awsSigv4"


class DocumentError(ValueError):
    """The document cannot be used; the message says which part of it."""


class _Operation(msgspec.Struct):
    integration: Integration | None = msgspec.field(
        default=None, name="x-amazon-apigateway-integration"
    )
    #: None: as the document's
    security: list[dict[str, list[str]]] | None = None


class _Authorizer(msgspec.Struct, rename="camel"):
    type: str
    authorizer_uri: str = ""
    identity_source: str = ""
    identity_validation_expression: str | None = None
    authorizer_result_ttl_in_seconds: int = AUTHORIZER_TTL_SECONDS_DEFAULT


class _Scheme(msgspec.Struct):
    name: str = ""
    kind: str = msgspec.field(default="", name="x-amazon-apigateway-authtype")
    authorizer: _Authorizer | None = msgspec.field(
        default=None, name="x-amazon-apigateway-authorizer"
    )


class _Info(msgspec.Struct):
    title: str = ""
    description: str | None = None


class _Components(msgspec.Struct, rename="camel"):
    security_schemes: dict[str, _Scheme] = {}


class _Document(msgspec.Struct):
    swagger: str = ""
    openapi: str = ""
    info: _Info = msgspec.field(default_factory=_Info)
    paths: dict[str, dict[str, Any]] = {}
    security: list[dict[str, list[str]]] = []
    #: Swagger's place for what OpenAPI 3 has among the components
    swagger_schemes: dict[str, _Scheme] = msgspec.field(default={}, name="securityDefinitions")
    components: _Components = msgspec.field(default_factory=_Components)
    binary_media_types: list[str] = msgspec.field(
        default=[], name="x-amazon-apigateway-binary-media-types"
    )
    gateway_responses: dict[str, Definition] = msgspec.field(default={}, name=GATEWAY_RESPONSES)


def read(document: Any) -> RestApiDefinition:
    """Raises DocumentError."""
    try:
        # through JSON: in YAML the keys of responses are numbers
        found = msgspec.json.decode(msgspec.json.encode(document), type=_Document, strict=False)
        if not (found.swagger.startswith("2.") or found.openapi.startswith("3.")):
            raise DocumentError("it must say swagger: 2.0, or openapi: 3.x.x")
        return _definition(found)
    except (msgspec.ValidationError, TypeError) as error:
        raise DocumentError(str(error)) from None


def _definition(document: _Document) -> RestApiDefinition:
    schemes = document.swagger_schemes | document.components.security_schemes
    return RestApiDefinition(
        name=document.info.title,
        description=document.info.description,
        methods={
            path: {
                ANY if key == _ANY_METHOD else key.upper(): _method(
                    _operation(path, key, content), document.security, schemes
                )
                for key, content in item.items()
                if key in _METHODS or key == _ANY_METHOD
            }
            for path, item in document.paths.items()
        },
        authorizers={
            name: authorizer
            for name, scheme in schemes.items()
            if (authorizer := _authorizer(name, scheme)) is not None
        },
        binary_media_types=tuple(document.binary_media_types),
        gateway_responses=document.gateway_responses,
    )


def _operation(path: str, key: str, content: Any) -> _Operation:
    try:
        return msgspec.convert(content, _Operation, strict=False)
    except msgspec.ValidationError as error:
        raise DocumentError(f"{key} of {path}: {error}") from None


def _method(
    operation: _Operation, security: list[dict[str, list[str]]], schemes: dict[str, _Scheme]
) -> Method:
    wanted = security if operation.security is None else operation.security
    names = [name for requirement in wanted for name in requirement if name in schemes]
    guards = [name for name in names if _authorizer(name, schemes[name]) is not None]
    return Method(
        integration=_integration(operation.integration) if operation.integration else None,
        authorizer=guards[0] if guards else None,
        needs_api_key=any(_is_api_key(schemes[name]) for name in names),
    )


def _integration(found: Integration) -> Integration:
    responses = {
        "" if pattern == _DEFAULT else pattern: r for pattern, r in found.responses.items()
    }
    return msgspec.structs.replace(found, kind=found.kind.upper(), responses=responses)


def _is_api_key(scheme: _Scheme) -> bool:
    return not scheme.kind and scheme.name.lower() == _API_KEY_HEADER


def _authorizer(name: str, scheme: _Scheme) -> Authorizer | None:
    """None for a scheme that only documents something, or asks for an API key."""
    found = scheme.authorizer
    if found is None:
        return Authorizer(name=name, kind="AWS_IAM") if scheme.kind == _SIGNED else None
    kind = found.type.upper()
    sources = [source.strip() for source in found.identity_source.split(",") if source.strip()]
    if kind == TOKEN and not sources:
        sources = [f"method.request.header.{scheme.name}"]
    return Authorizer(
        name=name,
        kind=kind,
        uri=found.authorizer_uri,
        identity_sources=tuple(sources),
        validation=found.identity_validation_expression,
        ttl_seconds=found.authorizer_result_ttl_in_seconds,
    )
