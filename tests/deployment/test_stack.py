"""The whole stack, made from the very template that is deployed, on the emulator's AWS."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import urllib.request
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import click
import pytest
import stack
from aws_cli import version_2
from rehearse import endpoint, wait_for
from stage_package import ROOT, copied, without_aws
from tokens import token

from emulator import guard
from emulator.api_gateway import address
from emulator.declared.project import Project
from emulator.http.message import Request
from emulator.pytest_plugin import on_virtual_clock
from emulator.template import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stage_package import Packaged

    from emulator.emulator import Emulator
    from emulator.http.message import Response

STACK, STAGE, REGION, BUCKET = "accepted-prod", "prod", "us-east-1", "bundles"
ACCOUNT = "123456789012"
JOB = {"type": "text.statistics", "input": {"text": "to be or not to be"}}
#: What a caller's token is signed with, and what else docs/operations.md has made once.
SECRETS = {
    "AUTH_KEYS": json.dumps({"keys": [{"kid": "a", "kty": "oct", "alg": "HS256", "k": "k" * 43}]}),
    "JOB_ID_KEY": "of this test: " + "j" * 32,
    "CALLBACK_SECRET": "of-this-test:" + "c" * 32,
}
#: A project without anything: what there is, the stack makes.
NOTHING = Project(
    names=Names(app="nothing", stage="dev", region=REGION, account_id=ACCOUNT),
    directory="/nowhere", functions=[], queue_mappings=[], schedules=[], resources=[], notes=[],
)  # fmt: skip


def authorization(folder: Path) -> str:
    """A tenant's, as the secrets sign it."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    config["stages"][STAGE]["environment_variables"] = SECRETS
    (folder / "signing.json").write_text(json.dumps(config))
    known = token("a-tenant", seconds=600, config=folder / "signing.json", stage=STAGE)
    return f"Bearer {known}"


class Account:
    """What is there before the first deployment, and what is made by it."""

    def __init__(self, endpoint_url: str | None = None) -> None:
        """None: whichever cloud answers in this process."""
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}
        named = {"Name": STACK, "SecretString": json.dumps(SECRETS)}
        self.aws("secretsmanager").create_secret(**named)
        self.aws("s3").create_bucket(Bucket=BUCKET)

    def aws(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service, endpoint_url=self._endpoint_url, region_name=REGION,
                aws_access_key_id="x", aws_secret_access_key="x",
            )  # fmt: skip
        return self._clients[service]

    @property
    def described(self) -> Any:
        return self.aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]

    def resources(self) -> dict[str, str]:
        """The physical ids, by the template's names."""
        answer = self.aws("cloudformation").list_stack_resources(StackName=STACK)
        made = answer["StackResourceSummaries"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in made}

    def left(self) -> dict[str, Any]:
        """What there is of all that a stack may leave behind."""
        return {
            "functions": self.aws("lambda").list_functions()["Functions"],
            "mappings": self.aws("lambda").list_event_source_mappings()["EventSourceMappings"],
            "roles": self.aws("iam").list_roles()["Roles"],
            "apis": self.aws("apigateway").get_rest_apis()["items"],
            "rules": self.aws("events").list_rules()["Rules"],
            "queues": self.aws("sqs").list_queues().get("QueueUrls", []),
            "topics": self.aws("sns").list_topics()["Topics"],
            "alarms": self.aws("cloudwatch").describe_alarms()["MetricAlarms"],
            "dashboards": self.aws("cloudwatch").list_dashboards()["DashboardEntries"],
            "tables": self.aws("dynamodb").list_tables()["TableNames"],
            "buckets": [bucket["Name"] for bucket in self.aws("s3").list_buckets()["Buckets"]],
        }


