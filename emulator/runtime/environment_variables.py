"""The environment variables a function sees.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

    from emulator.invocation import FunctionSpec

#: What a function inherits from the developer's shell: where things are, never how AWS is reached.
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "VIRTUAL_ENV")

#: What Lambda sets unless the function's own settings do.
CHANGEABLE = {"LANG": "en_US.UTF-8", "TZ": ":UTC"}

#: The directory that holds the emulator's package, so that its bootstrap can be imported.
PACKAGES_DIR = Path(__file__).resolve().parents[2]


def environment_variables(
    spec: FunctionSpec,
    project_dir: Path,
    *,
    log_stream_name: str,
    inherited: Mapping[str, str],
    pinned: Mapping[str, str],
) -> dict[str, str]:
    """All variables of one environment, but for the Runtime API's address.

    ``pinned`` (endpoint, dummy credentials) is put on last: no setting of a function leads to the
    real AWS.
    """
    return {
        **of_any_python(inherited),
        **spec.environment,
        **lambda_variables(spec, log_stream_name),
        "LAMBDA_TASK_ROOT": str(project_dir),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        "PYTHONPATH": str(PACKAGES_DIR),
        # a function's credentials are a role's, which come with a token
        "AWS_SESSION_TOKEN": "emulator",
        **pinned,
    }


def of_any_python(inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables of any function's process that are no function's own."""
    return {
        **{name: inherited[name] for name in INHERITED if name in inherited},
        **CHANGEABLE,
        "PYTHONPATH": str(PACKAGES_DIR),
    }


def lambda_variables(spec: FunctionSpec, log_stream_name: str) -> dict[str, str]:
    """The variables that Lambda defines for a function."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": spec.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream_name,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*sys.version_info),
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "_HANDLER": spec.handler,
    }


@contextlib.contextmanager
def changed(environ: MutableMapping[str, str], variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process for a function that runs in it, and put them back."""
    before = {name: environ.get(name) for name in variables}
    environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
