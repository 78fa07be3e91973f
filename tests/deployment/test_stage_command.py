"""``make package`` and ``make deploy``: one clear line for whatever is missing, and no surprise."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest
from stage_package import copied, stage_command

if TYPE_CHECKING:
    from pathlib import Path

#: Stands in for AWS's command line tool: notes what it is asked, and answers from a file.
AWS = """#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked").open("a") as asked:
    print(*sys.argv[1:], file=asked)
for start, (code, text) in json.loads((here / "answers.json").read_text()).items():
    if " ".join(sys.argv[1:]).startswith(start):
        print(text, file=sys.stderr if code else sys.stdout)
        sys.exit(code)
"""
GOOD = {
    "--version": (0, "aws-cli/2.31.0 Python/3.13.7"),
    "sts": (0, "123456789012"),
    "configure get region": (1, ""),
    "cloudformation describe-stacks": (255, "Stack with id accepted-prod does not exist"),
}
OLD = (0, "aws-cli/1.45.11 Python/3.11.7")
EXPIRED = (254, "An error occurred (ExpiredToken): The security token is expired")
STACK = {"StackStatus": "UPDATE_COMPLETE", "Outputs": [
    {"OutputKey": "EndpointURL", "OutputValue": "https://example.org/v1/"}
]}  # fmt: skip


def stacks(**stack: Any) -> tuple[int, str]:
    return 0, json.dumps({"Stacks": [{**STACK, **stack}]})


class Tool:
    """A project, and an ``aws`` that is ours."""

    def __init__(self, folder: Path) -> None:
        self.project = copied(folder)
        self.bin = folder / "bin"
        self.bin.mkdir()

    def install(self, **answers: Any) -> None:
        (self.bin / "answers.json").write_text(json.dumps({**GOOD, **answers}))
        program = self.bin / "aws"
        program.write_text(AWS.replace("{python}", sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(self, *arguments: str, **environment: str) -> Any:
        rest = os.environ["PATH"] if (self.bin / "aws").exists() else ""
        return stage_command(self.project, *arguments, PATH=f"{self.bin}:{rest}", **environment)

    @property
    def asked(self) -> list[str]:
        file = self.bin / "asked"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def says(done: Any, *parts: str) -> None:
    """One line, to standard error, that a person can act on."""
    assert done.returncode == 1, done.stdout
    (line,) = done.stderr.splitlines()
    assert all(part in line for part in parts), line


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["package", ""], ["which stage?", "dev, prod"]),
        (["deploy", ""], ["which stage?", "dev, prod"]),
        (["deploy", "staging"], ["no stage 'staging'", "dev, prod"]),
        (["deploy", "dev", "--bucket=b"], ["open to everybody", "AUTH"]),
        (["deploy", "prod"], ["BUCKET=", "bucket"]),
        (["deploy", "prod", "--bucket="], ["BUCKET=", "bucket"]),
    ],
)
def test_what_cannot_be_deployed_is_told_before_aws_is_asked(
    tool: Tool, arguments: list[str], parts: list[str]
) -> None:
    tool.install()
    says(tool.run(*arguments), *parts)
    assert tool.asked == []


def test_a_missing_tool_is_told(tool: Tool) -> None:
    says(tool.run("deploy", "prod", "--bucket=b"), "not installed", "https://docs.aws.amazon.com/")


@pytest.mark.parametrize(
    ("answers", "parts"),
    [
        ({"--version": OLD}, ["aws-cli/1.45.11", "2.0"]),
        ({"sts": EXPIRED}, ["ExpiredToken", "AWS_PROFILE"]),
        ({"cloudformation describe-stacks": (254, "AccessDenied: no")}, ["AccessDenied"]),
    ],
    ids=["older", "expired", "denied"],
)
def test_what_aws_does_not_take_is_told(
    tool: Tool, answers: dict[str, Any], parts: list[str]
) -> None:
    tool.install(**answers)
    says(tool.run("deploy", "prod", "--bucket=b", AWS_REGION="eu-central-1"), *parts)


def test_a_missing_region_is_told(tool: Tool) -> None:
    tool.install()
    says(tool.run("deploy", "prod", "--bucket=b"), "AWS_DEFAULT_REGION")


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_takes_no_update_is_told_before_anything_is_sent(
    tool: Tool, status: str
) -> None:
    """.../AWSCloudFormation/latest/UserGuide/view-stack-events.html."""
    tool.install(**{"cloudformation describe-stacks": stacks(StackStatus=status)})
    says(tool.run("deploy", "prod", "--bucket=b", AWS_REGION="eu-central-1"), status)
    assert not (tool.project / "build").exists()


def test_a_stage_is_packaged_sent_deployed_and_its_outputs_are_shown(tool: Tool) -> None:
    """In the account and the region that are said first."""
    tool.install(**{"cloudformation describe-stacks": stacks()})
    done = tool.run("deploy", "prod", "--bucket=bundles", AWS_REGION="eu-central-1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "deploying accepted-prod to account 123456789012 in eu-central-1"
    assert lines[-1] == "EndpointURL: https://example.org/v1/"
    commands = [asked for asked in tool.asked if asked.startswith("cloudformation")]
    assert [asked.split()[1] for asked in commands] == [
        "describe-stacks", "package", "deploy", "describe-stacks",
    ]  # fmt: skip
    assert "--template-file build/prod/sam.json --s3-bucket bundles" in commands[1]
    assert "--stack-name accepted-prod --capabilities CAPABILITY_IAM" in commands[2]
    assert (tool.project / "build" / "prod" / "deployment.zip").exists()
