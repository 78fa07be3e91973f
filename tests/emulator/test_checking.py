"""``python -m emulator check``: each rule on a project that is good but for one thing."""

from __future__ import annotations

import contextlib
import functools
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from checked_shop import DEAD, RESOURCES, Shop

from emulator.checking import package
from emulator.checking.rules import PAGES
from emulator.local import configuration
from emulator.template import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


EVENT = "TakeOrder.Events.TakeOrderSqsEventSource"
#: What a change for one rule hurts as well: what is too short for the timeout is too short for six.
BESIDE = {
    "mapping-refused": {"visibility-timeout"},
    "function-refused": {"route-timeout"},
    "missing-permission": {"not-in-template"},
}


def hurt(change: Callable[[Shop], Any]) -> Shop:
    made = Shop()
    change(made)
    return made


def test_nothing_is_said_of_a_good_project(tmp_path: Path) -> None:
    assert Shop().findings(tmp_path) == []


#: Rule, severity, setting, what to write, and the one thing that is wrong.
RULES: list[tuple[str, str, str, str, Callable[[Shop], Any]]] = [
    ("visibility-timeout", "hurts", "Orders.VisibilityTimeout", '"VisibilityTimeout": 174',
     lambda shop: shop.properties("Orders").update(VisibilityTimeout=100)),
    ("mapping-refused", "refused", "Orders.VisibilityTimeout", '"VisibilityTimeout": 1080',
     lambda shop: shop.properties("Orders").update(VisibilityTimeout=179) or
     shop.stage.update(lambda_functions={"take_order": {"lambda_timeout": 180}})),
    ("mapping-refused", "refused", "take_order, maximum_concurrency", "maximum_concurrency=2",
     lambda shop: shop.decorator.update(maximum_concurrency=1)),
    ("mapping-refused", "refused", "take_order, maximum_batching_window_in_seconds",
     "maximum_batching_window_in_seconds=1", lambda shop: shop.decorator.update(batch_size=11)),
    ("mapping-refused", "refused", f"{EVENT}.BatchSize", '"BatchSize": 10000',
     lambda shop: shop.event.update(BatchSize=10_001, MaximumBatchingWindowInSeconds=1)),
    ("mapping-refused", "refused", f"{EVENT}.FilterCriteria", "Pattern",
     lambda shop: shop.event.update(FilterCriteria={"Filters": [{"Pattern": '{"body": [[]]}'}]})),
    ("receive-count", "hurts", "Orders.RedrivePolicy", '"maxReceiveCount": 5',
     lambda shop: shop.properties("Orders")["RedrivePolicy"].update(maxReceiveCount=2)),
    ("no-dead-letter-queue", "hurts", "Orders.RedrivePolicy", "deadLetterTargetArn",
     lambda shop: shop.properties("Orders").pop("RedrivePolicy")),
    ("dead-letter-retention", "hurts", "Dead.MessageRetentionPeriod", "1209600",
     lambda shop: shop.properties("Dead").pop("MessageRetentionPeriod")),
    ("dead-letter-type", "refused", "Orders.RedrivePolicy", "a standard queue",
     lambda shop: shop.name_dead_letters("dead.fifo")),
    ("no-partial-batches", "hurts", f"{EVENT}.FunctionResponseTypes",
     '{"Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}}',
     lambda shop: shop.event.pop("FunctionResponseTypes")),
    ("blind-filter", "hurts", f"{EVENT}.FilterCriteria", "body",
     lambda shop: shop.event.update(FilterCriteria={"Filters": [{"Pattern": '{"id": ["x"]}'}]})),
    ("queue-refused", "refused", "Dead.MaximumMessageSize", "1024 to 1048576",
     lambda shop: shop.properties("Dead").update(MaximumMessageSize=2_000_000)),
    ("queue-refused", "refused", "Dead.Colour", "no Colour",
     lambda shop: shop.properties("Dead").update(Colour="red")),
    ("not-in-template", "hurts", "OthersQueue", '"QueueName": "others"',
     lambda shop: shop.decorator.update(queue="others")),
    ("message-size", "hurts", "Dead.MaximumMessageSize", "1048576",
     lambda shop: (shop.tell_of_failures(),
                   shop.properties("Dead").update(MaximumMessageSize=4_096))),
    ("message-size", "hurts", "Dead.MaximumMessageSize", "262144",
     lambda shop: (shop.subscribe(), shop.properties("Dead").update(MaximumMessageSize=4_096))),
    ("missing-queue-policy", "hurts", "Dead", '"Service": "sns.amazonaws.com"',
     lambda shop: shop.subscribe(with_policy=False)),
    ("missing-queue-policy", "hurts", "Dead", '"Service": "sns.amazonaws.com"',
     lambda shop: shop.resources.update(News={"Type": "AWS::SNS::Topic", "Properties": {
         "Subscription": [{"Protocol": "sqs", "Endpoint": DEAD}]}})),
    ("missing-queue-policy", "hurts", "Dead", '"Service": "events.amazonaws.com"',
     lambda shop: shop.resources.update(Bus={"Type": "AWS::Events::Rule", "Properties": {
         "EventPattern": {"source": ["shop"]}, "Targets": [{"Id": "1", "Arn": DEAD}]}})),
    ("missing-queue-policy", "refused", "Dead", '"Service": "s3.amazonaws.com"',
     lambda shop: shop.resources.update(Files={"Type": "AWS::S3::Bucket", "Properties": {
         "NotificationConfiguration": {"QueueConfigurations": [
             {"Event": "s3:ObjectCreated:*", "Queue": DEAD}]}}})),
    ("maximum-concurrency", "hurts", "take_order, maximum_concurrency", "maximum_concurrency=5",
     lambda shop: (shop.reserve(5), shop.decorator.update(maximum_concurrency=6))),
    ("maximum-concurrency", "hurts", "take_order, maximum_concurrency", "maximum_concurrency=5",
     lambda shop: shop.reserve(5)),
    ("maximum-concurrency", "hurts", "take_order, maximum_concurrency", '"reserved_concurrency": 2',
     lambda shop: shop.reserve(1)),
    ("reserved-concurrency", "hurts", "stages.dev.lambda_functions.take_order.reserved_concurrency",
     "above 0", lambda shop: shop.reserve(0)),
    ("reserved-concurrency", "refused",
     "stages.dev.lambda_functions.take_order.reserved_concurrency", "900",
     lambda shop: (shop.reserve(901), shop.decorator.update(maximum_concurrency=100))),
    ("reserved-concurrency", "refused", "TakeOrder.ReservedConcurrentExecutions", "900",
     lambda shop: shop.properties("TakeOrder").update(ReservedConcurrentExecutions="1000")),
    ("time-to-live", "hurts", "Shelf.TimeToLiveSpecification.Enabled", '"Enabled": true',
     lambda shop: shop.properties("Shelf")["TimeToLiveSpecification"].update(Enabled=False)),
    ("time-to-live", "hurts", "Shelf.TimeToLiveSpecification.AttributeName", "number",
     lambda shop: shop.properties("Shelf")["TimeToLiveSpecification"].update(AttributeName="id")),
    ("no-recovery", "hurts", "Shelf.PointInTimeRecoverySpecification",
     '"PointInTimeRecoveryEnabled": true',
     lambda shop: shop.properties("Shelf").pop("PointInTimeRecoverySpecification")),
    ("resource-refused", "refused", "Shelf", "page",
     lambda shop: shop.properties("Shelf")["AttributeDefinitions"].append(
         {"AttributeName": "other", "AttributeType": "S"})),
    ("missing-permission", "refused", "Statement", '"Action": ["sqs:DeleteMessage"]',
     lambda shop: shop.actions.remove("sqs:DeleteMessage")),
    ("missing-permission", "refused", "Statement", '"sqs:ReceiveMessage"',
     lambda shop: shop.allowed.__setitem__(0, "arn:aws:sqs:*:*:others")),
    ("missing-permission", "hurts", "Statement", '"logs:PutLogEvents"',
     lambda shop: shop.actions.remove("logs:PutLogEvents")),
    ("missing-permission", "refused", "Statement", '"sqs:SendMessage"',
     lambda shop: shop.tell_of_failures(allowed=False)),
    ("missing-permission", "refused", "Statement", '"kinesis:GetRecords"',
     lambda shop: shop.streams.append("clicks")),
    ("missing-permission", "refused", "Statement", '"dynamodb:GetShardIterator"',
     lambda shop: shop.streams.append("shelf")),
    ("missing-policy", "refused", "iam_policy_file", ".chalice/nowhere.json",
     lambda shop: shop.config.update(iam_policy_file="nowhere.json")),
    ("plain-secret", "hurts", "stages.dev.environment_variables.API_KEY",
     '"API_KEY": "{{resolve:secretsmanager:…:SecretString:API_KEY}}"',
     lambda shop: shop.stage["environment_variables"].update(API_KEY="correct horse")),
    ("plain-secret", "hurts", "stages.dev.environment_variables.DATABASE", "resolve",
     lambda shop: shop.stage["environment_variables"].update(DATABASE="db://me:pw@db.example")),
    ("plain-secret", "hurts", "TakeOrder.Environment.Variables.PASSWORD", "resolve",
     lambda shop: shop.properties("TakeOrder").update(
         Environment={"Variables": {"PASSWORD": "correct horse"}})),
    ("environment-size", "refused", "stages.dev.environment_variables", "Parameter Store",
     lambda shop: shop.stage["environment_variables"].update(LONG="ß" * 2_048)),
    ("environment-variable", "refused", "stages.dev.environment_variables.AWS_REGION", "another",
     lambda shop: shop.stage["environment_variables"].update(AWS_REGION="eu-west-1")),
    ("environment-variable", "refused", "stages.dev.environment_variables.2ND", "another",
     lambda shop: shop.stage["environment_variables"].update({"2ND": "shelf"})),
    ("function-refused", "refused", "stages.dev.lambda_memory_size", '"lambda_memory_size": 128',
     lambda shop: shop.stage.update(lambda_memory_size=64)),
    ("function-refused", "refused", "APIHandler.Timeout", '"lambda_timeout": 900',
     lambda shop: shop.resources.update(APIHandler={"Properties": {"Timeout": 901}})),
    ("function-refused", "refused", "app_name", "shorter",
     lambda shop: shop.rename("s" * 60)),
    ("resource-refused", "refused", "decorators", "page",
     lambda shop: shop.pattern.update(source=[{"looks-like": "x"}])),
    ("deploy-refused", "refused", "decorator", "what it says",
     lambda shop: setattr(shop, "schedule", "rate(5 minute)")),
    ("log-retention", "hurts", "log_retention_in_days", '"log_retention_in_days": 30',
     lambda shop: shop.config.pop("log_retention_in_days")),
    ("log-retention", "refused", "log_retention_in_days", "one of 1, 3, 5, 7, 14",
     lambda shop: shop.config.update(log_retention_in_days=8)),
    ("route-timeout", "hurts", "stages.dev.lambda_timeout", '"lambda_timeout": 29',
     lambda shop: shop.stage.update(lambda_timeout=30)),
    ("deploy-refused", "refused", f"{EVENT}.BatchSize",
     "what it says", lambda shop: shop.event.update(BatchSize="many")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "severity", "setting", "write", "change"),
    RULES,
    ids=[f"{rule}-{setting}" for rule, _, setting, *_ in RULES],
)
def test_one_mistake_is_one_finding_with_its_place_and_what_to_write(
    tmp_path: Path,
    rule: str,
    severity: str,
    setting: str,
    write: str,
    change: Callable[[Shop], Any],
) -> None:
    """AWS's pages stand in emulator/checking/rules.py."""
    found = {f.rule: f for f in hurt(change).findings(tmp_path)}
    # one change may be two mistakes
    beside = BESIDE.get(rule, set())
    assert found.keys() - beside == {rule}
    finding = found[rule]
    assert (finding.severity, finding.setting) == (severity, setting)
    assert write in finding.write
    assert finding.page == PAGES[rule]
    if finding.file.startswith(".chalice") and rule != "missing-policy":
        assert finding.line is not None
        text = (tmp_path / finding.file).read_text()
        ending = setting.rpartition(".")[2]
        assert f'"{ending}"' in text.splitlines()[finding.line - 1] or f'"{ending}"' not in text


