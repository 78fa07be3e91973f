"""Whom API Gateway lets pass, asking the app's own authorizers, and what it calls its refusals.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

from typing import Any

from chalice import local

#: The message with which an authorizer fails to have 401 answered, and not 500.
UNAUTHORIZED = "Unauthorized"

_ERROR_TYPE = "x-amzn-ErrorType"
_DENIED = "AccessDeniedException"


class RequestTooLongError(local.LocalGatewayException):  # type: ignore[misc]
    """The event would be larger than Lambda takes."""

    CODE = 413


#: API Gateway's names of its answers, by chalice's exceptions.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_TYPES = {
    RequestTooLongError: "REQUEST_TOO_LARGE",
    local.NotAuthorizedError: "UNAUTHORIZED",
    local.InvalidAuthorizerError: "AUTHORIZER_CONFIGURATION_ERROR",
}


def response_type(error: local.LocalGatewayException) -> str:
    """The type of gateway response that the refusal is."""
    if error.headers.get(_ERROR_TYPE) == _DENIED:
        return "ACCESS_DENIED"
    return _TYPES.get(type(error), "MISSING_AUTHENTICATION_TOKEN")


class Authorizers(local.LocalGatewayAuthorizer):  # type: ignore[misc]
    """Chalice's way to call the app's authorizers, with API Gateway's answer to one that fails."""

    def authorize(self, raw_path: str, lambda_event: dict[str, Any], lambda_context: Any) -> Any:
        """The event with what the authorizer says. Raises chalice's LocalGatewayException."""
        headers = {"x-amzn-RequestId": lambda_context.aws_request_id}
        try:
            return super().authorize(raw_path, lambda_event, lambda_context)
        except local.LocalGatewayException:
            raise
        except Exception as error:
            if str(error) == UNAUTHORIZED:
                headers[_ERROR_TYPE] = "UnauthorizedException"
                raise local.NotAuthorizedError(headers, b'{"message":"Unauthorized"}') from error
            self._app_object.log.error("the authorizer failed", exc_info=error)
            headers[_ERROR_TYPE] = "AuthorizerConfigurationException"
            raise local.InvalidAuthorizerError(headers, b'{"message":null}') from error
