"""AWS's command line tool, as ``make deploy`` runs it: one clear line for whatever it refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any

import click

#: The first version of which everything that is called here is known.
VERSION_MIN = (2, 0)
_INSTALL = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"


class AwsRefusedError(click.ClickException):
    """The tool ended with an error; the message is its last line."""


def check() -> None:
    """Raises ClickException if the tool is missing, or too old."""
    if shutil.which("aws") is None:
        raise click.ClickException(f"AWS's command line tool is not installed: {_INSTALL}")
    done = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False)
    said = (done.stdout or done.stderr).strip()
    found = re.match(r"aws-cli/(\d+)\.(\d+)", said)
    version = tuple(map(int, found.groups())) if found else (0, 0)
    if version < VERSION_MIN:
        needed = ".".join(map(str, VERSION_MIN))
        raise click.ClickException(
            f"aws is {said.split()[0] if said else 'no tool of AWS'}, it must be aws-cli/{needed} "
            f"or newer: {_INSTALL}"
        )


def endpoint() -> str:
    """Where AWS is, if somebody says so: the emulator's address, or another. Empty for AWS itself.

    The tool reads the variable from version 2.13 on only, and would call AWS before: so it is given
    the address with each command.
    """
    return os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")


def answer(*command: str) -> str:
    """What a command of the tool prints; raises AwsRefusedError."""
    elsewhere = ["--endpoint-url", endpoint()] if endpoint() else []
    done = subprocess.run(
        ["aws", *command, *elsewhere], capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        if lines and lines[-1].startswith("Could not connect"):
            raise click.ClickException(lines[-1])
        raise AwsRefusedError(lines[-1] if lines else f"aws ended with {done.returncode}")
    return done.stdout.strip()


def decoded(*command: str) -> Any:
    """The same, decoded: None if it prints nothing."""
    said = answer(*command, "--output", "json")
    return json.loads(said) if said else None