class InProcess(Account):
    """The stack on a virtual clock, its functions in this process."""

    def __init__(self, emulator: Emulator, packaged: Packaged, folder: Path) -> None:
        super().__init__()
        self.emulator = emulator
        self._folder = folder
        code = packaged.bundle.read_bytes()
        self.aws("s3").put_object(Bucket=BUCKET, Key="deployment.zip", Body=code)

    def deploy(self, kind: str, template: dict[str, Any]) -> str:
        """By a change set, as AWS's tool does; returns the status that the stack ends in."""
        sent = copy.deepcopy(template)
        for body in sent["Resources"].values():
            if body["Type"] == "AWS::Serverless::Function":
                body["Properties"]["CodeUri"] = f"s3://{BUCKET}/deployment.zip"
        self.aws("s3").put_object(Bucket=BUCKET, Key="sam.json", Body=json.dumps(sent).encode())
        cloud_formation = self.aws("cloudformation")
        made = cloud_formation.create_change_set(
            StackName=STACK, ChangeSetName=f"{kind}-it", ChangeSetType=kind,
            TemplateURL=f"https://s3.{REGION}.amazonaws.com/{BUCKET}/sam.json",
            Capabilities=["CAPABILITY_IAM"],
        )  # fmt: skip
        shown = cloud_formation.describe_change_set(ChangeSetName=made["Id"])
        assert shown["Status"] == "CREATE_COMPLETE", shown["StatusReason"]
        cloud_formation.execute_change_set(ChangeSetName=made["Id"])
        return str(self.described["StackStatus"])

    def call(self, method: str, path: str, content: Any = None) -> Response:
        """The deployed API, as a tenant."""
        target = f"{address.PREFIX}{self.resources()['RestAPI']}/v1{path}"
        headers = Message()
        headers["Host"] = "127.0.0.1"
        headers["Authorization"] = authorization(self._folder)
        headers["Content-Type"] = "application/json"
        body = b"" if content is None else json.dumps(content).encode()
        found = address.find(target, headers["Host"])
        assert found is not None
        return self.emulator.apis.respond(
            Request(method, target, headers, body, lambda: False), found
        )


@pytest.fixture
def account(
    packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InProcess]:
    with on_virtual_clock(NOTHING, monkeypatch) as emulator:
        yield InProcess(emulator, packaged, tmp_path)


def without_kept(left: dict[str, Any]) -> dict[str, Any]:
    """Without the table, the bucket and the bucket of code, which outlive the stack."""
    kept = {"accepted-jobs", f"accepted-results-{ACCOUNT}-{REGION}", BUCKET}
    found = set(left.pop("tables")) | set(left.pop("buckets"))
    assert found == kept
    return left


def test_stack_of_the_template_works_is_changed_and_removed(
    account: InProcess, packaged: Packaged
) -> None:
    """A job goes through it, from the request to the result."""
    assert account.deploy("CREATE", packaged.template) == "CREATE_COMPLETE"
    assert account.emulator.journal.entries(action="warning") == []
    posted = account.call("POST", "/jobs", JOB)
    assert posted.status == 202, posted.body
    account.emulator.run_until_idle()
    path = "/jobs/" + json.loads(posted.body)["id"]
    done = json.loads(account.call("GET", path).body)
    assert (done["status"], done["result"]["words"]) == ("succeeded", 6)

    before, changed = account.resources(), copy.deepcopy(packaged.template)
    changed["Resources"]["ProcessJobs"]["Properties"]["MemorySize"] = 1024
    changed["Resources"]["JobsQueue"]["Properties"]["VisibilityTimeout"] = 400
    del changed["Resources"]["Dashboard"]
    assert account.deploy("UPDATE", changed) == "UPDATE_COMPLETE"
    assert account.resources().items() <= before.items()
    function = account.aws("lambda").get_function_configuration(FunctionName=before["ProcessJobs"])
    assert function["MemorySize"] == 1024
    assert account.aws("cloudwatch").list_dashboards()["DashboardEntries"] == []
    assert json.loads(account.call("GET", path).body)["status"] == "succeeded"

    account.aws("cloudformation").delete_stack(StackName=STACK)
    assert not any(without_kept(account.left()).values())
    assert account.deploy("CREATE", packaged.template) == "ROLLBACK_COMPLETE"
    assert not any(without_kept(account.left()).values())


