"""What Lambda refuses of a function's configuration, in its own words.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.lambda_api.errors import LambdaError, invalid_parameter
from emulator.limits import ENVIRONMENT_BYTES_MAX
from emulator.mapping.validation import FUNCTION_MEMORY, FUNCTION_TIMEOUT, violation

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Python is what runs here, whichever 3 is named: the emulator's own.
_RUNTIME = re.compile(r"python3\.\d+")
_OTHER_RUNTIME = re.compile(
    r"(nodejs|java|dotnet|dotnetcore|ruby|go|python2\.|provided)[a-z0-9.]*(-edge)?"
)
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
RESERVED_VARIABLES = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}  # fmt: skip


def check_new(parameters: Mapping[str, Any]) -> None:
    """CreateFunction's parameters; raises LambdaError."""
    if parameters.get("PackageType", "Zip") != "Zip":
        raise invalid_parameter("Container images do not run here: give the function a zip.")
    if not parameters.get("Runtime") or not parameters.get("Handler"):
        raise invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment "
            "packages."
        )
    check(parameters)


def check(parameters: Mapping[str, Any]) -> None:
    """What may be given to a new function as well as to one that exists; raises LambdaError."""
    for bounds in (FUNCTION_TIMEOUT, FUNCTION_MEMORY):
        value = parameters.get(bounds.setting)
        if value is not None and (problem := bounds.problem(value)):
            raise LambdaError("ValidationException", problem)
    if runtime := parameters.get("Runtime"):
        _check_runtime(runtime)
    _check_variables((parameters.get("Environment") or {}).get("Variables") or {})


def _check_runtime(runtime: str) -> None:
    if _RUNTIME.fullmatch(runtime):
        return
    if _OTHER_RUNTIME.fullmatch(runtime):
        raise invalid_parameter(
            f"The runtime parameter of {runtime} does not run here: only Python does."
        )
    raise invalid_parameter(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum "
        "value set: [python3.10, python3.11, python3.12, python3.13, python3.14] or be a valid ARN"
    )


def _check_variables(variables: Mapping[str, str]) -> None:
    unable = (
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided"
    )
    if reserved := sorted(RESERVED_VARIABLES & variables.keys()):
        raise invalid_parameter(
            f"{unable} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if len(text := msgspec.json.encode(variables)) > ENVIRONMENT_BYTES_MAX:
        raise invalid_parameter(
            f"{unable} exceeded the 4KB limit. String measured: {text.decode()}"
        )


def validation_error(value: object, path: str, constraint: str) -> LambdaError:
    """A value outside what the API's model allows; None is one that is missing."""
    return LambdaError("ValidationException", violation(value, path, constraint))
