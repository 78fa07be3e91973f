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
HIDDEN = "****"


class UnresolvedReferenceError(ValueError):
    """A dynamic reference leads nowhere. The message has the reference, never a value."""


class DynamicReferences:
    """Looks them up, and hides what it has found from whatever people read."""

    def __init__(self, aws: Calls) -> None:
        self._aws = aws
        self._found: set[str] = set()

    def resolved(self, value: Any) -> Any:
        """``value`` with every dynamic reference in its texts replaced.

        Raises UnresolvedReferenceError, or what AWS refuses, as botocore raises it.
        """
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if isinstance(value, dict):
            return {name: self.resolved(item) for name, item in value.items()}
        if not isinstance(value, str) or "{{resolve:" not in value:
            return value
        return _REFERENCE.sub(self._look_up, value)

    def _look_up(self, reference: re.Match[str]) -> str:
        found = _LOOK_UPS[reference[1]](reference[2], self._aws)
        self._found |= {found, json.dumps(found)[1:-1]} - {""}
        return found

    def hidden(self, text: str) -> str:
        """``text`` without any value that was looked up."""
        for value in sorted(self._found, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text


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
