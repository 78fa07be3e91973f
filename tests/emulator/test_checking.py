"""``python -m emulator check``: each rule on a project that is good but for one thing."""
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chalice import Chalice
from chalice.config import Config

from emulator.checking import package
from emulator.checking.check import check
from emulator.checking.finding import line_of
from emulator.template import Names, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.checking.finding import Finding

ROOT = Path(__file__).parents[2]
NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
RESOURCES: dict[str, Any] = {
    "Dead": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": "dead", "MessageRetentionPeriod": 1_209_600},
    },
    "Orders": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": "orders",
            "VisibilityTimeout": 360,
            "RedrivePolicy": {"deadLetterTargetArn": DEAD, "maxReceiveCount": 5},
        },
    },
    "Shelf": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "shelf",
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": "x", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    },
    "TakeOrder": {
        "Properties": {
            "Events": {
                "TakeOrderSqsEventSource": {
                    "Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
                }
            }
        }
    },
}
POLLER = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
CONFIG: dict[str, Any] = {
    "version": "2.0",
    "app_name": "shop",
    "autogen_policy": False,
    "stages": {"dev": {"environment_variables": {"SHELF": "shelf"}, "lambda_timeout": 29}},
}


class Shop:
    """A project that AWS takes and nothing is to be said of."""

    def __init__(self) -> None:
        self.resources = copy.deepcopy(RESOURCES)
        self.config = copy.deepcopy(CONFIG)
        self.actions = list(POLLER)
        self.decorator: dict[str, Any] = {"queue": "orders", "batch_size": 10}

    def properties(self, name: str) -> Any:
        return self.resources[name]["Properties"]

    @property
    def event(self) -> Any:
        return self.properties("TakeOrder")["Events"]["TakeOrderSqsEventSource"]["Properties"]

    @property
    def stage(self) -> Any:
        return self.config["stages"]["dev"]

    def app(self) -> Chalice:
        made = Chalice(app_name="shop")

        @made.on_sqs_message(**self.decorator)
        def take_order(event: Any) -> None: ...

        @made.route("/")
        def index() -> None: ...

        return made

    def findings(self, folder: Path, *, packaged: Path | None = None) -> list[Finding]:
        chalice = folder / ".chalice"
        chalice.mkdir(exist_ok=True)
        statement = {"Effect": "Allow", "Action": self.actions, "Resource": "arn:aws:sqs:*:*:*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        for name, content in {
            "resources": {"Resources": self.resources},
            "config": self.config,
            "policy-dev": policy,
        }.items():
            (chalice / f"{name}.json").write_text(json.dumps(content, indent=1))
        config = Config(
            chalice_stage="dev",
            user_provided_params={"project_dir": str(folder), "chalice_app": self.app()},
            config_from_disk=self.config,
        )
        return check(config, NAMES, packaged=packaged)


def hurt(change: Callable[[Shop], Any]) -> Shop:
    made = Shop()
    change(made)
    return made


def test_nothing_is_said_of_a_good_project(tmp_path: Path) -> None:
    assert Shop().findings(tmp_path) == []


RULES: list[tuple[str, str, str, Callable[[Shop], Any]]] = [
    ("visibility-timeout", "hurts", "Orders.VisibilityTimeout",
     lambda shop: shop.properties("Orders").update(VisibilityTimeout=100)),
    ("mapping-refused", "refused", "Orders.VisibilityTimeout",
     lambda shop: shop.properties("Orders").update(VisibilityTimeout=179) or
     shop.stage.update(lambda_functions={"take_order": {"lambda_timeout": 180}})),
    ("mapping-refused", "refused", "take_order, maximum_concurrency",
     lambda shop: shop.decorator.update(maximum_concurrency=1)),
    ("receive-count", "hurts", "Orders.RedrivePolicy",
     lambda shop: shop.properties("Orders")["RedrivePolicy"].update(maxReceiveCount=2)),
    ("no-dead-letter-queue", "hurts", "Orders.RedrivePolicy",
     lambda shop: shop.properties("Orders").pop("RedrivePolicy")),
    ("dead-letter-retention", "hurts", "Dead.MessageRetentionPeriod",
     lambda shop: shop.properties("Dead").pop("MessageRetentionPeriod")),
    ("no-partial-batches", "hurts",
     "TakeOrder.Events.TakeOrderSqsEventSource.FunctionResponseTypes",
     lambda shop: shop.event.pop("FunctionResponseTypes")),
    ("blind-filter", "hurts", "TakeOrder.Events.TakeOrderSqsEventSource.FilterCriteria",
     lambda shop: shop.event.update(FilterCriteria={"Filters": [{"Pattern": '{"id": ["x"]}'}]})),
    ("queue-refused", "refused", "Dead.MaximumMessageSize",
     lambda shop: shop.properties("Dead").update(MaximumMessageSize=2_000_000)),
    ("queue-not-in-template", "hurts", "take_order, queue",
     lambda shop: shop.decorator.update(queue="others")),
    ("time-to-live", "hurts", "Shelf.TimeToLiveSpecification.Enabled",
     lambda shop: shop.properties("Shelf")["TimeToLiveSpecification"].update(Enabled=False)),
    ("no-recovery", "hurts", "Shelf.PointInTimeRecoverySpecification",
     lambda shop: shop.properties("Shelf").pop("PointInTimeRecoverySpecification")),
    ("missing-permission", "refused", "Statement",
     lambda shop: shop.actions.remove("sqs:DeleteMessage")),
    ("plain-secret", "hurts", "stages.dev.environment_variables.API_KEY",
     lambda shop: shop.stage["environment_variables"].update(API_KEY="correct horse")),
    ("environment-size", "refused", "stages.dev.environment_variables",
     lambda shop: shop.stage["environment_variables"].update(LONG="x" * 4_096)),
    ("route-timeout", "hurts", "stages.dev.lambda_timeout",
     lambda shop: shop.stage.update(lambda_timeout=30)),
    ("deploy-refused", "refused", "Resources",
     lambda shop: shop.event.update(BatchSize="many")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "severity", "setting", "change"), RULES, ids=[f"{r[0]}-{r[2]}" for r in RULES]
)
def test_one_mistake_is_one_finding_with_its_place(
    tmp_path: Path, rule: str, severity: str, setting: str, change: Callable[[Shop], Any]
) -> None:
    """AWS's pages stand with the rules in emulator/checking."""
    found = {f.rule: f for f in hurt(change).findings(tmp_path)}
    # one change may be two mistakes: what is too short for the timeout is too short for six
    assert found.keys() - {"visibility-timeout"} == {rule} - {"visibility-timeout"}
    assert (found[rule].severity, found[rule].setting) == (severity, setting)
    line = found[rule].line
    if found[rule].file.startswith(".chalice") and rule != "deploy-refused":
        assert line is not None
        text = (tmp_path / found[rule].file).read_text().splitlines()[line - 1]
        ending = setting.rpartition(".")[2]
        gone = ending not in (tmp_path / found[rule].file).read_text()
        assert gone or f'"{ending}"' in text


