"""What Lambda refuses a request with.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
"""

from __future__ import annotations

import json

from moto.core.exceptions import JsonRESTError


class LambdaError(JsonRESTError):  # type: ignore[misc]
    """An error of Lambda's API: its type, its text, its HTTP status."""

    def __init__(
        self, error_type: str, message: str, *, status: int = 400, reason: str | None = None
    ) -> None:
        super().__init__(error_type, message)
        self.code = status
        body = {"Type": "User", "message": message, "Message": message}
        self.description = json.dumps(body | ({"Reason": reason} if reason else {}))


def invalid_parameter(message: str) -> LambdaError:
    """A parameter has a value that Lambda does not take."""
    return LambdaError("InvalidParameterValueException", message)


def function_not_found(arn: str) -> LambdaError:
    """There is no function, version or alias of that ARN."""
    return LambdaError("ResourceNotFoundException", f"Function not found: {arn}", status=404)


def recursive() -> LambdaError:
    """The function was called too often by what it has called itself.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    return LambdaError(
        "RecursiveInvocationException",
        "Lambda has detected your function being invoked in a recursive loop with other AWS "
        "resources and stopped your function's invocation.",
    )


def throttled(*, reserved: bool) -> LambdaError:
    """No concurrency is free: of the function's own, or of the account's."""
    kind = "ReservedFunctionConcurrent" if reserved else "Concurrent"
    return LambdaError(
        "TooManyRequestsException",
        "Rate Exceeded.",
        status=429,
        reason=f"{kind}InvocationLimitExceeded",
    )