JUNK: list[Any] = [None, [], {}, "x", 5, True, {"Ref": "Nowhere"}, [1], -1, {"Fn::GetAtt": "x"}]


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a JSON document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in inside:
        yield (*above, key)
        if isinstance(inner, (dict, list)):
            yield from paths(inner, (*above, key))


@pytest.mark.parametrize("part", ["resources", "globals", "config"])
def test_whatever_stands_somewhere_is_a_finding_or_an_error_and_no_crash(
    tmp_path: Path, part: str
) -> None:
    """Somewhere: in each place in turn. What Chalice cannot read is told before a check begins."""
    ways = list(paths(getattr(Shop().use_everything(), part)))
    assert ways
    for number, (*above, last) in enumerate(ways):
        shop = Shop().use_everything()
        functools.reduce(lambda value, key: value[key], above, getattr(shop, part))[last] = JUNK[
            number % len(JUNK)
        ]
        shop.write(tmp_path)
        if not configuration.problem(tmp_path):
            with contextlib.suppress(TemplateError):
                shop.findings(tmp_path)


@pytest.mark.parametrize("statement", ["x", [1], [{}], {"Ref": "x"}, [{"Action": [[]]}], [], None])
def test_policy_that_is_none_is_told_by_its_file(tmp_path: Path, statement: Any) -> None:
    """…/IAM/latest/UserGuide/reference_policies_elements_statement.html"""
    shop = Shop()
    shop.config["iam_policy_file"] = "mine.json"
    shop.write(tmp_path)
    (tmp_path / ".chalice" / "mine.json").write_text(json.dumps({"Statement": statement}))
    (finding,) = shop.findings(tmp_path)
    assert finding.rule == "missing-policy"
    assert "mine.json" in finding.text


