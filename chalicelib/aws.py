"""boto3 in one place: one session, a client for each service, made when it is first used."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import UnavailableError

#: An API function has 29 seconds in all, so a call with its retries must not take them.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    # one is enough in Lambda; under chalice local every request has a thread of its own
    max_pool_connections=50,
    # botocore puts its own together anew for each call, which takes a twentieth of a call's CPU
    user_agent="accepted",
)

#: A link must name the bucket's own region, or S3 redirects it to where its signature is void.
_S3_CONFIG = _CONFIG.merge(
    Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
)

#: what a call can raise
ERRORS = (BotoCoreError, ClientError)


class Clients:
    """One process's AWS clients. Threads may share a client, but not make one at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[str, Any] = {}

    @property
    def dynamodb(self) -> Any:
        return self._client("dynamodb")

    @property
    def sqs(self) -> Any:
        return self._client("sqs")

    @property
    def s3(self) -> Any:
        return self._client("s3")

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._session = self._session or boto3.session.Session()
                config = _S3_CONFIG if service == "s3" else _CONFIG
                self._made[service] = self._session.client(service, config=config)
            return self._made[service]


def unavailable(error: BotoCoreError | ClientError) -> UnavailableError:
    """What the service makes of an AWS error: an answer in the 400s means nothing was done."""
    # a connection error has a response too: None
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = response.get("Error", {}).get("Code", type(error).__name__)
    return UnavailableError(code, maybe_done=not 400 <= status < 500)
