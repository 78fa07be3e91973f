"""Types that are not made here by AWS's own calls: moto's, and those that nobody makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.parsing import get_model_map

from emulator.cloud.aws import ACCOUNT_ID
from emulator.cloud_formation.resource import ResourceType, UnknownAttributeError

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted


class MotoType(ResourceType):
    """One resource of a type that moto makes, by moto's own idea of it."""

    known = None
    attributes = None

    def __init__(self, model: Any) -> None:
        self._model = model
        self._made: Any = None
        self.named_by = model.cloudformation_name_type() or ""
        if hasattr(model.update_from_cloudformation_json, "__isabstractmethod__"):
            # moto cannot change it
            self.fixed = None

    def create(self, aws: Calls, wanted: Wanted) -> str:
        self._made = self._model.create_from_cloudformation_json(
            wanted.name, _body(wanted), ACCOUNT_ID, aws.region,
            LogicalId=wanted.logical_id, StackId="", ResourceType=wanted.type,
        )  # fmt: skip
        return str(self._made.physical_resource_id)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self._made = self._model.update_from_cloudformation_json(
            original_resource=self._made, new_resource_name=wanted.name,
            cloudformation_json=_body(wanted), account_id=ACCOUNT_ID, region_name=aws.region,
        )  # fmt: skip
        resource.physical_resource_id = str(self._made.physical_resource_id)

    def delete(self, aws: Calls, resource: Resource) -> None:
        if hasattr(self._made, "delete"):
            self._made.delete(ACCOUNT_ID, aws.region)
        elif not hasattr(self._model.delete_from_cloudformation_json, "__isabstractmethod__"):
            self._model.delete_from_cloudformation_json(
                resource.physical_resource_id, _body(resource.wanted), ACCOUNT_ID, aws.region
            )

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        try:
            return self._made.get_cfn_attribute(name)
        except UnformattedGetAttTemplateException:
            raise UnknownAttributeError(resource, name) from None


def _body(wanted: Wanted) -> dict[str, Any]:
    return {"Type": wanted.type, "Properties": dict(wanted.properties)}


class NotMade(ResourceType):
    """Nobody makes it here: it has a name, and no effect."""

    is_made = False
    known = None

    def create(self, aws: Calls, wanted: Wanted) -> str:
        return wanted.name


def find(name: str) -> ResourceType:
    """moto's, or one that has no effect."""
    model = get_model_map().get(name)
    return MotoType(model) if model else NotMade()
