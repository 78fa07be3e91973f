"""Where a list goes on: an opaque text that only this service can make, good for one list only."""

from __future__ import annotations

import base64
import binascii
import hmac

_TAG_BYTES = 12


def encode(key: bytes, position: str, *, list_of: str) -> str:
    """``position`` is what to go on behind, ``list_of`` names the list: its tenant and filters."""
    tagged = _tag(key, position.encode(), list_of) + position.encode()
    return base64.urlsafe_b64encode(tagged).rstrip(b"=").decode()


def decode(key: bytes, text: str, *, list_of: str) -> str | None:
    """The position; None if the text was not made here for this list."""
    try:
        tagged = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    tag, position = tagged[:_TAG_BYTES], tagged[_TAG_BYTES:]
    return position.decode() if hmac.compare_digest(tag, _tag(key, position, list_of)) else None


def _tag(key: bytes, position: bytes, list_of: str) -> bytes:
    content = b"\0".join((b"cursor", list_of.encode(), position))
    return hmac.digest(key, content, "sha256")[:_TAG_BYTES]
