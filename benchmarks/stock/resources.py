"""The project's queues and tables, created by hand from its template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

TEMPLATE = Path(".chalice/resources.json")
_TABLE_ARGUMENTS = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")


def create(template: Path, *, sqs: Any, dynamodb: Any) -> None:
    """Create every queue and table the template names, dead-letter queues first."""
    found = msgspec.json.decode(template.read_bytes())["Resources"]
    for resource in sorted(found.values(), key=lambda r: "RedrivePolicy" in _properties(r)):
        properties = _properties(resource)
        if resource.get("Type") == "AWS::SQS::Queue":
            attributes = _queue_attributes(properties, found)
            sqs.create_queue(QueueName=properties["QueueName"], Attributes=attributes)
        elif resource.get("Type") == "AWS::DynamoDB::Table":
            arguments = {k: properties[k] for k in _TABLE_ARGUMENTS if k in properties}
            dynamodb.create_table(TableName=properties["TableName"], **arguments)


def _properties(resource: dict[str, Any]) -> dict[str, Any]:
    return dict(resource.get("Properties", {}))


def _queue_attributes(properties: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
    attributes = {k: str(v) for k, v in properties.items() if isinstance(v, (int, str))}
    attributes.pop("QueueName")
    if policy := properties.get("RedrivePolicy"):
        target = _dead_letter_queue_name(policy["deadLetterTargetArn"], found)
        arn = f"arn:aws:sqs:us-east-1:123456789012:{target}"
        attributes["RedrivePolicy"] = msgspec.json.encode(
            {**policy, "deadLetterTargetArn": arn}
        ).decode()
    return attributes


def _dead_letter_queue_name(target: Any, found: dict[str, Any]) -> str:
    """The name behind ``{"Fn::GetAtt": [id, "Arn"]}``, or behind an ARN."""
    if isinstance(target, str):
        return target.rpartition(":")[2]
    attribute = target["Fn::GetAtt"]
    logical_id = attribute.partition(".")[0] if isinstance(attribute, str) else attribute[0]
    return str(found[logical_id]["Properties"]["QueueName"])
