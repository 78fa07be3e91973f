"""What is done to one resource of a stack, each step an event of the stack.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import ServiceException

from emulator.cloud_formation.dynamic_references import DynamicReferences
from emulator.cloud_formation.resource import Resource, Subject
from emulator.cloud_formation.template_text import evaluated

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import ResourceType, Wanted
    from emulator.cloud_formation.resource_map import StackResources
    from emulator.cloud_formation.stack import SeatedStack
    from emulator.journal import Journal

#: What services call a thing that is not there, which is as good as removed.
_GONE = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist")
_RETAINED = {"Retain", "RetainExceptOnCreate"}
#: What is somebody's mistake; anything else is one of moto's or ours.
_REFUSALS = (BotoCoreError, ClientError, ServiceException, ValueError)


class StepFailedError(Exception):
    """A resource could not be made, changed or removed; ``verb`` says which of them."""

    def __init__(self, logical_id: str, reason: str, *, verb: str) -> None:
        super().__init__(reason)
        self.logical_id = logical_id
        self.verb = verb


class Steps:
    """The steps of one change of a stack. Each raises StepFailedError."""

    def __init__(self, stack: SeatedStack, aws: Calls, journal: Journal) -> None:
        self._stack = stack
        self._aws = aws
        self._journal = journal
        self._references = DynamicReferences(aws)

    def resolve(self, resources: StackResources, logical_id: str, kind: ResourceType) -> Wanted:
        """How a resource is wanted, by what exists now."""
        body = resources.body(logical_id)
        what = Subject(logical_id, body["Type"])

        def read() -> Wanted:
            with evaluated():
                return resources.wanted(logical_id, kind)

        wanted: Wanted = self._do("CREATE", what, read)
        return wanted

    def make(self, kind: ResourceType, wanted: Wanted) -> Resource:
        what = Subject(wanted.logical_id, wanted.type)
        self._stack.record(what, "CREATE_IN_PROGRESS")
        physical = self._do("CREATE", what, lambda: kind.create(self._aws, self._real(wanted)))
        made = Resource(kind, wanted, physical, aws=self._aws)
        try:
            self._do(
                "CREATE",
                made.subject,
                lambda: kind.complete(self._aws, physical, self._real(wanted)),
            )
        except StepFailedError:
            self.try_to_remove(made, "Delete")
            raise
        self._stack.record(made.subject, "CREATE_COMPLETE", self._report(kind, wanted))
        return made

    def change(self, resource: Resource, wanted: Wanted) -> None:
        what = resource.subject
        self._stack.record(what, "UPDATE_IN_PROGRESS")
        kind = resource.kind
        try:
            self._do("UPDATE", what, lambda: kind.update(self._aws, resource, self._real(wanted)))
        finally:
            # also what failed half-way is changed
            resource.wanted = wanted
        self._stack.record(resource.subject, "UPDATE_COMPLETE", self._report(kind, wanted))

    def remove(self, resource: Resource, policy: str) -> None:
        """Unless the policy is to retain it."""
        what = resource.subject
        if policy in _RETAINED:
            self._stack.record(what, "DELETE_SKIPPED")
            return
        self._stack.record(what, "DELETE_IN_PROGRESS")
        self._do("DELETE", what, lambda: self._delete(resource))
        self._stack.record(what, "DELETE_COMPLETE")

    def try_to_remove(self, resource: Resource, policy: str) -> bool:
        """Whether it is removed, or retained."""
        try:
            self.remove(resource, policy)
        except StepFailedError:
            return False
        return True

    def failed(self, resource: Resource, reason: str) -> StepFailedError:
        """What to raise for a change that cannot be made."""
        self._stack.record(resource.subject, "UPDATE_FAILED", reason)
        return StepFailedError(resource.logical_id, reason, verb="update")

    def _delete(self, resource: Resource) -> None:
        try:
            resource.kind.delete(self._aws, resource)
        except ClientError as error:
            if not _GONE.search(error.response["Error"]["Code"]):
                raise

    def _do(self, verb: str, what: Subject, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except _REFUSALS as error:
            reason = self._references.hidden(_reason(error))
        except Exception as error:  # whatever moto does must not leave a stack half-way for ever
            reason = self._references.hidden(f"{type(error).__name__}: {error}")
            self._journal.record(
                what.logical_id, "error", error=reason, traceback=traceback.format_exc()
            )
        self._stack.record(what, f"{verb}_FAILED", reason)
        raise StepFailedError(what.logical_id, reason, verb=verb.lower())

    def _real(self, wanted: Wanted) -> Wanted:
        """With its secrets, which nobody keeps."""
        properties = self._references.resolved(wanted.properties)
        return msgspec.structs.replace(wanted, properties=properties)

    def _report(self, kind: ResourceType, wanted: Wanted) -> str | None:
        """What of it has no effect here: a reason in the event, and a line for the user."""
        if not kind.is_made:
            problem = f"{wanted.type} is not created locally"
        elif kind.known is None or not (other := wanted.properties.keys() - kind.known):
            return None
        else:
            problem = f"has no effect locally: {', '.join(sorted(other))}"
        self._journal.record(wanted.logical_id, "warning", text=problem)
        return problem


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        found = error.response["Error"]
        return f"{found.get('Message') or found['Code']} ({found['Code']})"
    return str(error)
