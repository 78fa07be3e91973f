"""What travels through the queue of callbacks: whose end is to be told. The rest is in the job."""

from __future__ import annotations

import msgspec

from chalicelib.errors import MessageRefusedError
from chalicelib.jobs.model import TENANT

VERSION = 1


class CallbackMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One job whose end a receiver waits for."""

    id: str
    tenant: str = TENANT
    version: int = VERSION

    def encode(self) -> str:
        """The message's body."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, body: str) -> CallbackMessage:
        """Raises MessageRefusedError if the body was not made by ``encode``."""
        try:
            message = msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise MessageRefusedError(f"not a callback message: {error}") from None
        if message.version != VERSION:
            raise MessageRefusedError(f"version {message.version} is not known")
        return message
