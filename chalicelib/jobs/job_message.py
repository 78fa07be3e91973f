"""What travels through the queue: which job, and its input as the client's own JSON text."""

from __future__ import annotations

import msgspec

from chalicelib.errors import MessageRefusedError
from chalicelib.jobs.model import TENANT

VERSION = 1

#: Unicode's two non-characters that JSON allows in a string and SQS refuses in a body.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_ESCAPES = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})


class JobMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One job to do. The rest of it is in its record."""

    id: str
    input: msgspec.Raw
    tenant: str = TENANT
    version: int = VERSION

    def encode(self) -> str:
        """The message's body."""
        return msgspec.json.encode(self).decode().translate(_ESCAPES)

    @classmethod
    def decode(cls, body: str) -> JobMessage:
        """Raises MessageRefusedError if the body was not made by ``encode``."""
        try:
            message = msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise MessageRefusedError(f"not a job message: {error}") from None
        if message.version != VERSION:
            raise MessageRefusedError(f"version {message.version} is not known")
        return message
