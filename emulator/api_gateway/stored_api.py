"""A REST API as moto keeps it: written there from a document, read from there for a deployment.

What a deployment answers with is always read from moto, so an API that was put together method by
method is answered like one that was imported.
"""

from __future__ import annotations

from typing import Any

from emulator.api_gateway.definition import (
    Authorizer,
    Integration,
    IntegrationResponse,
    Method,
    RestApiDefinition,
)
from emulator.api_gateway.gateway_responses import Definition
from emulator.limits import AUTHORIZER_TTL_SECONDS_DEFAULT, INTEGRATION_SECONDS_MAX

#: How methods name what guards them, beside their authorizer.
_OPEN, _IAM = "NONE", "AWS_IAM"
_CUSTOM = {"TOKEN": "CUSTOM", "REQUEST": "CUSTOM"}


def clear(api: Any) -> None:
    """Forget everything that a document describes."""
    api.resources, api.authorizers, api.gateway_responses = {}, {}, {}
    api.default = api.add_child("/")
    api.root_resource_id = api.default.id


def write(backend: Any, api: Any, definition: RestApiDefinition) -> None:
    """Add what a definition has, over what is there. Raises moto's refusals."""
    api.name = definition.name or api.name
    api.description = definition.description or api.description
    api.binaryMediaTypes = list(definition.binary_media_types) or api.binaryMediaTypes
    ids = {
        name: _write_authorizer(backend, api, authorizer)
        for name, authorizer in definition.authorizers.items()
    }
    for kind, response in definition.gateway_responses.items():
        api.put_gateway_response(
            kind, status_code=response.status_code,
            response_parameters=dict(response.response_parameters),
            response_templates=dict(response.response_templates),
        )  # fmt: skip
    for path, methods in definition.methods.items():
        resource = _resource(backend, api, path)
        for name, method in methods.items():
            _write_method(resource, name, method, definition=definition, ids=ids)
            if method.integration is not None:
                _write_integration(backend, resource, name, method.integration)


def _write_authorizer(backend: Any, api: Any, authorizer: Authorizer) -> str:
    known = {one.name: one for one in api.authorizers.values()}
    if authorizer.name in known:
        api.authorizers.pop(known[authorizer.name].id)
    made = backend.create_authorizer(
        api.id, authorizer.name, authorizer.kind,
        authorizer_uri=authorizer.uri,
        identity_source=", ".join(authorizer.identity_sources),
        identiy_validation_expression=authorizer.validation,
        authorizer_result_ttl=authorizer.ttl_seconds,
    )  # fmt: skip
    return str(made.id)


def _resource(backend: Any, api: Any, path: str) -> Any:
    resource, below = api.default, ""
    for part in path.strip("/").split("/"):
        below = f"{below}/{part}"
        found = api.get_resource_for_path(below)
        resource = found or backend.create_resource(api.id, resource.id, part)
    return resource


def _write_method(
    resource: Any, name: str, method: Method, *, definition: RestApiDefinition, ids: dict[str, str]
) -> None:
    authorizer = definition.authorizers[method.authorizer] if method.authorizer else None
    resource.add_method(
        name,
        _CUSTOM.get(authorizer.kind, authorizer.kind) if authorizer else _OPEN,
        method.needs_api_key,
        authorizer_id=ids[authorizer.name] if authorizer else None,
    )


def _write_integration(backend: Any, resource: Any, name: str, integration: Integration) -> None:
    backend.put_integration(
        resource.api_id, resource.id, name, integration.kind, integration.uri, "POST",
        request_templates=dict(integration.request_templates),
        timeout_in_millis=integration.timeout_ms,
    )  # fmt: skip
    for pattern, response in integration.responses.items():
        backend.put_integration_response(
            resource.api_id, resource.id, name, str(response.status_code), pattern,
            dict(response.response_templates), dict(response.response_parameters),
        )  # fmt: skip


def read(api: Any) -> RestApiDefinition:
    """As it stands now. Methods name their authorizers by id."""
    guards = {one.id: _authorizer(one) for one in api.authorizers.values()}
    return RestApiDefinition(
        name=api.name,
        description=api.description,
        methods={
            resource.get_path(): {
                name: _method(method) for name, method in resource.resource_methods.items()
            }
            for resource in api.resources.values()
            if resource.resource_methods
        },
        authorizers={**guards, _IAM: Authorizer(name=_IAM, kind=_IAM)},
        binary_media_types=tuple(api.binaryMediaTypes),
        gateway_responses={
            kind: Definition(
                status_code=response.status_code,
                response_parameters=response.response_parameters or {},
                response_templates=response.response_templates or {},
            )
            for kind, response in api.gateway_responses.items()
        },
    )


def _authorizer(stored: Any) -> Authorizer:
    ttl = stored.authorizer_result_ttl
    return Authorizer(
        name=stored.name,
        kind=stored.type,
        uri=stored.authorizer_uri or "",
        identity_sources=tuple(
            filter(None, map(str.strip, (stored.identity_source or "").split(",")))
        ),
        validation=stored.identity_validation_expression,
        ttl_seconds=AUTHORIZER_TTL_SECONDS_DEFAULT if ttl is None else int(ttl),
    )


def _method(stored: Any) -> Method:
    guard = _IAM if stored.authorization_type == _IAM else stored.authorizer_id
    return Method(
        integration=stored.method_integration and _integration(stored.method_integration),
        authorizer=guard,
        needs_api_key=bool(stored.api_key_required),
    )


def _integration(stored: Any) -> Integration:
    return Integration(
        kind=stored.integration_type.upper(),
        uri=stored.uri or "",
        timeout_ms=int(stored.timeout_in_millis or INTEGRATION_SECONDS_MAX * 1000),
        request_templates=stored.request_templates or {},
        responses={
            response.selection_pattern or "": IntegrationResponse(
                status_code=int(response.status_code),
                response_parameters=response.response_parameters or {},
                response_templates=response.response_templates or {},
            )
            for response in (stored.integration_responses or {}).values()
        },
    )
