"""What CloudFormation refuses a request with.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from moto.cloudformation.exceptions import CloudFormationError, ValidationError


class InsufficientCapabilitiesError(CloudFormationError):  # type: ignore[misc]
    """The caller has not agreed to what the template grants."""

    code = "InsufficientCapabilitiesException"


class ChangeSetNotFoundError(CloudFormationError):  # type: ignore[misc]
    """There is no such change set."""

    code = "ChangeSetNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


class InvalidChangeSetStatusError(CloudFormationError):  # type: ignore[misc]
    """A change set that cannot be executed, or not any more."""

    code = "InvalidChangeSetStatus"

    def __init__(self, arn: str, status: str) -> None:
        super().__init__(
            f"ChangeSet [{arn}] cannot be executed in its current execution status of [{status}]"
        )


class StackExistsError(CloudFormationError):  # type: ignore[misc]
    """A stack cannot be created twice."""

    code = "AlreadyExistsException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Stack [{name}] already exists")


def cannot_be(what: str, stack_id: str, status: str) -> ValidationError:
    """A stack in that status takes no such change."""
    return ValidationError(message=f"Stack:{stack_id} is in {status} state and can not be {what}.")


def no_template(why: str) -> ValidationError:
    """There is nothing to make a stack of."""
    return ValidationError(message=why)
