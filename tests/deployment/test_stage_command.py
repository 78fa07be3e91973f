"""``make package`` and ``make deploy``: one clear line for whatever is missing, and no surprise."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
import stack
from stage_package import copied, stage_command

if TYPE_CHECKING:
    from pathlib import Path

    from stage_package import Packaged

#: Stands in for AWS's command line tool: notes what it is asked, and answers from a file, in turn
#: if there is more than one answer.
AWS = """#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
asked = " ".join(sys.argv[1:])
with (here / "asked").open("a") as file:
    print(asked, file=file)
for start, answers in json.loads((here / "answers.json").read_text()).items():
    if asked.startswith(start):
        before = (here / "asked").read_text().splitlines()
        turn = sum(line.startswith(start) for line in before) - 1
        code, text = answers[min(turn, len(answers) - 1)]
        print(text, file=sys.stderr if code else sys.stdout)
        sys.exit(code)
"""
NO_STACK = (
    255,
    "\nAn error occurred (ValidationError): Stack with id accepted-prod does not exist",
)
NO_TABLE = (254, "An error occurred (ResourceNotFoundException): not found")
OLD = (0, "aws-cli/1.45.11 Python/3.11.7")
EXPIRED = (254, "An error occurred (ExpiredToken): The security token is expired")
OUTPUTS = [{"OutputKey": "EndpointURL",
            "OutputValue": "https://a1.execute-api.eu-central-1.amazonaws.com/v1/"}]  # fmt: skip
REGION = {"AWS_REGION": "eu-central-1"}


def stacks(status: str) -> tuple[int, str]:
    return 0, json.dumps({"Stacks": [{"StackStatus": status, "Outputs": OUTPUTS}]})


def change_set(status: str, reason: str | None = None) -> tuple[int, str]:
    return 0, json.dumps({"StackStatus": status, "Reason": reason})


GOOD = {
    "--version": (0, "aws-cli/2.31.0 Python/3.13.7"),
    "sts": (0, "123456789012"),
    "configure get region": (1, ""),
    "s3api head-bucket": (0, ""),
    "s3 cp": (0, ""),
    "dynamodb describe-table": NO_TABLE,
    "cloudformation describe-stacks": [NO_STACK, stacks("CREATE_COMPLETE")],
    "cloudformation create-change-set": (0, '{"Id": "arn:of:it"}'),
    "cloudformation describe-change-set": change_set("CREATE_COMPLETE"),
    "cloudformation execute-change-set": (0, ""),
    "cloudformation delete-change-set": (0, ""),
}


class Tool:
    """A project, and an ``aws`` that is ours."""

    def __init__(self, folder: Path) -> None:
        self.project = copied(folder)
        self.bin = folder / "bin"
        self.bin.mkdir()

    def install(self, **answers: Any) -> None:
        known = {
            start: answer if isinstance(answer, list) else [answer]
            for start, answer in {**GOOD, **answers}.items()
        }
        (self.bin / "answers.json").write_text(json.dumps(known))
        program = self.bin / "aws"
        program.write_text(AWS.replace("{python}", sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    @property
    def path(self) -> str:
        rest = os.environ["PATH"] if (self.bin / "aws").exists() else ""
        return f"{self.bin}:{rest}"

    def run(self, *arguments: str, **environment: str) -> Any:
        return stage_command(self.project, *arguments, PATH=self.path, **environment)

    def asked(self, start: str = "") -> list[str]:
        file = self.bin / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if line.startswith(start)]


class Deployer:
    """Deploys what was packaged once, as the command does when it has packaged."""

    def __init__(self, tool: Tool, template: Path) -> None:
        self.tool = tool
        self._template = template

    def deploy(self) -> None:
        """Raises ClickException."""
        place = stack.Place("accepted-prod", "eu-central-1", "bundles")
        is_new = stack.check(place) == stack.REVIEW
        stack.deploy(place, self._template, {"app": "accepted"}, is_new=is_new)


@pytest.fixture
def deployer(
    tool: Tool, packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Deployer:
    tool.install()
    monkeypatch.setenv("PATH", tool.path)
    folder = tmp_path / "packaged"
    folder.mkdir()
    shutil.copy(packaged.bundle, folder)
    (folder / "sam.json").write_text(json.dumps(packaged.template))
    return Deployer(tool, folder / "sam.json")


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def says(done: Any, *parts: str) -> None:
    """One line, to standard error, that a person can act on."""
    assert done.returncode == 1, done.stdout
    (line,) = done.stderr.splitlines()
    assert all(part in line for part in parts), line


def refuses(deployer: Deployer, *parts: str) -> None:
    with pytest.raises(click.ClickException) as caught:
        deployer.deploy()
    assert all(part in caught.value.message for part in parts), caught.value.message
    assert "\n" not in caught.value.message


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
    assert tool.asked() == []


def test_a_missing_tool_is_told(tool: Tool) -> None:
    says(tool.run("deploy", "prod", "--bucket=b"), "not installed", "https://docs.aws.amazon.com/")


def test_a_missing_region_is_told(tool: Tool) -> None:
    tool.install()
    says(tool.run("deploy", "prod", "--bucket=b"), "AWS_DEFAULT_REGION")


@pytest.mark.parametrize(
    ("answers", "parts"),
    [
        ({"--version": OLD}, ["aws-cli/1.45.11", "2.0"]),
        ({"sts": EXPIRED}, ["ExpiredToken", "AWS_PROFILE"]),
        ({"sts": (255, "Could not connect to the endpoint URL")}, ["Error: Could not connect"]),
        ({"cloudformation describe-stacks": (254, "AccessDenied: no")}, ["AccessDenied"]),
        (
            {"s3api head-bucket": (254, "An error occurred (404): Not Found")},
            ["no bucket", "aws s3 mb s3://bundles"],
        ),
        (
            {"s3api head-bucket": (254, "An error occurred (403): Forbidden")},
            ["bundles", "not yours"],
        ),
        (
            {"s3api head-bucket": (254, "An error occurred (301): Moved")},
            ["another region", "eu-central-1"],
        ),
        ({"s3api head-bucket": (255, "no route")}, ["bundles", "no route"]),
        (
            {"cloudformation describe-stacks": stacks("ROLLBACK_COMPLETE")},
            ["ROLLBACK_COMPLETE", "delete-stack --stack-name accepted-prod"],
        ),
        (
            {"cloudformation describe-stacks": stacks("UPDATE_ROLLBACK_FAILED")},
            ["continue-update-rollback"],
        ),
        (
            {"cloudformation describe-stacks": stacks("UPDATE_IN_PROGRESS")},
            ["UPDATE_IN_PROGRESS", "wait"],
        ),
    ],
    ids=[
        "older",
        "expired",
        "nobody",
        "denied",
        "no-bucket",
        "foreign",
        "elsewhere",
        "unknown",
        "rolled-back",
        "stuck",
        "changing",
    ],
)
def test_what_aws_does_not_take_is_told_before_anything_is_sent(
    tool: Tool, answers: dict[str, Any], parts: list[str]
) -> None:
    """.../AWSCloudFormation/latest/UserGuide/view-stack-events.html."""
    tool.install(**answers)
    says(tool.run("deploy", "prod", "--bucket=bundles", **REGION), *parts)
    assert not (tool.project / "build").exists()
    assert tool.asked("s3 cp") == []


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (["id"], ["key id HASH", "needs pk HASH, sk RANGE", "somebody else's"]),
        (["pk", "sk"], ["was deleted", "import it"]),
    ],
    ids=["another-key", "own-key"],
)
def test_a_table_that_exists_is_told_before_the_stack_is_created(
    deployer: Deployer, key: list[str], parts: list[str]
) -> None:
    """Not after CloudFormation has rolled everything back."""
    schema = [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]
    answer = (0, json.dumps({"Table": {"KeySchema": schema}}))
    deployer.tool.install(**{"dynamodb describe-table": answer})
    refuses(deployer, "table accepted-jobs exists", *parts)
    assert deployer.tool.asked("cloudformation create-change-set") == []


def test_a_stage_is_packaged_sent_deployed_and_its_outputs_are_shown(tool: Tool) -> None:
    """In the account and the region that are said first."""
    tool.install()
    done = tool.run("deploy", "prod", "--bucket=bundles", **REGION)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "deploying accepted-prod to account 123456789012 in eu-central-1"
    assert lines[-2:] == [
        "stack accepted-prod is CREATE_COMPLETE",
        "EndpointURL: https://a1.execute-api.eu-central-1.amazonaws.com/v1/",
    ]
    assert not [asked for asked in tool.asked() if "--endpoint-url" in asked]
    code, template = tool.asked("s3 cp")
    key = code.split("s3://bundles/")[1].split()[0]
    assert code.startswith("s3 cp build/prod/deployment.zip s3://bundles/accepted-prod/")
    (created,) = tool.asked("cloudformation create-change-set")
    sent = template.split("s3://bundles/")[1].split()[0]
    url = f"https://s3.eu-central-1.amazonaws.com/bundles/{sent}"
    for part in (
        "--stack-name accepted-prod",
        "--change-set-type CREATE",
        url,
        "--capabilities CAPABILITY_IAM",
        "Key=app,Value=accepted Key=stage,Value=prod",
    ):
        assert part in created
    (executed,) = tool.asked("cloudformation execute-change-set")
    assert executed.endswith("--change-set-name arn:of:it")
    packaged = json.loads((tool.project / "build" / "prod" / "packaged.json").read_text())
    assert {
        body["Properties"]["CodeUri"]
        for body in packaged["Resources"].values()
        if body["Type"] == "AWS::Serverless::Function"
    } == {f"s3://bundles/{key}"}


def test_a_stack_that_exists_is_updated_or_left_as_it_is(
    deployer: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text is CloudFormation's for a change set that changes nothing."""
    reason = "The submitted information didn't contain changes. Submit different information."
    tool = deployer.tool
    tool.install(**{
        "cloudformation describe-stacks": [stacks("CREATE_COMPLETE")],
        "cloudformation describe-change-set": change_set("FAILED", reason),
    })  # fmt: skip
    deployer.deploy()
    assert "nothing has changed" in capsys.readouterr().out
    assert "--change-set-type UPDATE" in tool.asked("cloudformation create-change-set")[0]
    assert tool.asked("cloudformation execute-change-set") == []
    assert len(tool.asked("cloudformation delete-change-set")) == 1


