"""The forms in which a request may name a function: name, partial ARN, ARN, with a qualifier.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from emulator.lambda_api.errors import LambdaError, invalid_parameter

_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
_NAME = re.compile(
    r"(arn:aws[a-zA-Z-]*:lambda:)?((?P<region>[a-z]{2}(-gov)?-[a-z]+-\d):)?(\d{12}:)?(function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(:(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
NAME_LENGTH_MAX = 64


class FunctionName(NamedTuple):
    """Which function, and which of its versions or aliases; None where nothing is said."""

    name: str
    qualifier: str | None = None


def parse(text: str, region: str, *, qualifier: str | None = None) -> FunctionName:
    """Read any form of a name; ``qualifier`` is the one that is given beside it.

    Raises LambdaError if it is no name, or leads to another region.
    """
    match = _NAME.fullmatch(text)
    if match is None or len(match["name"]) > NAME_LENGTH_MAX:
        raise LambdaError(
            "ValidationException",
            f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {_PATTERN}",
        )
    if match["region"] not in (None, region):
        raise LambdaError(
            "ResourceNotFoundException",
            f"Functions from '{match['region']}' are not reachable in this region ('{region}')",
            status=404,
        )
    if qualifier and match["qualifier"] and match["qualifier"] != qualifier:
        raise invalid_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionName(match["name"], match["qualifier"] or qualifier)
