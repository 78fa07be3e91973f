"""Log groups, alarms and dashboards.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud_formation.resource import (
    AlreadyExistsError,
    ResourceType,
    refuse_existing,
)

if TYPE_CHECKING:
    from emulator.cloud_formation.calls import Calls
    from emulator.cloud_formation.resource import Resource, Wanted

_ALARM = (
    "ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator",
    "DatapointsToAlarm", "Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods",
    "ExtendedStatistic", "InsufficientDataActions", "MetricName", "Metrics", "Namespace",
    "OKActions", "Period", "Statistic", "Threshold", "ThresholdMetricId", "TreatMissingData",
    "Unit",
)  # fmt: skip


class LogGroup(ResourceType):
    type = "AWS::Logs::LogGroup"
    attributes = frozenset({"Arn"})
    named_by = "LogGroupName"
    known = frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "Tags"})
    fixed = frozenset({"LogGroupName"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        name = wanted.name
        key = wanted.properties.get("KmsKeyId")
        aws("logs", "CreateLogGroup", logGroupName=name, kmsKeyId=key, tags=wanted.tags or None)
        return name

    def complete(self, aws: Calls, physical_id: str, wanted: Wanted) -> None:
        if days := wanted.properties.get("RetentionInDays"):
            aws("logs", "PutRetentionPolicy", logGroupName=physical_id, retentionInDays=days)

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        name = resource.physical_resource_id
        if days := wanted.properties.get("RetentionInDays"):
            aws("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
        elif "RetentionInDays" in resource.properties:
            aws("logs", "DeleteRetentionPolicy", logGroupName=name)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("logs", "DeleteLogGroup", logGroupName=resource.physical_resource_id)

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        group = resource.physical_resource_id
        groups = aws("logs", "DescribeLogGroups", logGroupNamePrefix=group)["logGroups"]
        return next(found["arn"] for found in groups if found["logGroupName"] == group)


class Alarm(ResourceType):
    type = "AWS::CloudWatch::Alarm"
    attributes = frozenset({"Arn"})
    named_by = "AlarmName"
    known = frozenset({"AlarmName", "Tags", *_ALARM})
    fixed = frozenset({"AlarmName"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        # PutMetricAlarm itself changes an alarm that is there
        if aws("cloudwatch", "DescribeAlarms", AlarmNames=[wanted.name])["MetricAlarms"]:
            raise AlreadyExistsError(wanted.name)
        self._put(aws, wanted.name, wanted)
        return wanted.name

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self._put(aws, resource.physical_resource_id, wanted)

    def _put(self, aws: Calls, name: str, wanted: Wanted) -> None:
        given = wanted.only(*_ALARM)
        aws("cloudwatch", "PutMetricAlarm", AlarmName=name, Tags=wanted.tag_list(), **given)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("cloudwatch", "DeleteAlarms", AlarmNames=[resource.physical_resource_id])

    def attribute(self, aws: Calls, resource: Resource, name: str) -> Any:
        names = [resource.physical_resource_id]
        answer = aws("cloudwatch", "DescribeAlarms", AlarmNames=names)
        return answer["MetricAlarms"][0]["AlarmArn"]


class Dashboard(ResourceType):
    type = "AWS::CloudWatch::Dashboard"
    named_by = "DashboardName"
    known = frozenset({"DashboardName", "DashboardBody"})
    fixed = frozenset({"DashboardName"})

    def create(self, aws: Calls, wanted: Wanted) -> str:
        name = wanted.name
        # PutDashboard itself changes a dashboard that is there
        refuse_existing(name, lambda: aws("cloudwatch", "GetDashboard", DashboardName=name))
        self._put(aws, wanted)
        return name

    def update(self, aws: Calls, resource: Resource, wanted: Wanted) -> None:
        self._put(aws, wanted)

    def _put(self, aws: Calls, wanted: Wanted) -> None:
        body = wanted.require("DashboardBody")
        aws("cloudwatch", "PutDashboard", DashboardName=wanted.name, DashboardBody=body)

    def delete(self, aws: Calls, resource: Resource) -> None:
        aws("cloudwatch", "DeleteDashboards", DashboardNames=[resource.physical_resource_id])


TYPES = (LogGroup(), Alarm(), Dashboard())
