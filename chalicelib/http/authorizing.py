"""Between API Gateway's authorizer and tokens: who may call, as the policy it asks for.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import functools
import os

from chalice.app import AuthResponse

from chalicelib import logs
from chalicelib.errors import ServiceError
from chalicelib.http.tokens import InvalidTokenError, TokenVerifier
from chalicelib.settings import Settings, SettingsError

#: API Gateway keeps an answer by its token and uses it for every route of the API, so one that
#: names some of them would refuse the others.
ALL_ROUTES = ["*"]


class UnauthorizedError(ServiceError):
    """Unauthorized"""  # to this very word API Gateway answers 401, to any other 500


def answer(authorization: str) -> AuthResponse:
    """All routes for a caller whose tenant is known, none for another.

    Raises UnauthorizedError for a token that proves nothing.
    """
    try:
        caller = _verifier().caller(authorization)
    except InvalidTokenError as error:
        logs.record("unauthorized", error=error.__cause__ or error)
        raise UnauthorizedError from None
    if caller.tenant is None:
        logs.record("forbidden")
        return AuthResponse(routes=[], principal_id=caller.subject)
    context = {"tenant": caller.tenant}
    return AuthResponse(routes=ALL_ROUTES, principal_id=caller.subject, context=context)


@functools.cache
def _verifier() -> TokenVerifier:
    """Raises settings.SettingsError, also where the API is open: nobody should ask there."""
    tokens = Settings.from_environment(os.environ).tokens
    if tokens is None:
        raise SettingsError("AUTH is open, so there are no tokens to verify")
    return TokenVerifier(tokens)