def test_every_rule_has_a_test() -> None:
    assert {rule for rule, *_ in RULES} | {"bundle-size", "not-merged"} == PAGES.keys()


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


def test_a_policy_for_another_region_or_account_or_stream_s_date_is_none_for_nobody(
    tmp_path: Path,
) -> None:
    """Names of actions are the same in small letters: …/IAM/latest/UserGuide/reference_policies_
    elements_action.html; what a condition says cannot be known here.
    """
    shop = Shop()
    shop.streams.append("shelf")
    shop.actions += ["DynamoDB:Describe*", "dynamodb:get*", "dynamodb:ListStreams"]
    label = "table/shelf/stream/2026-01-01T00:00:00.000"
    shop.allowed += [f"arn:aws:dynamodb:eu-west-1:999999999999:{label}", "*"]
    assert shop.findings(tmp_path) == []


def test_an_unnamed_queue_is_followed_by_its_reference(tmp_path: Path) -> None:
    """CloudFormation names it, so nobody knows its name before."""
    shop = Shop()
    del shop.properties("Dead")["QueueName"]
    shop.properties("Orders")["RedrivePolicy"]["deadLetterTargetArn"] = {
        "Fn::GetAtt": ["Dead", "Arn"]
    }
    shop.properties("Dead")["MessageRetentionPeriod"] = 60
    (finding,) = shop.findings(tmp_path)
    assert finding.rule == "dead-letter-retention"