@pytest.mark.parametrize("value", ["", "{{resolve:secretsmanager:shop:SecretString:KEY}}"])
def test_a_reference_to_a_secret_is_none(tmp_path: Path, value: str) -> None:
    """…/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html"""
    shop = Shop()
    shop.stage["environment_variables"]["API_KEY"] = value
    assert shop.findings(tmp_path) == []


def test_a_policy_that_chalice_writes_lacks_nothing(tmp_path: Path) -> None:
    shop = Shop()
    shop.actions.clear()
    shop.config["autogen_policy"] = True
    assert shop.findings(tmp_path) == []


def test_a_template_that_was_not_merged_is_told(tmp_path: Path) -> None:
    """Without the switch chalice package makes neither queues nor tables."""
    made = tmp_path / "sam.json"
    made.write_text(json.dumps({"Resources": {name: {} for name in RESOURCES if name != "Shelf"}}))
    (finding,) = Shop().findings(tmp_path, packaged=made)
    assert (finding.rule, finding.setting) == ("not-merged", "Shelf")
    assert "--merge-template" in finding.text


@pytest.mark.parametrize(("limit", "severity"), [("PACKAGE", "refused"), ("UPLOAD", "hurts")])
def test_a_bundle_that_is_too_large_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, severity: str
) -> None:
    """…/lambda/latest/dg/gettingstarted-limits.html"""
    monkeypatch.setattr(package, f"{limit}_BYTES_MAX", 1_000)
    made = tmp_path / "sam.json"
    made.write_text(json.dumps({"Resources": RESOURCES}))
    with zipfile.ZipFile(tmp_path / "deployment.zip", "w") as bundle:
        bundle.writestr("app.py", b"x" * 1_001)
    (finding,) = Shop().findings(tmp_path, packaged=made)
    assert (finding.rule, finding.severity) == ("bundle-size", severity)


@pytest.mark.parametrize("text", ["", "[]", "{}", "Resources:"])
def test_what_is_no_template_is_an_error(tmp_path: Path, text: str) -> None:
    made = tmp_path / "sam.json"
    made.write_text(text)
    with pytest.raises(TemplateError, match="no packaged template"):
        Shop().findings(tmp_path, packaged=made)


def test_a_line_is_that_of_the_member_or_of_what_should_have_it() -> None:
    text = '{\n "a": {"c": 1},\n "b": {\n  "x": "c\\"",\n  "c": [2]\n }\n}'
    assert line_of(text, ["b", "c"]) == 5
    assert line_of(text, ["b", "z", "c"]) == 3
    assert line_of(text, ["z"]) == 1


def command(folder: Path, *arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "emulator", "check", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_finds_nothing_in_the_stage_that_is_deployed() -> None:
    """And in the one for developers only that its secrets are published."""
    done = command(ROOT, "--stage=prod")
    assert (done.returncode, done.stderr) == (0, "")
    done = command(ROOT, "--json")
    assert done.returncode == 1
    assert {finding["rule"] for finding in json.loads(done.stdout)} == {"plain-secret"}


def test_the_command_says_what_it_cannot_check(tmp_path: Path) -> None:
    """In one line: no project, no such stage, an app that fails, a file that is no JSON."""
    said = [command(tmp_path), command(ROOT, "--stage=staging")]
    Shop().findings(tmp_path)
    (tmp_path / "app.py").write_text("1 / 0")
    said.append(command(tmp_path))
    for done, part in zip(
        said, ["no .chalice/config.json", "no stage", "ZeroDivision"], strict=True
    ):
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert part in line
