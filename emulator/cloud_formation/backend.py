"""moto's backend for the stacks of one region, with changes that are made, or undone, by ours.

What begins a change answers with the work that makes it: that is done without the cloud's lock.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.utils import (
    generate_changeset_id,
    generate_stack_id,
    validate_create_change_set,
)

from emulator.cloud_formation import capabilities, template_order
from emulator.cloud_formation.calls import Calls
from emulator.cloud_formation.deployment import CREATE, UPDATE, Deployment
from emulator.cloud_formation.errors import (
    ChangeSetNotFoundError,
    InsufficientCapabilitiesError,
    InvalidChangeSetStatusError,
    StackExistsError,
    cannot_be,
)
from emulator.cloud_formation.request import Request, Source
from emulator.cloud_formation.responses import URL_BASES, URL_PATHS
from emulator.cloud_formation.stack import REVIEW, SeatedChangeSet, SeatedStack
from emulator.cloud_formation.steps import Steps
from emulator.cloud_formation.template_text import decoded, evaluated

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud.aws import Cloud
    from emulator.cloud_formation.resource_map import StackResources
    from emulator.journal import Journal

#: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
#: what a stack may be when it is changed
_CHANGEABLE = {
    "CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
}  # fmt: skip
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)


class StacksBackend(CloudFormationBackend):  # type: ignore[misc]
    """Called under the cloud's lock. Raises CloudFormation's errors."""

    cloud: ClassVar[Cloud]
    journal: ClassVar[Journal]
    change_sets: dict[str, SeatedChangeSet]

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=URL_BASES, url_paths=URL_PATHS)

    def create_stack(
        self, name: str, template: str, parameters: dict[str, str], **more: Any
    ) -> SeatedStack:
        """At once: how moto makes the stacks of a stack, and of stack sets."""
        request = Request(
            stack_name=name,
            source=Source(template, decoded(template)),
            parameters=parameters,
            tags=more.get("tags") or {},
            capabilities=[capabilities.NAMED],
        )
        stack, work = self.begin_create(request)
        work()
        return stack

    def begin_create(self, request: Request) -> tuple[SeatedStack, Callable[[], None]]:
        _agreed(request)
        if self._find(request.stack_name):
            raise StackExistsError(request.stack_name)
        stack = self._new_stack(request)
        work = self._begin(stack, request)
        self.stacks[stack.stack_id] = stack
        return stack, work

    def begin_update(self, request: Request) -> tuple[SeatedStack, Callable[[], None]]:
        _agreed(request)
        stack = self.get_stack(request.stack_name)
        if _is_as_it_is(stack, request):
            raise ValidationError(message="No updates are to be performed.")
        return stack, self._begin(stack, request)

    def _begin(self, stack: SeatedStack, request: Request) -> Callable[[], None]:
        """Raises ValidationError; from then on the stack is changing."""
        words = CREATE if stack.is_new else UPDATE
        if words is UPDATE and stack.status not in _CHANGEABLE:
            raise cannot_be("updated", stack.stack_id, stack.status)
        after = _checked(stack, request)
        after.source = request.source
        if stack.is_new:
            # a creation that fails shows what it was to become
            stack.source = request.source
        stack.enter(words.doing, "User Initiated")
        steps = Steps(stack, Calls(self.cloud, self.region_name), self.journal)
        deployment = Deployment(stack, after, steps, words=words, rolls_back=request.rolls_back)
        return deployment.run

    def _new_stack(self, request: Request) -> SeatedStack:
        name = request.stack_name
        if not _NAME.fullmatch(name):
            raise ValidationError(
                message=f"1 validation error detected: Value '{name}' at 'stackName' failed to "
                f"satisfy constraint: Member must satisfy regular expression pattern: "
                "[a-zA-Z][-a-zA-Z0-9]*"
            )
        stack_id = generate_stack_id(name, self.region_name, self.account_id)
        return SeatedStack(
            self.cloud.condition,
            self.journal,
            stack_id=stack_id,
            name=name,
            parameters=request.parameters,
            account_id=self.account_id,
            region_name=self.region_name,
            notification_arns=request.notification_arns,
            tags=request.tags,
            role_arn=request.role_arn,
            cross_stack_resources=self.exports,
            enable_termination_protection=request.is_protected,
        )

    def _find(self, name: str) -> SeatedStack | None:
        return next((s for s in self.stacks.values() if name in (s.name, s.stack_id)), None)

    def add_change_set(self, name: str, kind: str, request: Request) -> SeatedChangeSet:
        """``kind`` is CREATE or UPDATE."""
        validate_create_change_set(name)
        stack = self._find(request.stack_name)
        if kind == "UPDATE":
            stack = self.get_stack(request.stack_name)
            if stack.status not in _CHANGEABLE:
                raise cannot_be("updated", stack.stack_id, stack.status)
        elif stack is None:
            stack = self._new_stack(request)
        elif stack.status != REVIEW:
            raise StackExistsError(request.stack_name)
        change_set = SeatedChangeSet(
            request,
            change_set_id=generate_changeset_id(name, self.region_name, self.account_id),
            change_set_name=name,
            change_set_type=kind,
            stack=stack,
        )
        problem = request.problem or capabilities.missing(
            request.source.template, request.capabilities
        )
        if problem is None:
            _checked(stack, request)
            problem = NO_CHANGES if _is_as_it_is(stack, request) else None
        change_set.settle(problem)
        if stack.stack_id not in self.stacks:
            self.stacks[stack.stack_id] = stack
            stack.enter(REVIEW, "User Initiated")
        self.change_sets[change_set.change_set_id] = change_set
        return change_set

    def change_set(self, name: str, stack_name: str | None) -> SeatedChangeSet:
        """By its ARN, or by its name among those of a stack."""
        for change_set in self.change_sets.values():
            stack = change_set.stack
            if name == change_set.change_set_id or (
                name == change_set.change_set_name and stack_name in (stack.name, stack.stack_id)
            ):
                return change_set
        raise ChangeSetNotFoundError(name)

    def begin_execution(
        self, name: str, stack_name: str | None, *, rolls_back: bool
    ) -> Callable[[], None]:
        change_set = self.change_set(name, stack_name)
        if change_set.execution_status != "AVAILABLE":
            raise InvalidChangeSetStatusError(
                change_set.change_set_id, str(change_set.execution_status)
            )
        request = msgspec.structs.replace(change_set.request, rolls_back=rolls_back)
        work = self._begin(change_set.stack, request)
        # the others were made for a stack that is no more what it was
        for other in self.change_sets.values():
            if other.stack is change_set.stack and other.execution_status == "AVAILABLE":
                other.execution_status = "OBSOLETE"
        change_set.execution_status = "EXECUTE_COMPLETE"
        return work

    def begin_deletion(self, name: str) -> Callable[[], None]:
        """Of what there is no more, nothing is left to do."""
        stack = self._find(name)
        if stack is None:
            return lambda: None
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is "
                "enabled"
            )
        if stack.is_changing:
            raise cannot_be("deleted", stack.stack_id, stack.status)
        stack.enter("DELETE_IN_PROGRESS", "User Initiated")
        return lambda: self._delete(stack)

    def _delete(self, stack: SeatedStack) -> None:
        steps = Steps(stack, Calls(self.cloud, self.region_name), self.journal)
        made = stack.resource_map.made
        for resource in reversed(list(made.values())):
            if steps.try_to_remove(resource, resource.wanted.deletion_policy):
                del made[resource.logical_id]
        if made:
            left = ", ".join(made)
            stack.enter("DELETE_FAILED", f"The following resource(s) failed to delete: [{left}].")
            return
        with self.cloud.condition:
            for export in stack.exports:
                self.exports.pop(export.name, None)
            self.stacks.pop(stack.stack_id, None)
            self.deleted_stacks[stack.stack_id] = stack
        stack.enter("DELETE_COMPLETE")

    def delete_stack(self, name_or_stack_id: str) -> None:
        """At once: as moto does with the stacks of a stack."""
        self.begin_deletion(name_or_stack_id)()


def _checked(stack: SeatedStack, request: Request) -> StackResources:
    """The values of the template that is wanted; raises ValidationError if it is no good."""
    template = request.source.template
    with evaluated():
        template_order.order(template)
        after = stack.version(template, request.parameters, request.tags)
        for logical_id in template["Resources"]:
            after.applies(logical_id)
    made = stack.resource_map.made
    other = [
        name
        for name, body in template["Resources"].items()
        if name in made and made[name].wanted.type != body["Type"]
    ]
    if other:
        raise ValidationError(
            message="Update of resource type is not permitted. The new template modifies resource "
            f"type of the following resources: [{', '.join(other)}]"
        )
    return after


def _agreed(request: Request) -> None:
    if request.problem:
        raise ValidationError(message=request.problem)
    if problem := capabilities.missing(request.source.template, request.capabilities):
        raise InsufficientCapabilitiesError(problem)


def _is_as_it_is(stack: SeatedStack, request: Request) -> bool:
    known = stack.template_dict, stack.parameters, stack.tags
    return known == (request.source.template, request.parameters, request.tags)
