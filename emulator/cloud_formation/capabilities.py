"""What somebody must have agreed to before a template makes it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

#: the types that grant rights, and the property that gives each a name of its own
_GRANTING = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}
NAMED, UNNAMED = "CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"


def needed(template: dict[str, Any]) -> str | None:
    """What to agree to, None if the template grants nothing."""
    granting = [
        (_GRANTING[body["Type"]], body.get("Properties", {}))
        for body in template["Resources"].values()
        if body["Type"] in _GRANTING
    ]
    if any(name in properties for name, properties in granting):
        return NAMED
    return UNNAMED if granting else None


def missing(template: dict[str, Any], given: Collection[str]) -> str | None:
    """What CloudFormation says of a template that nobody has agreed to; None if all is well."""
    wanted = needed(template)
    if wanted is None or wanted in given or NAMED in given:
        return None
    return f"Requires capabilities : [{wanted}]"