def test_a_change_is_waited_for(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation takes minutes."""
    monkeypatch.setattr(stack, "POLL_SECONDS", 0)
    tool = deployer.tool
    tool.install(**{
        "cloudformation describe-stacks": [
            NO_STACK, stacks("CREATE_IN_PROGRESS"), stacks("CREATE_COMPLETE"),
        ],
        "cloudformation describe-change-set": [
            change_set("CREATE_PENDING"), change_set("CREATE_IN_PROGRESS"),
            change_set("CREATE_COMPLETE"),
        ],
    })  # fmt: skip
    deployer.deploy()
    assert len(tool.asked("cloudformation describe-change-set")) == 3
    assert len(tool.asked("cloudformation describe-stacks")) == 3


def test_a_template_that_is_refused_is_told_with_the_reason(deployer: Deployer) -> None:
    failed = change_set("FAILED", "Transform AWS::Serverless-2016-10-31 failed with: no")
    deployer.tool.install(**{"cloudformation describe-change-set": failed})
    refuses(deployer, "refuses the template", "failed with: no")


@pytest.mark.parametrize(
    ("status", "parts"),
    [
        ("ROLLBACK_COMPLETE", ["delete-stack"]),
        ("UPDATE_ROLLBACK_COMPLETE", ["it is what it was before"]),
    ],
)
def test_a_deployment_that_failed_is_told_with_the_first_reason(
    deployer: Deployer, status: str, parts: list[str]
) -> None:
    """Events come newest first; those of earlier deployments are none of it."""
    events = [
        ("accepted-prod", "AWS::CloudFormation::Stack", status, ""),
        ("Sweep", "AWS::Lambda::Function", "CREATE_FAILED", "Resource creation cancelled"),
        ("JobsTable", "AWS::DynamoDB::Table", "CREATE_FAILED", "accepted-jobs already exists."),
        ("accepted-prod", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "User Initiated"),
        ("Old", "AWS::SQS::Queue", "CREATE_FAILED", "earlier"),
    ]
    names = ("LogicalResourceId", "ResourceType", "ResourceStatus", "ResourceStatusReason")
    answer = {"StackEvents": [dict(zip(names, event, strict=True)) for event in events]}
    deployer.tool.install(**{
        "cloudformation describe-stacks": [NO_STACK, stacks(status)],
        "cloudformation describe-stack-events": (0, json.dumps(answer)),
    })  # fmt: skip
    what = "JobsTable (AWS::DynamoDB::Table)"
    refuses(deployer, what, "accepted-jobs already exists", status, *parts)


def test_every_command_goes_where_the_endpoint_is(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool older than 2.13 does not read the variable itself, and would call AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    deployer.tool.install(**{
        "cloudformation describe-stacks": [NO_STACK, stacks("CREATE_COMPLETE")]
    })  # fmt: skip
    deployer.deploy()
    asked = deployer.tool.asked()
    assert len(asked) >= 6
    assert all("--endpoint-url http://127.0.0.1:4566" in line for line in asked)