def test_fifo_queue_may_keep_dead_letters_as_short_as_it_likes(tmp_path: Path) -> None:
    """…/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html: they begin anew."""
    shop = Shop()
    shop.name_dead_letters("dead.fifo")
    shop.properties("Orders").update(QueueName="orders.fifo", FifoQueue=True)
    shop.properties("Dead")["MessageRetentionPeriod"] = 60
    shop.decorator["queue"] = "orders.fifo"
    assert shop.findings(tmp_path) == []


def test_one_log_group_for_all_limits_what_every_function_writes(tmp_path: Path) -> None:
    """…/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-
    globals.html
    """
    shop = Shop()
    del shop.config["log_retention_in_days"]
    shop.globals = {"Function": {"LoggingConfig": {"LogGroup": {"Ref": "Lines"}}}}
    shop.resources["Lines"] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": "/shop", "RetentionInDays": 14},
    }
    assert shop.findings(tmp_path) == []
    del shop.properties("Lines")["RetentionInDays"]
    assert [finding.rule for finding in shop.findings(tmp_path)] == ["log-retention"]
    shop.properties("Lines")["RetentionInDays"] = 14
    shop.allowed[1] = "arn:aws:logs:*:*:log-group:/aws/lambda/*"
    assert {finding.rule for finding in shop.findings(tmp_path)} == {"missing-permission"}


