"""Whether a body holds what an operation takes, by the service's own description of itself.

AWS's clients look before they send; what does not, gets an error and no failure of ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.validate import ParamValidator

from emulator.lambda_api.configuration import validation_error
from emulator.lambda_api.errors import LambdaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.model import OperationModel, Shape

#: What is known of runtimes is older than they are.
_READ_ELSEWHERE = ("Runtime",)


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
    """Raises LambdaError for a member of the wrong type, a word that it does not have, and one
    that is missing.
    """
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
        if name not in _READ_ELSEWHERE:
            _check_words(name, body.get(name), member)


def _check_words(name: str, value: Any, shape: Shape) -> None:
    """botocore's validation leaves the service to say which words there are."""
    path = name[:1].lower() + name[1:]
    if shape.type_name == "list":
        words = getattr(shape.member, "enum", None)
        if words and not set(value or ()) <= set(words):
            raise validation_error(
                f"[{', '.join(value)}]",
                path,
                f"Member must satisfy constraint: [{_one_of(words)}]",
            )
    elif value is not None and (words := getattr(shape, "enum", None)) and value not in words:
        raise validation_error(value, path, _one_of(words))


def _one_of(words: Sequence[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(words)}]"
