"""What becomes of a project that AWS would refuse: it is not served, and told why."""

from __future__ import annotations


class DeployRefusedError(ValueError):
    """AWS would refuse to deploy the project; the text says what, why, and where to change it."""


def refused(*problems: str) -> DeployRefusedError:
    """The error that lists what AWS would refuse."""
    return DeployRefusedError("AWS would refuse to deploy this:\n  " + "\n  ".join(problems))
