"""What the rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from emulator import template
from emulator.sqs.attributes import dead_letter_target

if TYPE_CHECKING:
    from pathlib import Path

    from chalice.config import Config

    from emulator.checking.finding import Files
    from emulator.declared.project import Declared, Project
    from emulator.template import Names, Resource


class Subject(NamedTuple):
    """A project, in the stage that is to be deployed."""

    found: Declared
    #: the project as it would run; None if it is refused
    described: Project | None
    config: Config
    names: Names
    files: Files
    #: the template that ``chalice package`` made
    packaged: Path | None

    @property
    def resources(self) -> list[Resource]:
        """What the template has; ``found.missing`` is made up by the emulator."""
        return [r for r in self.found.resources if r.logical_id not in self.found.missing]

    def of_type(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == kind]

    def name_of(self, resource: Resource) -> str:
        return template.physical_name(resource, self.names)

    def queue(self, arn: Any) -> Resource | None:
        """The template's queue with an ARN, or a name."""
        if not isinstance(arn, str) or (arn.startswith("arn:") and ":sqs:" not in arn):
            return None
        name = arn.rpartition(":")[2]
        queues = self.of_type("AWS::SQS::Queue")
        return next((queue for queue in queues if self.name_of(queue) == name), None)

    def dead_letter_queue(self, queue: Resource) -> Resource | None:
        """The queue that it gives its messages up to, if the template has it."""
        return self.queue(dead_letter_target(queue.properties)) if redrives(queue) else None


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list of objects; of anything else none, which AWS will say."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def redrives(resource: Resource) -> bool:
    """Whether it is a queue that gives up on messages."""
    return isinstance(resource.properties.get("RedrivePolicy"), dict)
