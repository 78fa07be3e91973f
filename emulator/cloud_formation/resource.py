"""A resource of a stack, and how those of its type are made, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud_formation.calls import Calls

#: Of a name that CloudFormation makes up; the types that allow less say so.
NAME_CHARS_MAX = 255


class AlreadyExistsError(ValueError):
    """Something of that name is there, and CloudFormation has not made it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} already exists")


def refuse_existing(name: str, look: Callable[[], object]) -> None:
    """Raise AlreadyExistsError if ``look`` finds something, where the service would not refuse."""
    try:
        look()
    except ClientError:
        return
    raise AlreadyExistsError(name)


class MissingPropertyError(ValueError):
    """A template does not say what it must."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Property {name} cannot be empty.")


class UnknownAttributeError(ValueError):
    """A type of resource has no such attribute for Fn::GetAtt."""

    def __init__(self, resource: Resource, name: str) -> None:
        super().__init__(
            f"Template error: resource {resource.logical_id} does not support attribute type "
            f"{name} in Fn::GetAtt"
        )


class Subject(NamedTuple):
    """Which resource an event is about."""

    logical_id: str
    type: str
    #: empty until there is one
    physical_id: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as its template wants it, with its references resolved."""

    logical_id: str
    type: str
    properties: dict[str, Any]
    #: what it is called: by the template, or by CloudFormation
    name: str = ""
    #: its own and the stack's
    tags: dict[str, str] = {}
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"

    def only(self, *names: str) -> dict[str, Any]:
        """Those of its properties that are called so, and are there."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def require(self, name: str) -> Any:
        """A property that there must be; raises MissingPropertyError."""
        if name not in self.properties:
            raise MissingPropertyError(name)
        return self.properties[name]

    def tag_list(self) -> list[dict[str, str]] | None:
        """Its tags, as most calls take them; None if there are none."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()] or None


class Resource:
    """One that exists. Its members have the names that moto's front and its ``Ref`` look for."""

    def __init__(self, kind: ResourceType, wanted: Wanted, physical_id: str, *, aws: Calls) -> None:
        self.kind = kind
        self.wanted = wanted
        self.physical_resource_id = physical_id
        self._aws = aws

    @property
    def subject(self) -> Subject:
        return Subject(self.wanted.logical_id, self.wanted.type, self.physical_resource_id)

    @property
    def logical_id(self) -> str:
        return self.wanted.logical_id

    logical_resource_id = logical_id

    @property
    def cf_resource_type(self) -> str:
        return self.wanted.type

    @property
    def properties(self) -> dict[str, Any]:
        return self.wanted.properties

    def get_cfn_attribute(self, name: str) -> Any:
        """The value of Fn::GetAtt; raises UnknownAttributeError."""
        if self.kind.attributes is not None and name not in self.kind.attributes:
            raise UnknownAttributeError(self, name)
        return self.kind.attribute(self._aws, self, name)


class ResourceType:
    """How CloudFormation handles one type. Whatever AWS refuses is raised as botocore raises it."""

    type: ClassVar[str]
    #: the property with its name; empty where it has none to give
    named_by: str = ""
    name_chars_max: ClassVar[int] = NAME_CHARS_MAX
    #: properties that have an effect here, any other is reported; None: all of them
    known: frozenset[str] | None = frozenset()
    #: properties that no call changes: another value is another resource; None: all of them
    fixed: frozenset[str] | None = frozenset()
    #: what Fn::GetAtt may ask for; None: ``attribute`` itself raises UnknownAttributeError
    attributes: frozenset[str] | None = frozenset()
    #: False for those that only have a name here
    is_made: ClassVar[bool] = True

    def create(self, aws: Calls, wanted: Wanted) -> str:
        """Make it; returns its physical id, which is what Ref stands for."""
        raise NotImplementedError

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        """Give it what it can be given only once it is there. If that fails, it is removed."""

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        """Change it into what is wanted now. Nothing of ``fixed`` differs."""

    def delete(self, aws: Calls, resource: Resource) -> None:
        """Remove it."""

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        """One of ``attributes``: its id, where the type says nothing else."""
        return resource.physical_resource_id

    def generated_name(self, name: str, properties: dict[str, Any]) -> str:
        """``name`` as the type wants it, for a resource that the template leaves unnamed."""
        return name