def test_stack_has_what_its_template_says(account: InProcess, packaged: Packaged) -> None:
    """Names, numbers and who is called by what, as the services themselves show them."""
    account.deploy("CREATE", packaged.template)
    made = account.resources()
    resolved = {**SECRETS, "RESULTS_BUCKET": f"accepted-results-{ACCOUNT}-{REGION}"}
    for name, wanted in packaged.functions.items():
        found = account.aws("lambda").get_function_configuration(FunctionName=made[name])
        for member in ("Timeout", "MemorySize", "Handler", "Runtime"):
            assert found[member] == wanted[member]
        assert found["LoggingConfig"]["LogGroup"] == f"/aws/lambda/{STACK}"
        variables = {k: resolved.get(k, v) for k, v in wanted["Environment"]["Variables"].items()}
        assert found["Environment"]["Variables"] == variables
    for check in (_queues, _mappings, _table, _bucket, _schedule, _monitoring, _stage):
        check(account, packaged, made)
    outputs = {
        output["OutputKey"]: output["OutputValue"] for output in account.described["Outputs"]
    }
    assert outputs.keys() == packaged.template["Outputs"].keys()
    assert outputs["EndpointURL"] == (
        f"https://{made['RestAPI']}.execute-api.{REGION}.amazonaws.com/v1/"
    )