def test_a_template_that_was_not_merged_is_told(tmp_path: Path) -> None:
    """Without the switch chalice package makes neither queues nor tables."""
    made = tmp_path / "sam.json"
    made.write_text(json.dumps({"Resources": {name: {} for name in RESOURCES if name != "Shelf"}}))
    (finding,) = Shop().findings(tmp_path, packaged=made)
    assert (finding.rule, finding.setting) == ("not-merged", "Shelf")
    assert "--merge-template" in finding.write


@pytest.mark.parametrize(
    ("limit", "severity", "text"),
    [
        ("PACKAGE", "refused", "more than the 1000 that Lambda takes"),
        ("UPLOAD", "hurts", "only S3 takes it"),
        ("ADVISED", "hurts", "every cold start waits"),
    ],
)
def test_a_bundle_that_is_too_large_is_told_with_what_makes_it_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, severity: str, text: str
) -> None:
    """…/lambda/latest/dg/gettingstarted-limits.html"""
    monkeypatch.setattr(package, f"{limit}_BYTES_MAX", 1_000)
    made = tmp_path / "sam.json"
    made.write_text(json.dumps({"Resources": RESOURCES}))
    with zipfile.ZipFile(tmp_path / "deployment.zip", "w") as bundle:
        bundle.writestr("app.py", b"x")
        bundle.writestr("pandas/large.py", b"x" * 1_001)
    (finding,) = Shop().findings(tmp_path, packaged=made)
    assert (finding.rule, finding.severity) == ("bundle-size", severity)
    assert text in finding.text
    assert "the largest are pandas, app.py" in finding.write


def test_what_is_no_bundle_is_an_error(tmp_path: Path) -> None:
    made = tmp_path / "sam.json"
    made.write_text(json.dumps({"Resources": RESOURCES}))
    (tmp_path / "deployment.zip").write_text("no zip")
    with pytest.raises(TemplateError, match=r"deployment\.zip is no bundle"):
        Shop().findings(tmp_path, packaged=made)


@pytest.mark.parametrize("text", ["", "[]", "{}", "Resources:"])
def test_what_is_no_template_is_an_error(tmp_path: Path, text: str) -> None:
    made = tmp_path / "sam.json"
    made.write_text(text)
    with pytest.raises(TemplateError, match="no packaged template"):
        Shop().findings(tmp_path, packaged=made)
