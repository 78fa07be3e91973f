"""Lists of Lambda's API in pages: moto answers everything at once.

https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from emulator.lambda_api.errors import invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.model import OperationModel

_MARKER = "NextMarker"
#: The most items of a page, however many a request asks for.
_ITEMS_MAX = {"ListEventSourceMappings": 100}
_ITEMS_MAX_ELSEWHERE = 50


def page(operation: OperationModel, answer: str, query: Mapping[str, Sequence[str]]) -> str:
    """The part of a list's ``answer`` that a request with this ``query`` is for.

    Raises LambdaError for a marker that no answer had.
    """
    members = operation.output_shape.members if operation.output_shape else {}
    if _MARKER not in members:
        return answer
    content = json.loads(answer)
    (name,) = (name for name in members if name != _MARKER)
    start = _start(query.get("Marker", [""])[0])
    end = start + _items_max(operation.name, query.get("MaxItems", [""])[0])
    if len(content[name]) > end:
        content[_MARKER] = base64.b64encode(str(end).encode()).decode()
    content[name] = content[name][start:end]
    return json.dumps(content)


def _items_max(operation: str, asked: str) -> int:
    most = _ITEMS_MAX.get(operation, _ITEMS_MAX_ELSEWHERE)
    return min(int(asked), most) if asked.isdecimal() and int(asked) else most


def _start(marker: str) -> int:
    try:
        return int(base64.b64decode(marker or "MA==", validate=True))
    except (binascii.Error, ValueError):
        raise invalid_parameter(f"Invalid marker: {marker}") from None
