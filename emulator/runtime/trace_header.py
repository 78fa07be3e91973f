"""The trace header every invocation carries, as ``_X_AMZN_TRACE_ID``.

SDKs send it along with every request that a function makes, and SQS keeps it with the message. A
field of it, the lineage, counts how often each function was called on the way, which is how Lambda
finds a function that calls itself without end.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Longer ones are not followed further: a chain of so many functions is none.
_FUNCTIONS_MAX = 32
_LINEAGE = re.compile(r"(?:^|;)Lineage=([^;]*)")
_CALLS = re.compile(r"([0-9a-f]{8}):(\d{1,6})")


def continued(given: str | None, function_arn: str, now_ms: int) -> str:
    """The header of a call of ``function_arn`` that ``given`` led to; without one a new trace."""
    header = _usable(given) or _new_trace(now_ms)
    calls = _calls(header)
    key = _key(function_arn)
    calls[key] = calls.get(key, 0) + 1
    return f"{_LINEAGE.sub('', header)};Lineage={_lineage(calls)}"


def call_count(given: str | None, function_arn: str) -> int:
    """How often the function was called on the way to here."""
    return _calls(_usable(given) or "").get(_key(function_arn), 0)


def _usable(given: str | None) -> str | None:
    """``given`` if it can travel in a header."""
    return given if given and given.isascii() and given.isprintable() else None


def _new_trace(now_ms: int) -> str:
    """The start of a trace that is not sampled."""
    root = f"1-{now_ms // 1000:08x}-{uuid.uuid4().hex[:24]}"
    return f"Root={root};Parent={uuid.uuid4().hex[:16]};Sampled=0"


def _key(function_arn: str) -> str:
    return hashlib.sha256(function_arn.encode()).hexdigest()[:8]


def _calls(header: str) -> dict[str, int]:
    found = _LINEAGE.search(header)
    return {key: int(count) for key, count in _CALLS.findall(found[1])} if found else {}


def _lineage(calls: Mapping[str, int]) -> str:
    # the most called first: what is cut off is what a loop does not hold
    kept = sorted(calls.items(), key=lambda call: -call[1])[:_FUNCTIONS_MAX]
    # with a separator that botocore leaves as it is when it puts the header into a request
    return "&".join(f"{key}:{count}" for key, count in kept)
