"""The command: imports the project's app as Chalice does, and keeps it from AWS meanwhile."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

import click
from chalice.cli.factory import CLIFactory

from emulator import guard
from emulator.local import broken_app, configuration
from emulator.template import Names, TemplateError

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.checking.finding import Finding

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


def run(directory: Path, *, stage: str, packaged: Path | None) -> list[Finding]:
    """Raises click.ClickException for what is no project, or cannot be read."""
    if problem := configuration.problem(directory):
        raise click.ClickException(problem)
    guard.pin_environment(os.environ, None, REGION)
    guard.forbid("aws")
    factory = CLIFactory(str(directory), environ=os.environ)
    try:
        config = factory.create_config_obj(chalice_stage_name=stage)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    if stage not in config.config_from_disk.get("stages", {stage: {}}):
        known = ", ".join(sorted(config.config_from_disk["stages"]))
        raise click.ClickException(f".chalice/config.json has no stage {stage}; it has {known}")
    os.environ.update(config.environment_variables)
    try:
        _ = config.chalice_app
    except (Exception, SystemExit) as error:  # it is the project's own code that fails
        raise click.ClickException(
            f"app.py cannot be imported. {broken_app.told(error, directory)}"
        ) from None
    names = Names(app=config.app_name, stage=stage, region=REGION, account_id=ACCOUNT_ID)
    # brings moto, which nobody should wait for who has mistyped a name
    rules = importlib.import_module("emulator.checking.check")
    try:
        return list(rules.check(config, names, packaged=packaged))
    except TemplateError as error:
        raise click.ClickException(str(error)) from None
