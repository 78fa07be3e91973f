"""What ``make package`` makes: taken by AWS's own translator and linter, and complete."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from stage_package import check_template

from chalicelib import metrics

if TYPE_CHECKING:
    from pathlib import Path

    from stage_package import Checked, Packaged


def dimensions(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics an alarm watches, each with its dimensions."""
    if "Metrics" not in alarm:
        return [alarm]
    return [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]


def watched(packaged: Packaged, metric: str) -> list[Any]:
    """The values of the dimensions in which alarms watch a metric."""
    return [
        dimension["Value"]
        for alarm in packaged.of_type("AWS::CloudWatch::Alarm").values()
        for found in dimensions(alarm)
        if found["MetricName"] == metric
        for dimension in found["Dimensions"]
    ]


def test_sam_translates_the_template_and_cfn_lint_has_no_finding(checked: Checked) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/validate-cfn-lint.html"""
    assert checked.findings == []
    assert len(checked.of_type("AWS::Lambda::Function")) == 6


def test_a_mistake_in_the_template_is_found(packaged: Packaged, tmp_path: Path) -> None:
    """So that the test above does not pass for having looked at nothing."""
    broken = copy.deepcopy(packaged.template)
    broken["Resources"]["JobsQueue"]["Properties"]["VisibilityTimeout"] = 43_201
    found = check_template(broken, tmp_path / "broken.json").findings
    assert any("JobsQueue/Properties/VisibilityTimeout" in finding for finding in found)


def test_every_mapping_reports_failed_items_and_has_a_bound(checked: Checked) -> None:
    """.../lambda/latest/dg/services-sqs-errorhandling.html and services-sqs-scaling.html."""
    mappings = checked.of_type("AWS::Lambda::EventSourceMapping")
    assert len(mappings) == 3
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 100


def test_the_stage_is_throttled_and_its_routes_are_closed(checked: Checked) -> None:
    (stage,) = checked.of_type("AWS::ApiGateway::Stage")
    (everything,) = stage["MethodSettings"]
    assert everything["HttpMethod"] == "*"
    assert 0 < everything["ThrottlingRateLimit"] < everything["ThrottlingBurstLimit"]
    (api,) = checked.of_type("AWS::ApiGateway::RestApi")
    jobs = [path for path in api["Body"]["paths"] if path.startswith("/jobs")]
    assert len(jobs) >= 6
    for path in jobs:
        for method, operation in api["Body"]["paths"][path].items():
            assert operation.get("security"), f"{method} {path}"


def test_every_function_writes_into_the_group_that_forgets(checked: Checked) -> None:
    """One group, so that a job's life is one query; made before a function can make it itself."""
    (group,) = checked.of_type("AWS::Logs::LogGroup")
    assert group["RetentionInDays"] == 30
    for function in checked.of_type("AWS::Lambda::Function"):
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": "Logs"}}
        assert function["Architectures"] == ["arm64"]


def test_table_forgets_and_can_be_recovered(packaged: Packaged) -> None:
    (table,) = packaged.of_type("AWS::DynamoDB::Table").values()
    assert table["TimeToLiveSpecification"]["Enabled"]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    for name in ("JobsTable", "ResultsBucket"):
        policy = packaged.template["Resources"][name]["DeletionPolicy"]
        # but not what a first deployment that fails has made: the next one would find it there
        assert policy == "RetainExceptOnCreate"


def test_alarms_watch_every_function_and_every_way_to_lose_time(packaged: Packaged) -> None:
    functions = [{"Ref": name} for name in sorted(packaged.functions)]
    for metric in ("Errors", "Throttles"):
        assert sorted(watched(packaged, metric), key=lambda value: value["Ref"]) == functions
    queue = {"Fn::GetAtt": ["JobsQueue", "QueueName"]}
    assert watched(packaged, "ApproximateAgeOfOldestMessage") == [queue]
    assert watched(packaged, "Invocations") == [{"Ref": "FailDeadLetters"}]
    assert watched(packaged, "5XXError") == ["accepted", "v1"]
    for alarm in packaged.of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmsTopic"}]
        assert alarm["AlarmDescription"]


def test_every_dead_letter_queue_has_an_alarm(packaged: Packaged) -> None:
    """That of jobs is emptied by a function, whose invocations are watched instead."""
    redrives = [q["RedrivePolicy"] for q in packaged.of_type("AWS::SQS::Queue").values()
                if "RedrivePolicy" in q]  # fmt: skip
    targets = {policy["deadLetterTargetArn"]["Fn::GetAtt"][0] for policy in redrives}
    seen = watched(packaged, "ApproximateNumberOfMessagesVisible")
    assert targets == {value["Fn::GetAtt"][0] for value in seen} | {"JobsDeadLetterQueue"}


def test_dashboard_shows_every_function_queue_and_the_table(packaged: Packaged) -> None:
    (dashboard,) = packaged.of_type("AWS::CloudWatch::Dashboard").values()
    body = dashboard["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    assert all(w["properties"]["region"] == "${AWS::Region}" for w in widgets)
    for name in packaged.functions:
        assert f'"${{{name}}}"' in body
    for name in packaged.of_type("AWS::SQS::Queue"):
        assert f'"${{{name}.QueueName}}"' in body
    assert '"${JobsTable}"' in body


def test_dashboard_shows_every_metric_of_the_log(packaged: Packaged) -> None:
    """.../AmazonCloudWatch/latest/monitoring/search-expression-syntax.html: whatever the types."""
    (dashboard,) = packaged.of_type("AWS::CloudWatch::Dashboard").values()
    shown = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    searched = json.dumps([widget["properties"]["metrics"] for widget in shown])
    for directive in (*metrics.ENDED, *metrics.RETRIED):
        (dimensions,) = directive["Dimensions"]
        where = ",".join([metrics.NAMESPACE, *dimensions])
        for metric in directive["Metrics"]:
            search = f"{{{where}}} MetricName=" + json.dumps(f'"{metric["Name"]}"')[1:-1]
            assert search in searched


def test_outputs_say_where_everything_is(packaged: Packaged) -> None:
    named = packaged.template["Outputs"]
    assert {"EndpointURL", "JobsTableName", "ResultsBucketName", "LogGroupName", "DashboardURL",
            "AlarmsTopicArn"} <= set(named)  # fmt: skip
    queues = {
        f"{name}Url": {"Value": {"Ref": name}} for name in packaged.of_type("AWS::SQS::Queue")
    }
    assert queues.items() <= named.items()


def test_no_secret_stands_in_the_template(packaged: Packaged) -> None:
    """Only references, which CloudFormation replaces.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    for function in packaged.functions.values():
        variables = function["Environment"]["Variables"]
        for name in ("JOB_ID_KEY", "CALLBACK_SECRET", "AUTH_KEYS"):
            assert variables[name].startswith("{{resolve:secretsmanager:accepted-prod:")
