"""One change of a stack: its resources made, changed and removed, or all of it undone.

Creating a stack is changing one that has nothing. Every step notes how it is undone; if one fails,
those before it are, last first.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from emulator.cloud_formation import registry, template_order
from emulator.cloud_formation.steps import StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud_formation.resource import Resource, ResourceType, Wanted
    from emulator.cloud_formation.resource_map import StackResources
    from emulator.cloud_formation.stack import SeatedStack
    from emulator.cloud_formation.steps import Steps


class Words(NamedTuple):
    """The statuses of a stack through one kind of change."""

    doing: str
    done: str
    failed: str
    undoing: str
    undone: str
    not_undone: str


CREATE = Words(
    "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED",
)  # fmt: skip
UPDATE = Words(
    "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED",
)  # fmt: skip
CLEANING = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


class Deployment:
    """From what a stack has to what ``after`` says. Runs without the cloud's lock."""

    def __init__(
        self, stack: SeatedStack, after: StackResources, steps: Steps, *, words: Words,
        rolls_back: bool = True,
    ) -> None:  # fmt: skip
        self._stack = stack
        self._before = stack.resource_map
        self._after = after
        self._steps = steps
        self._words = words
        self._rolls_back = rolls_back
        self._undo: list[Callable[[], None]] = []
        self._replaced: list[Resource] = []

    def run(self) -> None:
        """Ends in one of the stack's statuses; never raises."""
        try:
            for logical_id in template_order.order(self._after.template):
                if self._after.applies(logical_id):
                    self._bring(logical_id)
            self._stack.take(self._after)
        except StepFailedError as failed:
            self._fail(failed)
            return
        if obsolete := self._obsolete():
            self._stack.enter(CLEANING)
            for resource, policy in obsolete:
                # what cannot be removed is left, and the stack is as it was wanted all the same
                self._steps.try_to_remove(resource, policy)
        self._stack.enter(self._words.done)

    def _bring(self, logical_id: str) -> None:
        """Have one resource as it is wanted."""
        before = self._before.made.get(logical_id)
        kind = registry.find(self._after.body(logical_id)["Type"])
        wanted = self._steps.resolve(self._after, logical_id, kind)
        if before is None:
            self._make(kind, wanted)
        elif _needs_another(before, wanted):
            self._replace(before, kind, wanted)
        else:
            self._change(before, wanted)

    def _make(self, kind: ResourceType, wanted: Wanted) -> None:
        made = self._steps.make(kind, wanted)
        self._after.made[wanted.logical_id] = made
        self._undo.append(functools.partial(self._unmake, made))

    def _unmake(self, made: Resource) -> None:
        policy = made.wanted.deletion_policy
        self._steps.remove(made, "Delete" if policy == "RetainExceptOnCreate" else policy)
        self._after.made.pop(made.logical_id, None)

    def _replace(self, before: Resource, kind: ResourceType, wanted: Wanted) -> None:
        if kind.named_by in wanted.properties and wanted.name == before.wanted.name:
            raise self._steps.failed(
                before,
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {wanted.name} and update the stack again.",
            )
        self._make(kind, wanted)
        self._replaced.append(before)

    def _change(self, resource: Resource, wanted: Wanted) -> None:
        """A name that CloudFormation has made up stays."""
        before = resource.wanted
        wanted = msgspec.structs.replace(wanted, name=before.name)
        self._after.made[wanted.logical_id] = resource
        if (before.properties, before.tags) == (wanted.properties, wanted.tags):
            # its policies may have changed, which nothing has to be done for
            resource.wanted = wanted
            self._undo.append(functools.partial(setattr, resource, "wanted", before))
            return
        # also what fails half-way is put back
        self._undo.append(functools.partial(self._steps.change, resource, before))
        self._steps.change(resource, wanted)

    def _obsolete(self) -> list[tuple[Resource, str]]:
        """What the stack has no more, last made first, and the policy for each.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
        """
        replaced = [(old, old.wanted.replace_policy) for old in self._replaced]
        gone = [
            (old, old.wanted.deletion_policy)
            for name, old in self._before.made.items()
            if name not in self._after.made
        ]
        return [*reversed(replaced), *reversed(gone)]

    def _fail(self, failed: StepFailedError) -> None:
        reason = f"The following resource(s) failed to {failed.verb}: [{failed.logical_id}]."
        if not self._rolls_back:
            for name, resource in self._before.made.items():
                self._after.made.setdefault(name, resource)
            self._stack.keep(self._after)
            self._stack.enter(self._words.failed, f"{reason} {failed}")
            return
        self._stack.enter(self._words.undoing, f"{reason} Rollback requested by user.")
        # every one of them, also after one that failed
        undone = [_succeeds(undo) for undo in reversed(self._undo)]
        if not self._before.made:
            # what a creation could not remove again belongs to the stack, to be deleted with it
            self._stack.keep(self._after)
        self._stack.enter(self._words.undone if all(undone) else self._words.not_undone)


def _succeeds(undo: Callable[[], None]) -> bool:
    try:
        undo()
    except StepFailedError:
        return False
    return True


def _needs_another(before: Resource, wanted: Wanted) -> bool:
    """Whether a property has changed that no call changes."""
    kind = before.kind
    return any(
        before.properties.get(name) != wanted.properties.get(name)
        for name in (kind.fixed if kind.fixed is not None else wanted.properties)
    )
