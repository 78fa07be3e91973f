"""What CloudFormation says of a template that it is only to look at.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
"""

from __future__ import annotations

from typing import Any

from emulator.cloud_formation import capabilities


def summary(template: dict[str, Any]) -> dict[str, Any]:
    """Of a decoded template; a transform is named, and not done."""
    transforms = template.get("Transform") or []
    needed = capabilities.needed(template)
    return {
        "Description": template.get("Description"),
        "Version": template.get("AWSTemplateFormatVersion"),
        "Metadata": None,
        "Parameters": [_parameter(*found) for found in template.get("Parameters", {}).items()],
        "ResourceTypes": sorted({body["Type"] for body in template["Resources"].values()}),
        "DeclaredTransforms": [transforms] if isinstance(transforms, str) else transforms,
        "Capabilities": [needed] if needed else [],
    }


def _parameter(name: str, given: dict[str, Any]) -> dict[str, Any]:
    default = given.get("Default")
    allowed = given.get("AllowedValues")
    return {
        "ParameterKey": name,
        "ParameterType": given.get("Type", "String"),
        "DefaultValue": None if default is None else str(default),
        "NoEcho": given.get("NoEcho") in (True, "true"),
        "Description": given.get("Description"),
        "ParameterConstraints": {"AllowedValues": list(map(str, allowed))} if allowed else None,
    }
