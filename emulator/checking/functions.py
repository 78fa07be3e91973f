"""Functions: their time, their environment, and what their roles lack."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from emulator.checking.finding import Finding
from emulator.declared.project import API_HANDLER
from emulator.limits import ENVIRONMENT_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalice.config import Config

    from emulator.checking.finding import Files
    from emulator.declared.project import Declared
    from emulator.invocation import FunctionSpec

CONFIG = ".chalice/config.json"
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
ROUTE_SECONDS_MAX = 29
#: What Lambda's poller does with the function's role.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
POLLER_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|PRIVATE|TOKEN$|CREDENTIAL|_KEYS?$")
#: CloudFormation puts the secret in place of it.
_REFERENCE = "{{resolve:"


def findings(found: Declared, config: Config, files: Files) -> Iterator[Finding]:
    for function in found.functions.values():
        yield from _environment(function, config, files)
    api = found.functions.get(API_HANDLER)
    if api and api.timeout_seconds > ROUTE_SECONDS_MAX:
        yield Finding(
            severity="hurts", rule="route-timeout",
            text=f"API Gateway gives up after {ROUTE_SECONDS_MAX} s, and the function goes on",
            **_place(config, files, API_HANDLER, "lambda_timeout"),
        )  # fmt: skip
    for event in found.queue_events:
        yield from _permissions(event.spec.function, event.spec.queue_name, config, files=files)


def _environment(function: FunctionSpec, config: Config, files: Files) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    size = sum(len(name) + len(str(value)) for name, value in function.environment.items())
    if size > ENVIRONMENT_BYTES_MAX:
        yield Finding(
            severity="refused", rule="environment-size",
            text=f"{size} bytes, more than the {ENVIRONMENT_BYTES_MAX} that a function may have",
            **_place(config, files, function.name, "environment_variables"),
        )  # fmt: skip
    for name, value in function.environment.items():
        if value and _SECRET.search(name.upper()) and not str(value).startswith(_REFERENCE):
            yield Finding(
                severity="hurts", rule="plain-secret",
                text="whoever may read the file or the function reads this; refer to a secret: "
                "{{resolve:secretsmanager:…}}",
                **_place(config, files, "", f"environment_variables.{name}"),
            )  # fmt: skip


def _permissions(function: str, queue: str, config: Config, *, files: Files) -> Iterator[Finding]:
    """Chalice writes policies that have them, unless there is a file."""
    scoped = config.scope(config.chalice_stage, function)
    if scoped.autogen_policy or scoped.manage_iam_role is False:
        return
    file = f".chalice/{scoped.iam_policy_file or f'policy-{config.chalice_stage}.json'}"
    policy = _read(files.directory / file)
    arn = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
    lacking = [action for action in POLLER_ACTIONS if not _permits(policy, action, arn)]
    if lacking:
        yield Finding(
            severity="refused", rule="missing-permission",
            text=f"{function} reads {queue}, and its role may not: {', '.join(lacking)}",
            **files.at(file, ["Statement"], "Statement"),
        )  # fmt: skip


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError):
        return {"Statement": []}


def _permits(policy: dict[str, Any], action: str, arn: str) -> bool:
    said = IAMPolicy(json.dumps(policy)).is_action_permitted(action, arn)
    return bool(said == PermissionResult.PERMITTED)


def _place(config: Config, files: Files, function: str, setting: str) -> dict[str, Any]:
    """The innermost place of config.json that has a setting: function, stage, project."""
    stage = ["stages", config.chalice_stage]
    own = ["lambda_functions", function]
    keys = setting.split(".")
    ways = [[*stage, *own, *keys], [*own, *keys], [*stage, *keys], keys]
    for way in ways:
        if files.has(CONFIG, way):
            return files.at(CONFIG, way, ".".join(way))
    return files.at(CONFIG, stage, setting)
