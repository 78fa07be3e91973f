"""A project's function in the words of Lambda's API."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from emulator.lambda_api import configuration
from emulator.lambda_api.errors import LambdaError

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec

#: a project's functions run on the Python that runs the emulator
RUNTIME = "python{}.{}".format(*sys.version_info)


def refusal(spec: FunctionSpec) -> str | None:
    """A sentence for the user, if Lambda would not take it."""
    try:
        configuration.check(parameters(spec))
    except LambdaError as refusal:
        return f"{spec.name} runs here, and AWS will refuse to deploy it: {refusal.message}"
    return None


def parameters(spec: FunctionSpec) -> dict[str, Any]:
    """CreateFunction's parameters for a function that Chalice would deploy."""
    return {
        "FunctionName": spec.function_name,
        "Handler": spec.handler,
        "Runtime": RUNTIME,
        "Role": f"arn:aws:iam::{spec.account_id}:role/{spec.function_name}",
        "Timeout": spec.timeout_seconds,
        "MemorySize": spec.memory_mb,
        "Environment": {"Variables": dict(spec.environment)},
    }
