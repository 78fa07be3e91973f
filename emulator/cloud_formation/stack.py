"""moto's stack with resources of ours: its parameters, outputs and exports stay moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, Event, Stack
from moto.cloudformation.parsing import Export, OutputMap

from emulator.cloud_formation import template_text
from emulator.cloud_formation.resource_map import StackResources
from emulator.cloud_formation.steps import StepFailedError

if TYPE_CHECKING:
    import threading

    from emulator.cloud_formation.request import Request, Source
    from emulator.cloud_formation.resource import Resource, Subject
    from emulator.journal import Journal

REVIEW = "REVIEW_IN_PROGRESS"
#: before anything is done: moto's first status, and that of a stack with a change set only
_NEW = {"CREATE_PENDING", REVIEW}
_FAILED = ("FAILED", "ROLLBACK_COMPLETE")


class SeatedStack(Stack):  # type: ignore[misc]
    """One stack. What it says of itself changes under the cloud's lock only."""

    resource_map: StackResources
    stack_status_reason: str | None = None

    def __init__(self, condition: threading.Condition, journal: Journal, **more: Any) -> None:
        """``condition`` is the cloud's lock."""
        self._condition = condition
        self._journal = journal
        #: as it was sent; ``template_dict`` is what became of it
        self.source: Source | None = None
        self._outputs: list[dict[str, Any]] | None = None
        self._exports: list[Export] = []
        super().__init__(template={}, **more)
        # moto takes another one for an empty one
        self.cross_stack_resources = more["cross_stack_resources"]

    def _create_resource_map(self) -> StackResources:
        return self.version({}, self.parameters, self.tags)

    def version(
        self, template: dict[str, Any], parameters: dict[str, str], tags: dict[str, str]
    ) -> StackResources:
        """The values of a template, with none of its resources; raises ValidationError."""
        values = StackResources(
            self.stack_id, self.name, parameters, tags, account_id=self.account_id,
            region_name=self.region_name, template=template,
            cross_stack_resources=self.cross_stack_resources,
        )  # fmt: skip
        values.load()
        return values

    @staticmethod
    def parse_template(template: str) -> dict[str, Any]:
        return template_text.decoded(template)

    # moto's front finds these under the name of its own class only
    @property
    def stack_name(self) -> str:
        return str(self.name)

    @property
    def stack_status(self) -> str:
        return str(self.status)

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        """Without the values that are to be shown to nobody."""
        values = self.resource_map
        return [
            {
                "ParameterKey": name,
                "ParameterValue": "****" if name in values.no_echo_parameter_keys else value,
            }
            for name, value in values.resolved_parameters.items()
        ]

    @property
    def stack_resources(self) -> Any:
        return self.resource_map.values()

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        """Those of the last change that succeeded."""
        return self._outputs

    @property
    def exports(self) -> list[Export]:
        return self._exports

    @property
    def is_new(self) -> bool:
        """Whether nothing has been made of it yet."""
        return self.status in _NEW

    @property
    def is_changing(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW

    def enter(self, status: str, reason: str | None = None) -> None:
        """Its next status, an event and a line for the user."""
        with self._condition:
            self.status = status
            self.stack_status_reason = reason
            self._add_stack_event(status, reason)
        word = "error" if any(part in status for part in _FAILED) else "stack"
        text = status if reason is None else f"{status}: {reason}"
        self._journal.record(self.name, word, text=text)

    def record(self, subject: Subject, status: str, reason: str | None = None) -> None:
        """What happened to one of its resources."""
        with self._condition:
            self.events.append(
                Event(
                    stack_id=self.stack_id,
                    stack_name=self.name,
                    logical_resource_id=subject.logical_id,
                    physical_resource_id=subject.physical_id,
                    resource_type=subject.type,
                    resource_status=status,
                    resource_status_reason=reason,
                    resource_properties=None,
                )
            )

    def shown(self, resource: Resource) -> dict[str, Any]:
        """A resource as the descriptions of a stack have it, with its last event."""
        mine = [e for e in self.events if e.logical_resource_id == resource.logical_id]
        return {
            "StackName": self.name,
            "StackId": self.stack_id,
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_resource_id,
            "ResourceType": resource.cf_resource_type,
            "ResourceStatus": mine[-1].resource_status,
            "ResourceStatusReason": mine[-1].resource_status_reason,
            "Timestamp": mine[-1].timestamp,
        }

    def take(self, resources: StackResources) -> None:
        """Have these, and what the template says of them; raises StepFailedError."""
        before = self.resource_map
        self.keep(resources)
        try:
            with template_text.evaluated():
                outputs, exports = self._described(resources)
        except (ClientError, ValidationError) as error:
            self.resource_map = before
            raise StepFailedError(self.name, f"Outputs: {error}", verb="create") from None
        with self._condition:
            for export in self._exports:
                self.cross_stack_resources.pop(export.name, None)
            self.cross_stack_resources.update({export.name: export for export in exports})
            self._outputs, self._exports = outputs, exports
            self.template_dict, self.source = resources.template, resources.source
            self.description = resources.template.get("Description")
            self.parameters, self.tags = resources.input_parameters, resources.tags

    def _described(
        self, resources: StackResources
    ) -> tuple[list[dict[str, Any]] | None, list[Export]]:
        self.output_map = OutputMap(resources, resources.template, self.stack_id)
        exports: list[Export] = self.output_map.exports
        taken = {export.name for export in self._exports}
        for export in exports:
            if export.name in self.cross_stack_resources and export.name not in taken:
                raise ValidationError(
                    message=f"Export with name {export.name} is already exported by another stack."
                )
        outputs = [output for output in self.output_map.values() if output]
        names = {export.value: export.name for export in exports}
        described = [
            {
                "OutputKey": output.key,
                "OutputValue": output.value,
                "Description": output.description,
                "ExportName": names.get(output.value),
            }
            for output in outputs
        ]
        return described or None, exports

    def keep(self, resources: StackResources) -> None:
        """Have these, whatever came of the rest."""
        with self._condition:
            self.resource_map = resources


class SeatedChangeSet(ChangeSet):  # type: ignore[misc]
    """What would be done to a stack, until somebody has it done."""

    def __init__(self, request: Request, **more: Any) -> None:
        self.request = request
        super().__init__(
            template=request.source.text,
            parameters=request.parameters,
            description="",
            notification_arns=request.notification_arns,
            tags=request.tags,
            role_arn=request.role_arn,
            **more,
        )

    def _parse_template(self) -> None:
        self.template_dict = self.request.source.template

    def settle(self, problem: str | None) -> None:
        """Whether it can be executed."""
        self.status = "FAILED" if problem else "CREATE_COMPLETE"
        self.execution_status = "UNAVAILABLE" if problem else "AVAILABLE"
        self.status_reason = problem
