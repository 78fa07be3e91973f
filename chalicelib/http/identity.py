"""Who calls: the tenant whose jobs a request is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.jobs.model import TENANT
from chalicelib.jobs.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Routes that answer everybody, and tell nobody's secrets.
OPEN_ROUTES = frozenset(
    {"/", "/docs", "/openapi.json", "/problems/{slug}", "/assets/{name}", "/healthz", "/{proxy+}"}
)
#: What can stand in a key of the table and be a message's group.
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def tenant(context: Mapping[str, Any], *, anonymous: str = TENANT) -> str:
    """The tenant of a request, of which ``context`` is what API Gateway says.

    Where the route has an authorizer, the ``tenant`` of its context, else whom it calls the
    principal; without one ``anonymous``. Raises ProblemError if the authorizer names nobody.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    authorizer = context.get("authorizer")
    if authorizer is None:
        return anonymous
    name = authorizer.get("tenant") or authorizer.get("principalId") or ""
    if not is_tenant(name):
        raise ProblemError("forbidden", "Ask for an account")
    return str(name)


def is_tenant(name: object) -> bool:
    """Whether this can name a tenant."""
    return isinstance(name, str) and _TENANT.fullmatch(name) is not None
