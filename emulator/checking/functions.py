"""Functions: their time, memory, names and environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.checking.finding import finding
from emulator.declared.merged_events import API_HANDLER, resource_id
from emulator.lambda_api.configuration import RESERVED_VARIABLES
from emulator.limits import ENVIRONMENT_BYTES_MAX, INTEGRATION_SECONDS_MAX
from emulator.mapping.validation import FUNCTION_MEMORY, FUNCTION_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.checking.finding import Files, Finding, Place
    from emulator.checking.subject import Subject
    from emulator.invocation import FunctionSpec

#: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
NAME_CHARACTERS_MAX = 64
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|PRIVATE|TOKEN$|CREDENTIAL|_KEYS?$")
#: An access key of AWS, a private key, an address with a password.
_SECRET_VALUE = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s:@]+@"
)
#: CloudFormation puts the secret in place of it.
_REFERENCE = "{{resolve:"


def findings(subject: Subject) -> Iterator[Finding]:
    for function in subject.found.functions.values():
        yield from _name(function, subject.files)
        yield from _numbers(function, subject.files)
        yield from _environment_size(function, subject.files)
        for variable in function.environment:
            yield from _variable(function, variable, subject.files)
            yield from _secret(function, variable, subject.files)
    if api := subject.found.functions.get(API_HANDLER):
        yield from _route_timeout(api, subject.files)


def _name(function: FunctionSpec, files: Files) -> Iterator[Finding]:
    if (length := len(function.function_name)) > NAME_CHARACTERS_MAX:
        yield finding(
            "function-refused",
            files.in_config("app_name"),
            f"{function.function_name} has {length} characters, a function's name may have "
            f"{NAME_CHARACTERS_MAX}",
            write="a shorter app_name, or a shorter name of the function or the stage",
            severity="refused",
        )


def _numbers(function: FunctionSpec, files: Files) -> Iterator[Finding]:
    """The API's own bounds."""
    for bounds, setting, value in (
        (FUNCTION_TIMEOUT, "lambda_timeout", function.timeout_seconds),
        (FUNCTION_MEMORY, "lambda_memory_size", function.memory_mb),
    ):
        if bounds.problem(value):
            path = f"{resource_id(function.name)}.{bounds.setting}"
            yield finding(
                "function-refused",
                files.of_function(path, setting, function.name),
                f"{value} is not {bounds.lowest} to {bounds.highest}",
                write=f'"{setting}": {min(max(value, bounds.lowest), bounds.highest)}',
                severity="refused",
            )


def _environment_size(function: FunctionSpec, files: Files) -> Iterator[Finding]:
    variables = function.environment.items()
    size = sum(len(f"{name}{value}".encode()) for name, value in variables)
    if size > ENVIRONMENT_BYTES_MAX:
        yield finding(
            "environment-size",
            files.in_config("environment_variables", function.name),
            f"{size} bytes, more than the {ENVIRONMENT_BYTES_MAX} that a function may have",
            write="large values to where the function reads them: Parameter Store, S3, the bundle",
            severity="refused",
        )


def _variable(function: FunctionSpec, name: str, files: Files) -> Iterator[Finding]:
    if name in RESERVED_VARIABLES:
        problem = "Lambda sets it, and lets nobody else do so"
    elif not _VARIABLE.fullmatch(name):
        problem = "a name has two or more letters, digits and underscores, a letter first"
    else:
        return
    yield finding(
        "environment-variable",
        _variable_place(function, name, files),
        problem,
        write="another name",
        severity="refused",
    )


def _secret(function: FunctionSpec, name: str, files: Files) -> Iterator[Finding]:
    value = str(function.environment[name])
    is_secret = _SECRET_NAME.search(name.upper()) or _SECRET_VALUE.search(value)
    if value and is_secret and not value.startswith(_REFERENCE):
        yield finding(
            "plain-secret",
            _variable_place(function, name, files),
            "whoever may read the file or the function reads this",
            write=f'"{name}": "{_REFERENCE}secretsmanager:…:SecretString:{name}}}}}"',
        )


def _variable_place(function: FunctionSpec, name: str, files: Files) -> Place:
    path = f"{resource_id(function.name)}.Environment.Variables.{name}"
    return files.of_function(path, f"environment_variables.{name}", function.name)


def _route_timeout(api: FunctionSpec, files: Files) -> Iterator[Finding]:
    if api.timeout_seconds > INTEGRATION_SECONDS_MAX:
        path = f"{resource_id(API_HANDLER)}.Timeout"
        yield finding(
            "route-timeout",
            files.of_function(path, "lambda_timeout", API_HANDLER),
            f"API Gateway gives up after {INTEGRATION_SECONDS_MAX} s, and the function goes on "
            f"for up to {api.timeout_seconds} s",
            write=f'into "lambda_functions" of the stage: "{API_HANDLER}": '
            f'{{"lambda_timeout": {INTEGRATION_SECONDS_MAX}}}',
        )
