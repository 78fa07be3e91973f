"""What a template leaves to Secrets Manager and the parameter store: looked up when it is used.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls

_REFERENCE = re.compile(r"\{\{resolve:(secretsmanager|ssm|ssm-secure):([^{}]+)\}\}")
_ARN_PARTS = 7


class UnresolvedReferenceError(ValueError):
    """A dynamic reference leads nowhere. The message has the reference, never a value."""


def resolved(value: Any, aws: Calls) -> Any:
    """``value`` with every dynamic reference in its texts replaced.

    Raises UnresolvedReferenceError, or what AWS refuses, as botocore raises it.
    """
    if isinstance(value, list):
        return [resolved(item, aws) for item in value]
    if isinstance(value, dict):
        return {name: resolved(item, aws) for name, item in value.items()}
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    return _REFERENCE.sub(lambda found: _LOOK_UPS[found[1]](found[2], aws), value)


def _secret(reference: str, aws: Calls) -> str:
    """``secret-id:SecretString:json-key:version-stage:version-id``; all but the first may lack."""
    if reference.startswith("arn:"):
        parts = reference.split(":")
        secret, rest = ":".join(parts[:_ARN_PARTS]), parts[_ARN_PARTS:]
    else:
        secret, *rest = reference.split(":")
    _, key, stage, version = [*rest, "", "", "", ""][:4]
    answer = aws(
        "secretsmanager", "GetSecretValue", SecretId=secret, VersionStage=stage or None,
        VersionId=version or None,
    )  # fmt: skip
    text = str(answer.get("SecretString", ""))
    return _member(text, key, reference) if key else text


def _member(text: str, key: str, reference: str) -> str:
    try:
        value = json.loads(text)[key]
    except (KeyError, TypeError, ValueError):
        raise UnresolvedReferenceError(
            f"Could not find a value associated with JSONKey in SecretString: {reference}"
        ) from None
    return value if isinstance(value, str) else json.dumps(value)


def _parameter(reference: str, aws: Calls) -> str:
    """``name:version``; without a version, the newest."""
    answer = aws("ssm", "GetParameter", Name=reference, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


_LOOK_UPS = {"secretsmanager": _secret, "ssm": _parameter, "ssm-secure": _parameter}