def _queues(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    sqs = account.aws("sqs")
    for name, wanted in packaged.of_type("AWS::SQS::Queue").items():
        answer = sqs.get_queue_attributes(QueueUrl=made[name], AttributeNames=["All"])
        found = answer["Attributes"]
        assert found["QueueArn"].endswith(f":{wanted['QueueName']}")
        for member in ("VisibilityTimeout", "MessageRetentionPeriod"):
            assert found[member] == str(wanted[member])
        if redrive := wanted.get("RedrivePolicy"):
            policy = json.loads(found["RedrivePolicy"])
            dead_letters = made[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
            assert policy["deadLetterTargetArn"].endswith(":" + dead_letters.rpartition("/")[2])
            assert int(policy["maxReceiveCount"]) == redrive["maxReceiveCount"]


def _mappings(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    found = account.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    by_function = {mapping["FunctionArn"].rpartition(":")[2]: mapping for mapping in found}
    wanted = {
        made[name]: event["Properties"]
        for name, function in packaged.functions.items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    }
    assert by_function.keys() == wanted.keys()
    for name, properties in wanted.items():
        mapping = by_function[name]
        for member in ("BatchSize", "FunctionResponseTypes", "ScalingConfig"):
            assert mapping[member] == properties[member]
        queue = properties["Queue"]["Fn::Sub"].rpartition(":")[2]
        assert mapping["EventSourceArn"].endswith(f":{queue}")


def _table(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    (wanted,) = packaged.of_type("AWS::DynamoDB::Table").values()
    dynamodb, name = account.aws("dynamodb"), wanted["TableName"]
    assert made["JobsTable"] == name
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["KeySchema"] == wanted["KeySchema"]
    assert table["BillingModeSummary"]["BillingMode"] == wanted["BillingMode"]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    attribute = wanted["TimeToLiveSpecification"]["AttributeName"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", attribute)
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def _bucket(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    s3, name = account.aws("s3"), made["ResultsBucket"]
    (wanted,) = packaged.of_type("AWS::S3::Bucket").values()
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    (wanted_rule,) = wanted["LifecycleConfiguration"]["Rules"]
    assert rule["Expiration"]["Days"] == wanted_rule["ExpirationInDays"]
    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert blocked == wanted["PublicAccessBlockConfiguration"]
    assert "OnlyOverTls" in s3.get_bucket_policy(Bucket=name)["Policy"]


def _schedule(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    (event,) = packaged.functions["Sweep"]["Events"].values()
    (rule,) = account.aws("events").list_rules()["Rules"]
    assert rule["ScheduleExpression"] == event["Properties"]["Schedule"]
    (target,) = account.aws("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(f":{made['Sweep']}")
    policy = account.aws("lambda").get_policy(FunctionName=made["Sweep"])["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}


def _monitoring(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    logs, cloudwatch = account.aws("logs"), account.aws("cloudwatch")
    groups = {group["logGroupName"]: group for group in logs.describe_log_groups()["logGroups"]}
    (wanted_group,) = packaged.of_type("AWS::Logs::LogGroup").values()
    assert groups[made["Logs"]]["retentionInDays"] == wanted_group["RetentionInDays"]
    wanted = packaged.of_type("AWS::CloudWatch::Alarm")
    found = {alarm["AlarmName"]: alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert found.keys() == {made[name] for name in wanted}
    for name, alarm in wanted.items():
        assert found[made[name]]["Threshold"] == alarm["Threshold"]
        assert found[made[name]]["AlarmActions"] == [made["AlarmsTopic"]]
    body = cloudwatch.get_dashboard(DashboardName=STACK)["DashboardBody"]
    assert "${" not in body
    assert made["ProcessJobs"] in body


def _stage(account: Account, packaged: Packaged, made: dict[str, str]) -> None:
    aws = account.aws("apigateway")
    stage = aws.get_stage(restApiId=made["RestAPI"], stageName="v1")
    (wanted,) = packaged.template["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    found = stage["methodSettings"]["*/*"]
    assert found["throttlingRateLimit"] == wanted["ThrottlingRateLimit"]
    assert found["throttlingBurstLimit"] == wanted["ThrottlingBurstLimit"]


class Deployer:
    """A person with a project, version 2 of AWS's tool, and an endpoint."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.account = Account(url)
        self.environment = {**without_aws(), **guard.pinned(url, REGION), "PYTHONPATH": str(ROOT)}
        self.environment["PATH"] = f"{Path(version_2()).parent}:{os.environ['PATH']}"
        self.project = copied(folder / "project")

    def deploy(self) -> list[str]:
        """What it says."""
        done = subprocess.run(
            [sys.executable, ROOT / "scripts" / "stage.py", "deploy", STAGE, "--bucket", BUCKET],
            cwd=self.project, env=self.environment, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def deploy_changed(self, edit: Callable[[Any], object]) -> None:
        """The same once it has packaged, with other resources. Raises ClickException."""
        template = self.project / "build" / STAGE / "sam.json"
        content = json.loads(template.read_text())
        edit(content["Resources"])
        template.write_text(json.dumps(content))
        stack.deploy(stack.Place(STACK, REGION, BUCKET), template, {}, is_new=False)

    def call(self, url: str, content: Any = None) -> Any:
        """The deployed API over HTTP, as a tenant."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        request.add_header("Authorization", authorization(self.project))
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture
def deployer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployer]:
    version_2()
    (tmp_path / "project").mkdir()
    with endpoint(tmp_path, tmp_path / "endpoint.log") as url:
        made = Deployer(url, tmp_path)
        for name in ("PATH", "AWS_ENDPOINT_URL"):
            monkeypatch.setenv(name, made.environment[name])
        yield made


def test_make_deploy_does_at_an_endpoint_what_it_does_on_aws(
    deployer: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    """With AWS's own tool; functions are processes of their own, from the zip that was sent."""
    said = deployer.deploy()
    assert said[0].endswith(f"to account {ACCOUNT} in {REGION} at {deployer.url}")
    (url,) = [line.split()[-1] for line in said if line.startswith("EndpointURL at the endpoint")]
    job = deployer.call(f"{url}jobs", JOB)
    path = f"{url}jobs/{job['id']}"
    done = wait_for(
        lambda: (found := deployer.call(path))["status"] == "succeeded" and found, "it succeeds"
    )
    assert done["result"]["words"] == 6

    # what no call changes of a table, whose name is taken
    other = [{"AttributeName": "pk", "KeyType": "HASH"}]
    with pytest.raises(click.ClickException) as failed:
        deployer.deploy_changed(
            lambda made: made["JobsTable"]["Properties"].update(KeySchema=other)
        )
    for part in ("JobsTable (AWS::DynamoDB::Table)", "Rename accepted-jobs", "what it was before"):
        assert part in failed.value.message
    assert deployer.call(path)["status"] == "succeeded"

    deployer.account.aws("cloudformation").delete_stack(StackName=STACK)
    assert not any(without_kept(deployer.account.left()).values())
    text = (deployer.project.parent / "endpoint.log").read_text()
    shown = text + "".join(said) + capsys.readouterr().out
    assert not [secret for secret in SECRETS.values() if secret in shown]
