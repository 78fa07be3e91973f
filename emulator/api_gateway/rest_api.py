"""One stage of a REST API: a request is matched, authorised, and answered by an integration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from emulator.api_gateway import mock, proxy_answer, proxy_event, refusal, routes
from emulator.api_gateway.authorizing import Authorizers
from emulator.api_gateway.definition import ANY, AWS_PROXY, MOCK, REQUEST, TOKEN
from emulator.api_gateway.gateway_responses import GatewayResponses
from emulator.limits import EVENT_BYTES_MAX

if TYPE_CHECKING:
    from emulator.api_gateway.definition import (
        Authorizer,
        Integration,
        Method,
        RestApiDefinition,
        Stage,
    )
    from emulator.api_gateway.proxy_event import Call
    from emulator.api_gateway.refusal import Refusal
    from emulator.http.message import Response

#: JSON text is at most this much longer than what it encodes (``\\u0000`` for one byte).
_JSON_GROWTH_MAX = 6
#: ``arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<ARN>/invocations``
_FUNCTION = re.compile(r"arn:[^:]+:apigateway:[^:]+:lambda:path/[^/]+/functions/(.+)/invocations")
_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


class Services(Protocol):
    """What a stage does not answer by itself."""

    def answer(self, arn: str, event: dict[str, Any], *, call: Call, timeout_ms: int) -> Any:
        """What a function answers to a request, decoded. Raises Refusal."""

    def permission(self, arn: str, event: dict[str, Any]) -> Any:
        """What an authorizer answers. Raises authorizing.FunctionFailedError, or Refusal."""

    def vouch(self, authorizer: Authorizer, event: dict[str, Any]) -> dict[str, Any]:
        """What is known of a caller whom no function is asked for. Raises Refusal."""

    def knows_key(self, key: str) -> bool:
        """Whether an API key is good for the stage."""


class RestApi:
    """A definition at its stage."""

    def __init__(self, definition: RestApiDefinition, stage: Stage, services: Services) -> None:
        self.name = definition.name
        self._definition = definition
        self._stage = stage
        self._services = services
        self._responses = GatewayResponses(definition.gateway_responses)
        self._authorizers = Authorizers(self._ask)

    def answer(self, call: Call) -> Response:
        """The integration's answer. Raises Refusal; see ``refused``."""
        method, event = self._matched(call)
        if method.authorizer is not None:
            event["requestContext"]["authorizer"] = self._authorized(method.authorizer, event)
        if method.needs_api_key and not self._services.knows_key(
            call.request.headers.get("X-API-Key", "")
        ):
            raise refusal.forbidden("the API key is missing, or not one of the stage's")
        if method.integration is None:
            raise refusal.misconfigured("the method has no integration")
        return self._integrated(method.integration, event, call)

    def refused(self, refused: Refusal, call: Call) -> Response:
        """API Gateway's own answer, in the words that the API gives it."""
        own = refused.response(call.request_id)
        variables = {"requestId": call.request_id}
        return self._responses.answer(refused.kind, own, variables=variables)

    def _matched(self, call: Call) -> tuple[Method, dict[str, Any]]:
        request, all_methods = call.request, self._definition.methods
        match = routes.match(all_methods, call.target.partition("?")[0])
        methods = all_methods[match.route] if match else {}
        method = methods.get(request.method) or methods.get(ANY)
        if match is None or method is None:
            raise refusal.missing_token(request.headers.get("Authorization"))
        event = proxy_event.make(
            call, self._stage, route=match.route, captured=match.captured,
            binary=self._definition.binary_media_types,
        )  # fmt: skip
        if _exceeds(EVENT_BYTES_MAX, event):
            raise refusal.too_large()
        return method, event

    def _authorized(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        authorizer = self._definition.authorizers.get(name)
        if authorizer is None:
            raise refusal.misconfigured(f"there is no authorizer {name}")
        if authorizer.kind not in (TOKEN, REQUEST):
            return self._services.vouch(authorizer, event)
        return self._authorizers.authorize(
            authorizer,
            event,
            method_arn=self._stage.method_arn(event["httpMethod"], event["path"]),
            now_ms=event["requestContext"]["requestTimeEpoch"],
        )

    def _ask(self, authorizer: Authorizer, event: dict[str, Any]) -> Any:
        return self._services.permission(self._function_arn(authorizer.uri), event)

    def _integrated(self, integration: Integration, event: dict[str, Any], call: Call) -> Response:
        if integration.kind == MOCK:
            return mock.response(integration, call.request_id)
        if integration.kind != AWS_PROXY:
            raise refusal.misconfigured(
                f"integrations of type {integration.kind} are not known here"
            )
        arn = self._function_arn(integration.uri)
        answer = self._services.answer(arn, event, call=call, timeout_ms=integration.timeout_ms)
        return proxy_answer.response(
            answer, request_id=call.request_id, wants_binary=self._wants_binary(call)
        )

    def _function_arn(self, uri: str) -> str:
        named = _VARIABLE.sub(lambda found: self._stage.variables.get(found[1], ""), uri)
        found = _FUNCTION.fullmatch(named)
        if found is None:
            raise refusal.misconfigured(f"{uri} names no function")
        return found[1]

    def _wants_binary(self, call: Call) -> bool:
        """The first type that a client accepts decides."""
        accepted = call.request.headers.get("Accept", "").partition(",")[0].partition(";")[0]
        return proxy_event.is_binary(accepted.strip().lower(), self._definition.binary_media_types)


def _exceeds(limit_bytes: int, event: dict[str, Any]) -> bool:
    """Whether Lambda would refuse the event; it is encoded only if its body leaves that open."""
    if len(event["body"] or "") * _JSON_GROWTH_MAX < limit_bytes // 2:
        return False
    return len(msgspec.json.encode(event)) > limit_bytes
