"""Roles with their policies.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import ResourceType

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

_CREATE = (
    "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "PermissionsBoundary",
)  # fmt: skip


_OF_AWS = "arn:aws:iam::aws:"


class Role(ResourceType):
    type = "AWS::IAM::Role"
    attributes = frozenset({"Arn", "RoleId"})
    named_by = "RoleName"
    name_chars_max = 64
    known = frozenset({"RoleName", "Policies", "ManagedPolicyArns", "Tags", *_CREATE})
    fixed = frozenset({"RoleName", "Path"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        name = wanted.name
        aws("iam", "CreateRole", RoleName=name, Tags=wanted.tag_list(), **wanted.only(*_CREATE))
        return name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        _set_policies(aws, physical_id, before={}, after=wanted.properties)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        name = resource.physical_resource_id
        document = wanted.require("AssumeRolePolicyDocument")
        aws("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
        _set_policies(aws, name, before=resource.properties, after=wanted.properties)
        described = wanted.only("Description", "MaxSessionDuration")
        if described != resource.wanted.only("Description", "MaxSessionDuration"):
            aws("iam", "UpdateRole", RoleName=name, **described)

    def delete(self, aws: Calls, resource: Resource) -> None:
        name = resource.physical_resource_id
        # those that it has, which are not all of them if one could not be put
        for policy in aws("iam", "ListRolePolicies", RoleName=name)["PolicyNames"]:
            aws("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        for policy in aws("iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]:
            aws("iam", "DetachRolePolicy", RoleName=name, PolicyArn=policy["PolicyArn"])
        aws("iam", "DeleteRole", RoleName=name)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        answer = aws("iam", "GetRole", RoleName=resource.physical_resource_id)
        return answer["Role"][name]


def _set_policies(aws: Calls, role: str, *, before: dict[str, Any], after: dict[str, Any]) -> None:
    inline = {policy["PolicyName"]: policy for policy in after.get("Policies", [])}
    for policy in before.get("Policies", []):
        if policy["PolicyName"] not in inline:
            aws("iam", "DeleteRolePolicy", RoleName=role, PolicyName=policy["PolicyName"])
    for policy in inline.values():
        aws("iam", "PutRolePolicy", RoleName=role, **policy)
    old, new = (_attachable(properties) for properties in (before, after))
    for arn in sorted(old - new):
        aws("iam", "DetachRolePolicy", RoleName=role, PolicyArn=arn)
    for arn in sorted(new - old):
        aws("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)


def _attachable(properties: dict[str, Any]) -> set[str]:
    """Managed policies without AWS's own: moto has none of those, and nobody evaluates them."""
    arns = properties.get("ManagedPolicyArns", [])
    return {arn for arn in arns if not arn.startswith(_OF_AWS)}


TYPES = (Role(),)
