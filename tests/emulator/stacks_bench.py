"""Stacks of CloudFormation on a virtual clock, for tests."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lambda_bench import LambdaBench, bench, client

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "shop-dev"
AGREED = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
Template = dict[str, Any]


def resource(kind: str, **properties: Any) -> Template:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def att(name: str, attribute: str) -> Template:
    return {"Fn::GetAtt": [name, attribute]}


def ref(name: str) -> Template:
    return {"Ref": name}


def template(**resources: Template) -> Template:
    """With an output ``<Name>`` for the reference to each of them."""
    outputs = {name: {"Value": ref(name)} for name in resources}
    return {"Resources": resources, "Outputs": outputs}


class Stacks:
    """One stack, made as a template says, and made another."""

    def __init__(self, made: LambdaBench) -> None:
        self.bench = made
        self.aws = client("cloudformation")

    def create(self, body: Template, **more: Any) -> str:
        """Returns the status it ends in."""
        return self._send(self.aws.create_stack, body, **more)

    def update(self, body: Template, **more: Any) -> str:
        return self._send(self.aws.update_stack, body, **more)

    def _send(self, call: Any, body: Template, **more: Any) -> str:
        given = {"StackName": NAME, "Capabilities": AGREED, **more}
        call(TemplateBody=json.dumps(body), **given)
        return self.status

    def delete(self) -> None:
        self.aws.delete_stack(StackName=NAME)

    @property
    def described(self) -> Any:
        return self.aws.describe_stacks(StackName=NAME)["Stacks"][0]

    @property
    def status(self) -> str:
        return str(self.described["StackStatus"])

    @property
    def outputs(self) -> dict[str, str]:
        found = self.described.get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def events(self) -> list[tuple[str, str]]:
        """Who came to what, in order."""
        events = self.aws.describe_stack_events(StackName=NAME)["StackEvents"]
        return [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events)]

    def failures(self) -> dict[str, str]:
        """Why which resources failed."""
        events = self.aws.describe_stack_events(StackName=NAME)["StackEvents"]
        return {
            event["LogicalResourceId"]: event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != NAME
        }


@contextmanager
def stacks() -> Iterator[Stacks]:
    with bench() as made:
        yield Stacks(made)
