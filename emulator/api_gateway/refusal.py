"""What API Gateway answers by itself, with its name, status and text for each case.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from emulator.http.message import Response
from emulator.limits import REQUEST_BYTES_MAX, REQUEST_HEADER_BYTES_MAX

#: The message with which an authorizer fails to have 401 answered, and not 500.
UNAUTHORIZED = "Unauthorized"


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A request that no integration answers.

    ``kind`` is the type of its gateway response, ``error_type`` what clients find in
    ``x-amzn-ErrorType``; ``reason`` is for the terminal, and never sent.
    """

    def __init__(
        self, kind: str, status: int, *, error_type: str, body: dict[str, Any], reason: str = ""
    ) -> None:
        super().__init__(reason or f"{error_type}: {body}")
        self.kind = kind
        self.status = status
        self.error_type = error_type
        self.body = body
        self.reason = reason

    def response(self, request_id: str) -> Response:
        """API Gateway's own answer."""
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", request_id),
            ("x-amzn-ErrorType", self.error_type),
        ]
        return Response(self.status, headers, msgspec.json.encode(self.body))


def missing_token(authorization: str | None) -> Refusal:
    """No method is declared for the request; one with credentials is taken for a signed one."""
    text, error_type = "Missing Authentication Token", "MissingAuthenticationTokenException"
    if authorization is not None:
        error_type = "IncompleteSignatureException"
        text = (
            "Authorization header requires 'Credential' parameter. Authorization header requires "
            "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            f"Authorization={authorization}"
        )
    return Refusal(
        "MISSING_AUTHENTICATION_TOKEN", 403, error_type=error_type, body={"message": text}
    )


def forbidden(reason: str) -> Refusal:
    """There is no such stage, or none that may be called so."""
    return Refusal(
        "INVALID_API_KEY", 403, error_type="ForbiddenException", body={"message": "Forbidden"},
        reason=reason,
    )  # fmt: skip


def unauthorized() -> Refusal:
    """The caller is not known."""
    return Refusal(
        "UNAUTHORIZED", 401, error_type="UnauthorizedException", body={"message": UNAUTHORIZED}
    )


def denied(*, explicitly: bool) -> Refusal:
    """The caller is known, and may not do this."""
    text = "User is not authorized to access this resource"
    if explicitly:
        text += " with an explicit deny"
    return Refusal("ACCESS_DENIED", 403, error_type="AccessDeniedException", body={"Message": text})


def authorizer_failed(reason: str) -> Refusal:
    """The authorizer failed, or gave no answer that can be understood."""
    return Refusal(
        "AUTHORIZER_CONFIGURATION_ERROR", 500, error_type="AuthorizerConfigurationException",
        body={"message": None}, reason=reason,
    )  # fmt: skip


def too_large() -> Refusal:
    """The event would be larger than Lambda takes."""
    return Refusal(
        "REQUEST_TOO_LARGE", 413, error_type="RequestEntityTooLargeException",
        body={"message": "Request Too Long"},
    )  # fmt: skip


def misconfigured(reason: str) -> Refusal:
    """What is declared cannot be done."""
    return Refusal(
        "API_CONFIGURATION_ERROR", 500, error_type="InternalServerErrorException",
        body={"message": "Internal server error"}, reason=reason,
    )  # fmt: skip


def malformed(reason: str) -> Refusal:
    """The function failed, or its answer is not one that API Gateway takes."""
    return Refusal(
        "DEFAULT_5XX", 502, error_type="InternalServerErrorException",
        body={"message": "Internal server error"}, reason=reason,
    )  # fmt: skip


def timed_out(reason: str) -> Refusal:
    """The integration took longer than it may."""
    return Refusal(
        "INTEGRATION_TIMEOUT", 504, error_type="InternalServerErrorException",
        body={"message": "Endpoint request timed out"}, reason=reason,
    )  # fmt: skip


def request_too_long() -> Refusal:
    """More than API Gateway takes, whatever Lambda would."""
    return Refusal(
        "REQUEST_TOO_LARGE", 413, error_type="RequestEntityTooLargeException",
        body={"message": f"HTTP content length exceeded {REQUEST_BYTES_MAX} bytes."},
    )  # fmt: skip


def header_too_long() -> Refusal:
    """More headers than API Gateway takes."""
    return Refusal(
        "DEFAULT_4XX", 431, error_type="BadRequestException",
        body={"message": f"headers exceed {REQUEST_HEADER_BYTES_MAX} bytes"},
    )  # fmt: skip
