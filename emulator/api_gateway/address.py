"""Where a deployed API is found: by its own host as on AWS, or by a path on the endpoint.

``https://<api>.execute-api.<region>.amazonaws.com/<stage>/…`` is found by few resolvers here, so
``http://127.0.0.1:4566/_aws/execute-api/<api>/<stage>/…`` is the same.
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HOST = re.compile(
    r"([a-z0-9]{1,64})\.execute-api(?:\.[a-z0-9-]+)?\.(?:amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?",
    re.IGNORECASE,
)
PREFIX = "/_aws/execute-api/"


class Address(NamedTuple):
    """Which stage of which API a request is for, and what there."""

    api_id: str
    stage: str
    #: path and query below the stage
    target: str

    @property
    def path(self) -> str:
        """The path, with the stage in front."""
        return f"/{self.stage}{self.target}".partition("?")[0]


def has_own_host(host: str) -> bool:
    """Whether a Host header names an API. Only AWS gives out such names, and this machine."""
    return _HOST.fullmatch(host) is not None


def find(target: str, host: str) -> Address | None:
    """None if the request is for no API."""
    if own := _HOST.fullmatch(host):
        return _address(own[1].lower(), target.removeprefix("/"))
    if target.startswith(PREFIX):
        api_id, slash, rest = target.removeprefix(PREFIX).partition("/")
        return _address(api_id, rest) if slash else _address(api_id, "")
    return None


def url(endpoint: str, api_id: str, stage: str) -> str:
    """A stage's address on the endpoint."""
    return f"{endpoint}{PREFIX}{api_id}/{stage}/"


def _address(api_id: str, rest: str) -> Address:
    stage = re.split(r"[/?]", rest, maxsplit=1)[0]
    below = rest[len(stage) :]
    return Address(api_id, stage, below if below.startswith("/") else f"/{below}")
