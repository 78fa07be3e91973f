"""``make package`` and ``make deploy``: one stage as CloudFormation, checked before it is sent.

``package`` never reaches AWS. ``deploy`` does, for the stage and with the bucket it is given.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import aws_tool
import bundle
import click
import stack
from aws_tool import AwsRefusedError
from stack import Place

CONFIG = Path(".chalice/config.json")
RESOURCES = ".chalice/resources.json"
#: The template names no region; Chalice asks for one all the same.
REGION_FOR_PACKAGING = "us-east-1"
#: How API Gateway calls a stage: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
_API = re.compile(r"https://(\w+)\.execute-api\.[^/]+/([^/]+)/")


@click.group()
def cli() -> None:
    """Package or deploy one stage of this project."""


@cli.command()
@click.argument("stage")
def package(stage: str) -> None:
    """Make build/STAGE: the template and the functions' code."""
    _checked_stage("package", stage)
    click.echo(f"made {_package(stage)}")


@cli.command()
@click.argument("stage")
@click.option("--bucket", default="", help="Where CloudFormation finds the code.")
def deploy(stage: str, *, bucket: str) -> None:
    """Create or update the stack of STAGE in the account of the credentials."""
    app = _checked_stage("deploy", stage)
    if not bucket:
        raise click.ClickException(
            "deploying needs a bucket of yours that CloudFormation takes the code from: "
            f"make deploy STAGE={stage} BUCKET=…"
        )
    aws_tool.check()
    account = _account()
    place = Place(f"{app}-{stage}", _region(), bucket)
    # whichever of the two the tool looks at
    os.environ.update(AWS_REGION=place.region, AWS_DEFAULT_REGION=place.region)
    where = f" at {aws_tool.endpoint()}" if aws_tool.endpoint() else ""
    click.echo(f"deploying {place.stack} to account {account} in {place.region}{where}")
    is_new = stack.check(place) == stack.REVIEW
    template, tags = _package(stage), {"app": app, "stage": stage}
    described = stack.deploy(place, template, tags, is_new=is_new)
    for output in described.get("Outputs", []):
        click.echo(f"{output['OutputKey']}: {output['OutputValue']}")
        if aws_tool.endpoint() and (api := _API.match(output["OutputValue"])):
            # few resolvers find that name here
            path = f"{aws_tool.endpoint()}/_aws/execute-api/{api[1]}/{api[2]}/"
            click.echo(f"{output['OutputKey']} at the endpoint: {path}")


def _checked_stage(command: str, stage: str) -> str:
    """The app's name, if ``stage`` is one that can be deployed."""
    try:
        config = json.loads(CONFIG.read_text())
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{CONFIG} cannot be read: {error}") from None
    stages = config.get("stages", {})
    if stage not in stages:
        known = ", ".join(sorted(stages))
        problem = f"{CONFIG} has no stage {stage!r}" if stage else "which stage?"
        raise click.ClickException(f"{problem}: make {command} STAGE=… takes one of {known}")
    variables = config.get("environment_variables", {})
    variables = {**variables, **stages[stage].get("environment_variables", {})}
    if command == "deploy" and variables.get("AUTH") == "open":
        raise click.ClickException(
            f"stage {stage} is open to everybody (AUTH in {CONFIG}), so its functions refuse to "
            "run in Lambda: deploy one that is closed"
        )
    return str(config["app_name"])


def _package(stage: str) -> Path:
    folder = Path("build") / stage
    shutil.rmtree(folder, ignore_errors=True)
    chalice = Path(sys.executable).with_name("chalice")
    region = os.environ.get("AWS_DEFAULT_REGION") or REGION_FOR_PACKAGING
    _run(
        str(chalice), "package", "--stage", stage, "--merge-template", RESOURCES, str(folder),
        environment={"AWS_DEFAULT_REGION": region},
    )  # fmt: skip
    bundle.compile_sources(folder / "deployment.zip")
    return folder / "sam.json"


def _account() -> str:
    try:
        return aws_tool.answer(
            "sts", "get-caller-identity", "--query", "Account", "--output", "text"
        )
    except AwsRefusedError as error:
        raise click.ClickException(
            f"there are no credentials that AWS takes ({error.message}): set AWS_PROFILE, or "
            "sign in with `aws sso login` or `aws configure`"
        ) from None


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        return region or aws_tool.answer("configure", "get", "region")
    except AwsRefusedError:
        raise click.ClickException("there is no region: set AWS_DEFAULT_REGION") from None


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run what speaks for itself; ends with its exit code if it fails."""
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command[:3])} ended with {done.returncode}")


if __name__ == "__main__":
    cli(prog_name="make")
