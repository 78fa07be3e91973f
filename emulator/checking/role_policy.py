"""The policy of a function's role: read, and asked what it permits.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from chalice.constants import (
    DDB_EVENT_SOURCE_POLICY,
    KINESIS_EVENT_SOURCE_POLICY,
    SQS_EVENT_SOURCE_POLICY,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import OSUtils
from moto.iam.access_control import IAMPolicy, PermissionResult

if TYPE_CHECKING:
    from chalice.config import Config

    from emulator.checking.finding import Files, Place

#: What Chalice adds for event sources to a policy that it writes itself.
_ADDED = [SQS_EVENT_SOURCE_POLICY, KINESIS_EVENT_SOURCE_POLICY, DDB_EVENT_SOURCE_POLICY]
_STREAM_LABEL = re.compile(r"/stream/[^/]+$")
_ARN_PARTS = 6


class RolePolicy(NamedTuple):
    """What a role may do, in any region and account, and where that is written."""

    document: str
    place: Place

    def permits(self, action: str, resource: str) -> bool:
        said = IAMPolicy(self.document).is_action_permitted(action.lower(), resource)
        return bool(said == PermissionResult.PERMITTED)


class RolePolicies:
    """The policies of a project's functions, as Chalice would deploy them."""

    def __init__(self, config: Config, files: Files) -> None:
        self._config = config
        self._files = files

    def of(self, scoped: Config) -> RolePolicy:
        """That of the function that ``scoped`` is for.

        Raises ValueError for a file that is no policy.
        """
        if scoped.autogen_policy is not False:
            return self._generated
        file = file_of(scoped)
        document = self._files.read(file)
        statements = document.get("Statement") if isinstance(document, dict) else None
        if not statements:
            raise ValueError("it has no Statement" if document else "it is not there")
        listed = statements if isinstance(statements, list) else [statements]
        if not all(map(_is_statement, listed)):
            raise ValueError("a statement has no Action, or one that is no text")
        return RolePolicy(_plain(listed), self._files.at(file, ["Statement"], "Statement"))

    @functools.cached_property
    def _generated(self) -> RolePolicy:
        """What Chalice reads from the code, for all functions alike. It takes half a second."""
        document = AppPolicyGenerator(OSUtils()).generate_policy(self._config)
        statements = [*document["Statement"], *_ADDED]
        return RolePolicy(_plain(statements), self._files.in_config("autogen_policy"))


def file_of(scoped: Config) -> str:
    """Where Chalice takes it from, from the project's folder."""
    return f".chalice/{scoped.iam_policy_file or f'policy-{scoped.chalice_stage}.json'}"


def _is_statement(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    actions = value.get("Action", value.get("NotAction"))
    listed = actions if isinstance(actions, list) else [actions]
    return all(isinstance(action, str) for action in listed)


def _plain(statements: list[dict[str, Any]]) -> str:
    """A policy that says the same of every region and account, and without conditions.

    Names of actions are the same in small letters.
    """
    kept = [s for s in statements if s.get("Effect") == "Allow" or "Condition" not in s]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {name: _element(name, value) for name, value in s.items() if name != "Condition"}
                for s in kept
            ],
        }
    )


def _element(name: str, value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    if name in ("Action", "NotAction"):
        return [str(action).lower() for action in values]
    if name == "Resource":
        return [_anywhere(str(resource)) for resource in values]
    return value


def _anywhere(resource: str) -> str:
    """Of any region and account; the label of a table's stream is a date that nobody knows yet."""
    parts = resource.split(":", _ARN_PARTS - 1)
    if len(parts) == _ARN_PARTS:
        parts[1] = parts[3] = parts[4] = "*"
    return _STREAM_LABEL.sub("/stream/*", ":".join(parts))
