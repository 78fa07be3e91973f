"""Amazon Resource Names: ``arn:aws:<service>:<region>:<account>:<resource>``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from typing import NamedTuple

_PARTS = 6


class Arn(NamedTuple):
    """The parts of one; region and account may be empty."""

    service: str
    region: str
    account_id: str
    resource: str


def parse(text: str) -> Arn:
    """Raises ValueError if ``text`` is none."""
    parts = text.split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[0] != "arn":
        raise ValueError(f"{text!r} is no ARN")
    _, _, *rest = parts
    return Arn(*rest)
