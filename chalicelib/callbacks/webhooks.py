"""Callbacks are signed by Standard Webhooks, so receivers may check them with any library for it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

from chalicelib.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_PREFIX = "whsec_"
#: Tells this use of the master secret from any other.
_PURPOSE = "callbacks/1/"


class SecretError(ServiceError):
    """The text is no secret of the form whsec_ and base64."""


def secret(master: bytes, tenant: str) -> str:
    """The tenant's secret: nothing is stored, and one tenant's says nothing of another's."""
    key = hmac.digest(master, (_PURPOSE + tenant).encode(), "sha256")
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signature(secret: str, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """One signature of version 1, over the id, the time and the body. Raises SecretError."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise SecretError from None
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def headers(
    secrets: Sequence[str], *, message_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """What a delivery carries: while a secret is replaced, a signature by each of the two."""
    signatures = [
        signature(secret, message_id=message_id, timestamp_s=timestamp_s, body=body)
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }
