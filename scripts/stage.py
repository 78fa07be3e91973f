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
from typing import Any

import bundle
import click

CONFIG = Path(".chalice/config.json")
RESOURCES = ".chalice/resources.json"
#: The first version of AWS's command line tool of which everything that is called here is known.
AWS_VERSION_MIN = (2, 0)
#: The template names no region; Chalice asks for one all the same.
REGION_FOR_PACKAGING = "us-east-1"
#: Where a first deployment ended that failed: CloudFormation updates no such stack.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
STUCK = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


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
    _check_tool()
    stack = f"{app}-{stage}"
    click.echo(f"deploying {stack} to account {_account()} in {_region()}")
    _check_stack(stack)
    template = _package(stage)
    packaged = template.with_name("packaged.json")
    _run(
        "aws", "cloudformation", "package", "--template-file", str(template),
        "--s3-bucket", bucket, "--use-json", "--output-template-file", str(packaged),
    )  # fmt: skip
    _run(
        "aws", "cloudformation", "deploy", "--template-file", str(packaged),
        "--s3-bucket", bucket, "--stack-name", stack, "--capabilities", "CAPABILITY_IAM",
        "--no-fail-on-empty-changeset", "--tags", f"app={app}", f"stage={stage}",
    )  # fmt: skip
    for output in _stack(stack).get("Outputs", []):
        click.echo(f"{output['OutputKey']}: {output['OutputValue']}")


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


def _check_tool() -> None:
    if shutil.which("aws") is None:
        raise click.ClickException(
            "AWS's command line tool is not installed: "
            "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        )
    said = _answer("aws", "--version")
    found = re.match(r"aws-cli/(\d+)\.(\d+)", said)
    version = tuple(map(int, found.groups())) if found else (0, 0)
    if version < AWS_VERSION_MIN:
        needed = ".".join(map(str, AWS_VERSION_MIN))
        raise click.ClickException(
            f"aws is {said.split()[0] if said else 'no tool of AWS'}, it must be aws-cli/{needed} "
            "or newer: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        )


def _account() -> str:
    try:
        return _answer("aws", "sts", "get-caller-identity", "--query", "Account", "--output=text")
    except subprocess.CalledProcessError as error:
        raise click.ClickException(
            f"there are no credentials that AWS takes ({_last_line(error)}): set AWS_PROFILE, or "
            "sign in with `aws sso login` or `aws configure`"
        ) from None


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        return region or _answer("aws", "configure", "get", "region")
    except subprocess.CalledProcessError:
        raise click.ClickException("there is no region: set AWS_DEFAULT_REGION") from None


def _check_stack(stack: str) -> None:
    status = _stack(stack).get("StackStatus", "")
    if status in STUCK:
        raise click.ClickException(
            f"stack {stack} is {status}, which CloudFormation does not update: look at its events, "
            f"then `aws cloudformation delete-stack --stack-name {stack}` and deploy again"
        )
    if status.endswith("_IN_PROGRESS"):
        raise click.ClickException(f"stack {stack} is {status}: wait until that is over")


def _stack(stack: str) -> dict[str, Any]:
    """What CloudFormation says of it; nothing if there is none yet."""
    try:
        said = _answer(
            "aws", "cloudformation", "describe-stacks", "--stack-name", stack, "--output=json"
        )
    except subprocess.CalledProcessError as error:
        if "does not exist" in _last_line(error):
            return {}
        raise click.ClickException(_last_line(error)) from None
    return dict(json.loads(said)["Stacks"][0])


def _last_line(error: subprocess.CalledProcessError) -> str:
    lines = [line for line in (error.stderr or "").splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {error.returncode}"


def _answer(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run what speaks for itself; ends with its exit code if it fails."""
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command[:3])} ended with {done.returncode}")


if __name__ == "__main__":
    cli(prog_name="make")
