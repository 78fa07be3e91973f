"""Job ids that prove where they come from: a UUID of version 7 whose last 40 bits are a keyed hash.

48 bits of time, 34 random, 40 of HMAC-SHA256 over those and the tenant. Ids sort by their time,
and an id that was not made here is told from a real one without asking the database.
https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
"""

from __future__ import annotations

import hmac
import re
import uuid

RANDOM_BITS = 34
_TAG_BYTES = 5
_TAG_BITS = 8 * _TAG_BYTES
#: random bits that share the variant's field
_LOW_RANDOM_BITS = 22
_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def mint(key: bytes, tenant: str, *, now_ms: int, random_bits: int) -> str:
    """A new id; ``random_bits`` is a number of at most RANDOM_BITS bits."""
    high, low = divmod(random_bits, 1 << _LOW_RANDOM_BITS)
    head = (now_ms << 80) | (7 << 76) | (high << 64) | (0b10 << 62) | (low << _TAG_BITS)
    return str(uuid.UUID(int=head | _tag(key, tenant, head)))


def minted(key: bytes, tenant: str, text: str) -> str | None:
    """The id in its canonical form if it was made with this key for this tenant, else None."""
    canonical = text.lower()
    if not _FORM.fullmatch(canonical):
        return None
    head, tag = divmod(uuid.UUID(canonical).int, 1 << _TAG_BITS)
    expected = _tag(key, tenant, head << _TAG_BITS)
    same = hmac.compare_digest(
        tag.to_bytes(_TAG_BYTES, "big"), expected.to_bytes(_TAG_BYTES, "big")
    )
    return canonical if same else None


def created_at_ms(job_id: str) -> int:
    """When the id was made, milliseconds since 1970."""
    return uuid.UUID(job_id).int >> 80


def _tag(key: bytes, tenant: str, head: int) -> int:
    digest = hmac.digest(key, head.to_bytes(16, "big") + tenant.encode(), "sha256")
    return int.from_bytes(digest[:_TAG_BYTES], "big")
