"""Which operation a request is, by each of AWS's protocols, without taking it apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The query protocol's, of SNS and CloudWatch.
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
#: S3's name for reading a bucket instead of an object of it.
LIST = "LIST"


def operation_of(method: str, url: str, headers: Mapping[str, str], body: bytes) -> str:
    """``PutItem``, ``SendMessage``, ``Publish``; of REST APIs the method, or LIST for a bucket."""
    target = headers.get("X-Amz-Target") or headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    action = _ACTION.match(body)
    if action is not None:
        return action[1].decode()
    is_bucket = method == "GET" and not urlsplit(url).path.strip("/").partition("/")[2]
    return LIST if is_bucket else method
