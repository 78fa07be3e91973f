"""Lambda authorizers: who is asked, what is kept of the answer, what it allows.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from emulator.api_gateway import refusal
from emulator.api_gateway.definition import REQUEST, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.api_gateway.definition import Authorizer

    #: Calls the function behind an authorizer with an event.
    Ask = Callable[[Authorizer, dict[str, Any]], Any]

#: Answers that are kept; beyond that the oldest goes.
KEPT_MAX = 10_000

_INVOKE = {"execute-api:invoke", "execute-api:*", "*"}
#: What of the request's event an authorizer of type REQUEST does not see.
_BODY = ("body", "isBase64Encoded")


class FunctionFailedError(Exception):
    """The function behind an authorizer failed; the message is the error's own."""


class _Statement(msgspec.Struct):
    effect: str = msgspec.field(name="Effect")
    action: str | list[str] = msgspec.field(name="Action", default="")
    resource: str | list[str] = msgspec.field(name="Resource", default="")
    condition: dict[str, Any] = msgspec.field(name="Condition", default={})


class _Policy(msgspec.Struct):
    statements: list[_Statement] = msgspec.field(name="Statement", default=[])


class Permission(msgspec.Struct, rename="camel"):
    """What an authorizer answers.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """

    principal_id: str
    policy_document: _Policy
    context: dict[str, str | int | float | bool] | None = None


class _Kept(NamedTuple):
    permission: Permission
    until_ms: int


class Authorizers:
    """Those of one stage, with the answers that are kept."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, ...], _Kept] = {}

    def authorize(
        self, authorizer: Authorizer, event: Mapping[str, Any], *, method_arn: str, now_ms: int
    ) -> dict[str, Any]:
        """What the function may know of the caller: ``requestContext.authorizer``.

        Raises Refusal.
        """
        identity = tuple(_found(source, event) for source in authorizer.identity_sources)
        if not all(identity) or not _is_valid(authorizer, identity):
            raise refusal.unauthorized()
        permission = self._permission(
            authorizer, event, identity=identity, method_arn=method_arn, now_ms=now_ms
        )
        _check(permission.policy_document, method_arn)
        context = permission.context or {}
        return {**{n: _text(v) for n, v in context.items()}, "principalId": permission.principal_id}

    def _permission(
        self,
        authorizer: Authorizer,
        event: Mapping[str, Any],
        *,
        identity: tuple[str, ...],
        method_arn: str,
        now_ms: int,
    ) -> Permission:
        # kept for all methods of the stage: a policy that names one route is no good for another
        key = (authorizer.name, *identity)
        kept = self._kept.get(key)
        if kept is not None and now_ms < kept.until_ms:
            return kept.permission
        permission = self._asked(authorizer, _event(authorizer, event, identity, method_arn))
        if authorizer.ttl_seconds and identity:
            self._keep(key, _Kept(permission, now_ms + authorizer.ttl_seconds * 1000))
        return permission

    def _keep(self, key: tuple[str, ...], kept: _Kept) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = kept
            if len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]

    def _asked(self, authorizer: Authorizer, event: dict[str, Any]) -> Permission:
        try:
            return msgspec.convert(self._ask(authorizer, event), Permission)
        except FunctionFailedError as error:
            if str(error) == refusal.UNAUTHORIZED:
                raise refusal.unauthorized() from None
            raise refusal.authorizer_failed(f"authorizer {authorizer.name}: {error}") from error
        except msgspec.ValidationError as error:
            reason = f"authorizer {authorizer.name} answers no policy: {error}"
            raise refusal.authorizer_failed(reason) from None


def _event(
    authorizer: Authorizer, event: Mapping[str, Any], identity: tuple[str, ...], method_arn: str
) -> dict[str, Any]:
    if authorizer.kind == TOKEN:
        return {"type": TOKEN, "methodArn": method_arn, "authorizationToken": identity[0]}
    request = {name: value for name, value in event.items() if name not in _BODY}
    return {"type": REQUEST, "methodArn": method_arn, **request}


def _is_valid(authorizer: Authorizer, identity: tuple[str, ...]) -> bool:
    if authorizer.validation is None or not identity:
        return True
    return re.fullmatch(authorizer.validation, identity[0]) is not None


def _found(source: str, event: Mapping[str, Any]) -> str:
    """The value of ``method.request.header.Name`` and its like; empty if there is none."""
    where, _, name = source.rpartition(".")
    places = {
        "method.request.header": event["headers"],
        "method.request.querystring": event["queryStringParameters"],
        "stageVariables": event["stageVariables"],
        "context": event["requestContext"],
        "context.identity": event["requestContext"]["identity"],
    }
    values = {key.lower(): value for key, value in (places.get(where) or {}).items()}
    return str(values.get(name.lower()) or "")


def _check(policy: _Policy, method_arn: str) -> None:
    """Raises Refusal unless the policy allows the method and nothing in it denies it."""
    fitting = [s.effect for s in policy.statements if _fits(s, method_arn)]
    if "Deny" in fitting:
        raise refusal.denied(explicitly=True)
    if "Allow" not in fitting:
        raise refusal.denied(explicitly=False)


def _fits(statement: _Statement, method_arn: str) -> bool:
    if statement.condition:
        raise refusal.authorizer_failed("conditions in an authorizer's policy are not known here")
    if not _INVOKE & {action.lower() for action in _list(statement.action)}:
        return False
    return any(_pattern(resource).fullmatch(method_arn) for resource in _list(statement.resource))


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _pattern(resource: str) -> re.Pattern[str]:
    """``*`` stands for any characters, ``?`` for one."""
    return re.compile(re.escape(resource).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - JSON's
    """Functions get every value of the context as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
