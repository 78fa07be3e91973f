"""Answers requests to the stages of every REST API that the cloud has."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import msgspec

from emulator.api_gateway import backend, refusal
from emulator.api_gateway.authorizing import FunctionFailedError
from emulator.api_gateway.definition import Stage
from emulator.api_gateway.proxy_event import Call
from emulator.api_gateway.refusal import Refusal
from emulator.api_gateway.rest_api import RestApi
from emulator.limits import (
    INTEGRATION_SECONDS_MAX,
    REQUEST_BYTES_MAX,
    REQUEST_HEADER_BYTES_MAX,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from emulator.api_gateway.address import Address
    from emulator.api_gateway.definition import Authorizer
    from emulator.clock import Clock
    from emulator.http.message import Request, Response
    from emulator.invocation import Outcome
    from emulator.journal import Journal

Result = TypeVar("Result")

#: Errors of a call that say that the function is not to be had, not that it failed.
_NOT_CALLED = {"ResourceNotFoundException", "TooManyRequestsException"}


class Within(Protocol):
    """Does some work in a time."""

    def __call__(self, work: Callable[[], Result], timeout_ms: int) -> Result:
        """Raises TimeoutError; the work goes on."""


class Invoke(Protocol):
    """Invokes a function by its ARN with an event, and waits; ``source`` is for the terminal."""

    def __call__(self, arn: str, payload: bytes, *, source: str) -> Outcome: ...


class Calling(NamedTuple):
    """How stages call functions."""

    invoke: Invoke
    within: Within
    clock: Clock
    #: the cloud's lock: taken to look something up, never while a function runs
    condition: threading.Condition
    journal: Journal


class DeployedApis:
    """All of them. Called by many threads at once."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling
        #: by API and stage, with the deployment that it answers from
        self._serving: dict[tuple[str, str], tuple[str, Mapping[str, str], RestApi]] = {}

    def respond(self, request: Request, address: Address) -> Response:
        """What the stage at the address answers."""
        calling = self._calling
        call = Call(
            request, address.target, address.path, str(uuid.uuid4()), calling.clock.now_ms()
        )
        api: RestApi | None = None
        try:
            api = self._find(address)
            _check_size(request)
            response = api.answer(call)
        except Refusal as refused:
            response = api.refused(refused, call) if api else refused.response(call.request_id)
            if refused.reason:
                calling.journal.record(api.name if api else "api", "refuse", reason=refused.reason)
        calling.journal.record(
            api.name if api else "api", "request",
            route=f"{request.method} {address.target}", status=response.status,
            duration_ms=calling.clock.now_ms() - call.at_ms, request_id=call.request_id,
        )  # fmt: skip
        return response

    def _find(self, address: Address) -> RestApi:
        """The stage's API; a new deployment begins with no kept answers of authorizers."""
        with self._calling.condition:
            stored = backend.stages()
            for key in self._serving.keys() - {(api.id, stage.name) for api, stage in stored}:
                del self._serving[key]
            for api, stage in stored:
                if (api.id, stage.name) == (address.api_id, address.stage):
                    return self._serve(api, stage)
        known = ", ".join(f"{api.id}/{stage.name}" for api, stage in stored) or "none"
        raise refusal.forbidden(
            f"no stage {address.stage!r} of an API {address.api_id!r}; there are: {known}"
        )

    def _serve(self, api: Any, stage: Any) -> RestApi:
        key, variables = (api.id, stage.name), dict(stage.variables)
        serving = self._serving.get(key)
        if serving is None or serving[:2] != (stage.deployment_id, variables):
            at = Stage(
                api_id=api.id, name=stage.name, account_id=api.account_id, region=api.region_name,
                variables=variables,
            )  # fmt: skip
            deployment = api.deployments.get(stage.deployment_id)
            if deployment is None:
                raise refusal.forbidden(f"stage {stage.name!r} of {api.id!r} has no deployment")
            made = RestApi(deployment.definition, at, DeployedServices(self._calling, at))
            serving = self._serving[key] = (stage.deployment_id, variables, made)
        return serving[2]


class DeployedServices:
    """Calls functions as Lambda's Invoke does."""

    def __init__(self, calling: Calling, stage: Stage) -> None:
        self._calling = calling
        self._stage = stage

    def answer(self, arn: str, event: dict[str, Any], *, call: Call, timeout_ms: int) -> Any:
        """Raises Refusal."""
        outcome = self._invoke(arn, event, timeout_ms)
        if not outcome.ok:
            raise refusal.malformed(f"{arn} failed: {outcome.error}")
        return _decoded(outcome)

    def vouch(self, authorizer: Authorizer, event: dict[str, Any]) -> dict[str, Any]:
        """Raises Refusal: nobody here can check signatures, or tokens of Cognito."""
        raise refusal.misconfigured(f"authorizers of type {authorizer.kind} are not known here")

    def knows_key(self, key: str) -> bool:
        """Whether a usage plan of the stage has the key."""
        with self._calling.condition:
            return key in backend.keys_of(self._stage)

    def permission(self, arn: str, event: dict[str, Any]) -> Any:
        """Raises Refusal, FunctionFailedError."""
        outcome = self._invoke(arn, event, INTEGRATION_SECONDS_MAX * 1000)
        if not outcome.ok:
            raise FunctionFailedError(outcome.value().get("errorMessage"))
        return _decoded(outcome)

    def _invoke(self, arn: str, event: dict[str, Any], timeout_ms: int) -> Outcome:
        payload = msgspec.json.encode(event)
        source = "API Gateway"
        try:
            outcome = self._calling.within(
                lambda: self._calling.invoke(arn, payload, source=source), timeout_ms
            )
        except TimeoutError:
            raise refusal.timed_out(f"{arn} took longer than {timeout_ms} ms") from None
        if outcome.error in _NOT_CALLED:
            raise refusal.misconfigured(f"{arn}: {outcome.value()['errorMessage']}")
        return outcome


def _decoded(outcome: Outcome) -> Any:
    try:
        return outcome.value()
    except msgspec.DecodeError as error:
        raise refusal.malformed(f"the function's answer is no JSON: {error}") from None


def _check_size(request: Request) -> None:
    if len(request.body) > REQUEST_BYTES_MAX:
        raise refusal.request_too_long()
    head_bytes = sum(len(name) + len(value) for name, value in request.headers.items())
    if head_bytes > REQUEST_HEADER_BYTES_MAX:
        raise refusal.header_too_long()
