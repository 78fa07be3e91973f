"""Whether a body holds what an operation takes, by the service's own description of itself.

AWS's clients look before they send; what does not, gets an error and no failure of ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.validate import ParamValidator

from emulator.lambda_api.errors import LambdaError

if TYPE_CHECKING:
    from botocore.model import OperationModel


def read(content: bytes) -> dict[str, Any]:
    """The JSON object of a request, empty if there is none. Raises LambdaError."""
    try:
        body = json.loads(content or b"{}")
    except ValueError as error:
        raise LambdaError("SerializationException", f"The body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise LambdaError("SerializationException", "The body is no JSON object.")
    return body


def check(operation: OperationModel, content: bytes) -> None:
    """Raises LambdaError for a member of the wrong type, and for one that is missing."""
    shape = operation.input_shape
    if shape is None or shape.serialization.get("payload"):
        return
    body = read(content)
    for name, member in shape.members.items():
        if "location" in member.serialization:
            continue
        if body.get(name) is None:
            mistake = "it is missing" if name in shape.required_members else ""
        else:
            mistake = ParamValidator().validate(body[name], member).generate_report()
        if mistake:
            raise LambdaError("ValidationException", f"{name}: {mistake}")
