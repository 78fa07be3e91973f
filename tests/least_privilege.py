"""Holds every call that a function makes, in any test, to the policy file of that function.

In the tests all functions share one process and may do everything; on AWS each has a role of its
own. What a function does without the right to is noted, and fails the test when it ends.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.client import BaseClient
from moto.iam.access_control import IAMPolicy, PermissionResult

from emulator.api_gateway.local_gateway import Gateway
from emulator.runtime.in_place import InPlaceFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

CHALICE = Path(__file__).parents[1] / ".chalice"
ACCOUNT = "us-east-1:123456789012"
API = "api_handler"
#: Operations whose right has another name: a batch needs that of what it is a batch of.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
ACTIONS = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "s3:HeadObject": "s3:GetObject",
}


class Use(NamedTuple):
    """A function does something to something."""

    function: str
    action: str
    resource: str


class Grant(NamedTuple):
    """A function may do something to whatever matches."""

    function: str
    action: str
    pattern: str


class LeastPrivilege:
    """The functions' policies, and what the functions did."""

    def __init__(self, policies: dict[str, Any]) -> None:
        self._policies = policies
        self._function: str | None = None
        self.used: set[Use] = set()
        self.refused: set[Use] = set()

    @property
    def grants(self) -> list[Grant]:
        """Each as a policy of its own would have it; what writes logs is Lambda's, not ours."""
        return [
            Grant(function, action, statement["Resource"])
            for function, policy in self._policies.items()
            for statement in policy["Statement"]
            for action in statement["Action"]
            if not action.startswith("logs:")
        ]

    def allows(self, use: Use) -> bool:
        policy = IAMPolicy(json.dumps(self._policies[use.function]))
        said = policy.is_action_permitted(use.action, use.resource)
        return bool(said == PermissionResult.PERMITTED)

    def without(self, function: str, action: str) -> LeastPrivilege:
        """The same with one right fewer."""
        statements = [
            {**statement, "Action": [a for a in statement["Action"] if a != action]}
            for statement in self._policies[function]["Statement"]
        ]
        policy = {**self._policies[function], "Statement": statements}
        return LeastPrivilege({**self._policies, function: policy})

    def unused(self) -> list[Grant]:
        """What is granted and was never needed."""
        return [grant for grant in self.grants if not any(map(_covers(grant), self.used))]

    @contextlib.contextmanager
    def running(self, function: str) -> Iterator[None]:
        """Until it ends, calls are this function's; others may run inside of it."""
        before, self._function = self._function, function if function in self._policies else None
        try:
            yield
        finally:
            self._function = before

    def note(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """One call, before it is made."""
        if self._function is None:
            return
        name = f"{service}:{operation}"
        use = Use(self._function, ACTIONS.get(name, name), _resource(service, parameters))
        if use not in self.used and not self.allows(use):
            self.refused.add(use)
        self.used.add(use)


def _covers(grant: Grant) -> Any:
    """Whether a use needs a grant, as a policy with nothing else says."""
    statement = {"Effect": "Allow", "Action": grant.action, "Resource": grant.pattern}
    policy = IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def covers(use: Use) -> bool:
        said = policy.is_action_permitted(use.action, use.resource)
        return use.function == grant.function and bool(said == PermissionResult.PERMITTED)

    return covers


def _resource(service: str, parameters: dict[str, Any]) -> str:
    """The ARN that a call is about."""
    if service == "sqs":
        queue = parameters.get("QueueName") or parameters["QueueUrl"].rpartition("/")[2]
        return f"arn:aws:sqs:{ACCOUNT}:{queue}"
    if service == "s3":
        return f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    return f"arn:aws:dynamodb:{ACCOUNT}:table/{parameters['TableName']}{index}"


def policies() -> dict[str, Any]:
    """Each function's policy, by the function's name in app.py."""
    config = json.loads((CHALICE / "config.json").read_text())
    return {
        name: json.loads((CHALICE / function["iam_policy_file"]).read_text())
        for name, function in config["lambda_functions"].items()
    }


@pytest.fixture(autouse=True)
def least_privilege(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeastPrivilege]:
    """Of this app's functions; those of other apps may do what they like."""
    held = LeastPrivilege(policies())
    emit, invoke, answer = BaseClient._emit_api_params, InPlaceFunction.invoke, Gateway._answer

    def noted(client: Any, api_params: Any, operation_model: Any, context: Any) -> Any:
        held.note(client.meta.service_model.service_name, operation_model.name, api_params)
        return emit(client, api_params, operation_model, context)

    def invoked(function: InPlaceFunction, *given: Any, **more: Any) -> Any:
        with held.running(function.spec.name):
            return invoke(function, *given, **more)

    def answered(gateway: Gateway, *given: Any, **more: Any) -> Any:
        with held.running(API if gateway._app.app_name == "accepted" else ""):
            return answer(gateway, *given, **more)

    monkeypatch.setattr(BaseClient, "_emit_api_params", noted)
    monkeypatch.setattr(InPlaceFunction, "invoke", invoked)
    monkeypatch.setattr(Gateway, "_answer", answered)
    yield held
    assert not held.refused, "AWS would refuse what no policy in .chalice/ allows"
