"""The trace header every invocation carries, as ``_X_AMZN_TRACE_ID``.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import uuid


def trace_header_or_new(given: str | None, now_ms: int) -> str:
    """``given`` if it can travel in a header; otherwise the start of a new trace, not sampled."""
    if given and given.isascii() and given.isprintable():
        return given
    root = f"1-{now_ms // 1000:08x}-{uuid.uuid4().hex[:24]}"
    return f"Root={root};Parent={uuid.uuid4().hex[:16]};Sampled=0"
