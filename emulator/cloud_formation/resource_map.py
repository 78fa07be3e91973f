"""What a template's functions and references stand for, as far as its resources exist.

moto evaluates parameters, conditions, mappings and functions; which resources there are is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import ResourceMap, clean_json
from moto.cloudformation.utils import random_suffix

from emulator.cloud_formation.resource import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.cloud_formation.request import Source
    from emulator.cloud_formation.resource import Resource, ResourceType


class StackResources(ResourceMap):  # type: ignore[misc]
    """The values of one version of a template."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        #: what exists, in the order in which it was made
        self.made: dict[str, Resource] = {}
        #: what the template was made of
        self.source: Source | None = None
        super().__init__(*arguments, **more)

    def __getitem__(self, key: str) -> Any:
        """Raises KeyError for what is not there (yet)."""
        return self.made[key] if key in self.made else self._parsed_resources[key]

    @property
    def template(self) -> dict[str, Any]:
        return dict(self._template)

    def values(self) -> Any:
        return list(self.made.values())

    def validate_outputs(self) -> None:
        """Nothing: moto asks its own types, of which some are not there."""

    def applies(self, logical_id: str) -> bool:
        """Whether the condition of a resource, if it has one, holds."""
        condition = self._resource_json_map[logical_id].get("Condition")
        return not condition or bool(self.lazy_condition_map[condition])

    def body(self, logical_id: str) -> dict[str, Any]:
        return dict(self._resource_json_map[logical_id])

    def wanted(self, logical_id: str, kind: ResourceType) -> Wanted:
        """A resource with its references resolved; ValidationError for one that leads nowhere."""
        body = self.body(logical_id)
        try:
            properties = clean_json(body.get("Properties") or {}, self)
        except KeyError as error:
            raise ValidationError(
                message=f"Unresolved resource dependencies [{error.args[0]}] in the Resources "
                "block of the template"
            ) from None
        own = _tags(properties.get("Tags"))
        name = properties.get(kind.named_by) if kind.named_by else None
        return Wanted(
            logical_id=logical_id,
            type=body["Type"],
            properties=properties,
            name=str(name or self._generated(logical_id, kind, properties)),
            tags={**self.tags, **own},
            deletion_policy=body.get("DeletionPolicy", "Delete"),
            replace_policy=body.get("UpdateReplacePolicy", "Delete"),
        )

    def _generated(self, logical_id: str, kind: ResourceType, properties: dict[str, Any]) -> str:
        """``stack-resource-random``, cut where the type allows less.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
        """
        end = f"-{random_suffix()}"
        stack = str(self["AWS::StackName"])
        room = kind.name_chars_max - len(end)
        both = f"{stack}-{logical_id}"
        if len(both) > room:
            both = f"{stack[: room // 2]}-{logical_id}"[:room]
        return kind.generated_name(both + end, properties)


def _tags(given: Any) -> dict[str, str]:
    """A template lists them, or has an object of them."""
    if isinstance(given, dict):
        return {str(key): str(value) for key, value in given.items()}
    items: Iterable[dict[str, Any]] = given or []
    return {str(tag["Key"]): str(tag["Value"]) for tag in items}
