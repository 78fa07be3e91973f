"""Each type of resource as its service shows it: made by a template, changed, removed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import client
from stacks_bench import Stacks, att, ref, resource, stacks, template

from emulator.cloud_formation import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = {"ZipFile": "def handler(event, context): return event"}
ROLE = "arn:aws:iam::123456789012:role/any"
TRUST = json.loads("""{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}""")
ALLOW: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def test_types_of_the_document_are_those_that_are_made() -> None:
    text = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
    table = text.partition("| Service | Types made with the service's own calls |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert documented == {name.rpartition(":")[2] for name in registry.names()}


@pytest.fixture
def stack() -> Iterator[Stacks]:
    with stacks() as made:
        yield made


def created(stack: Stacks, **resources: Any) -> dict[str, str]:
    """The physical ids."""
    assert stack.create(template(**resources)) == "CREATE_COMPLETE", stack.failures()
    return stack.outputs


def updated(stack: Stacks, **resources: Any) -> dict[str, str]:
    assert stack.update(template(**resources)) == "UPDATE_COMPLETE", stack.failures()
    return stack.outputs


def function(**more: Any) -> Any:
    given = {"FunctionName": "work", "Handler": "index.handler", "Runtime": "python3.12",
             "Role": ROLE, "Code": CODE}  # fmt: skip
    return resource("Lambda::Function", **{**given, **more})


def test_queue_and_its_policy(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html"""
    sqs = client("sqs")

    def attributes(url: str) -> Any:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    redrive = {"deadLetterTargetArn": att("Dead", "Arn"), "maxReceiveCount": "3"}
    queue = resource("SQS::Queue", VisibilityTimeout=90, RedrivePolicy=redrive, DelaySeconds="4")
    policy = resource("SQS::QueuePolicy", Queues=[ref("Jobs")], PolicyDocument=ALLOW)
    dead = resource("SQS::Queue", QueueName="dead")
    url = created(stack, Jobs=queue, Dead=dead, Policy=policy)["Jobs"]
    shown = attributes(url)
    assert (shown["VisibilityTimeout"], shown["DelaySeconds"]) == ("90", "4")
    assert json.loads(shown["RedrivePolicy"])["deadLetterTargetArn"].endswith(":dead")
    assert json.loads(shown["Policy"]) == ALLOW
    assert updated(stack, Jobs=resource("SQS::Queue", DelaySeconds=5), Dead=dead)["Jobs"] == url
    shown = attributes(url)
    assert (shown["VisibilityTimeout"], shown["DelaySeconds"]) == ("30", "5")
    assert not {"RedrivePolicy", "Policy"} & {name for name, value in shown.items() if value}
    stack.delete()
    assert "QueueUrls" not in sqs.list_queues()


def test_table_with_its_settings_and_indexes(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html"""
    dynamodb = client("dynamodb")
    index = {"IndexName": "by-b", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "ALL"}}  # fmt: skip
    plain: dict[str, Any] = {
        "TableName": "jobs", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    }  # fmt: skip
    more = [*plain["AttributeDefinitions"], {"AttributeName": "b", "AttributeType": "S"}]
    indexed = {**plain, "AttributeDefinitions": more, "GlobalSecondaryIndexes": [index]}
    live = {"TimeToLiveSpecification": {"AttributeName": "x", "Enabled": True}}
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    stream = {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}
    body = template(T=resource("DynamoDB::Table", **plain, **live, **recovery, **stream))
    body["Outputs"]["Stream"] = {"Value": att("T", "StreamArn")}
    assert stack.create(body) == "CREATE_COMPLETE"
    assert stack.outputs["Stream"].startswith("arn:aws:dynamodb:us-east-1:123456789012:table/jobs/")

    def shown() -> tuple[str, str, list[str], bool]:
        ttl = dynamodb.describe_time_to_live(TableName="jobs")["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName="jobs")
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        table = dynamodb.describe_table(TableName="jobs")["Table"]
        return (
            ttl["TimeToLiveStatus"],
            recovery["PointInTimeRecoveryStatus"],
            [found["IndexName"] for found in table.get("GlobalSecondaryIndexes", [])],
            bool(table.get("StreamSpecification", {}).get("StreamEnabled")),
        )

    assert shown() == ("ENABLED", "ENABLED", [], True)
    updated(stack, T=resource("DynamoDB::Table", **indexed))
    assert shown() == ("DISABLED", "DISABLED", ["by-b"], False)
    updated(stack, T=resource("DynamoDB::Table", **plain, **live))
    assert shown() == ("ENABLED", "DISABLED", [], False)
    stack.delete()
    assert dynamodb.list_tables()["TableNames"] == []


def test_bucket_with_its_settings_and_its_policy(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html"""
    s3 = client("s3")
    aes = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    blocked = dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    owner = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    rule = {"Id": "r", "Status": "Enabled", "Prefix": "results/", "ExpirationInDays": "8",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}  # fmt: skip
    told = {"Event": "s3:ObjectCreated:*", "Queue": att("Told", "Arn"),
            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}}}  # fmt: skip
    bucket = resource(
        "S3::Bucket", BucketName="files", PublicAccessBlockConfiguration=blocked,
        BucketEncryption={"ServerSideEncryptionConfiguration": [aes]}, OwnershipControls=owner,
        LifecycleConfiguration={"Rules": [rule]},
        NotificationConfiguration={"QueueConfigurations": [told]},
        CorsConfiguration={"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
        VersioningConfiguration={"Status": "Enabled"}, Tags=[{"Key": "own", "Value": "1"}],
    )  # fmt: skip
    policy = resource("S3::BucketPolicy", Bucket=ref("Files"), PolicyDocument=ALLOW)
    created(stack, Files=bucket, Policy=policy, Told=resource("SQS::Queue", QueueName="told"))
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket="files")["Rules"]
    assert (lifecycle["Expiration"], lifecycle["Filter"]) == ({"Days": 8}, {"Prefix": "results/"})
    assert lifecycle["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert s3.get_public_access_block(Bucket="files")["PublicAccessBlockConfiguration"] == blocked
    assert s3.get_bucket_ownership_controls(Bucket="files")["OwnershipControls"] == owner
    encryption = s3.get_bucket_encryption(Bucket="files")["ServerSideEncryptionConfiguration"]
    assert "AES256" in json.dumps(encryption)
    assert s3.get_bucket_cors(Bucket="files")["CORSRules"][0]["AllowedOrigins"] == ["*"]
    assert s3.get_bucket_versioning(Bucket="files")["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket="files")["TagSet"] == [{"Key": "own", "Value": "1"}]
    assert json.loads(s3.get_bucket_policy(Bucket="files")["Policy"]) == ALLOW
    (notified,) = s3.get_bucket_notification_configuration(Bucket="files")["QueueConfigurations"]
    assert notified["QueueArn"].endswith(":told")
    updated(stack, Files=resource("S3::Bucket", BucketName="files"))
    for call in (s3.get_bucket_lifecycle_configuration, s3.get_bucket_policy, s3.get_bucket_cors):
        with pytest.raises(s3.exceptions.ClientError, match="does not"):
            call(Bucket="files")
    after = s3.get_bucket_notification_configuration(Bucket="files")
    assert "QueueConfigurations" not in after
    assert s3.get_bucket_versioning(Bucket="files")["Status"] == "Suspended"
    stack.delete()
    assert s3.list_buckets()["Buckets"] == []


def test_topic_subscription_and_policy(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html"""
    sns, sqs = client("sns"), client("sqs")
    subscription = {"TopicArn": ref("News"), "Protocol": "sqs", "Endpoint": att("Jobs", "Arn")}
    filtered = {**subscription, "RawMessageDelivery": True, "FilterPolicy": {"a": ["b"]}}
    queue = resource("SQS::Queue", QueueName="jobs")
    topic = resource("SNS::Topic", DisplayName="News")
    policy = resource("SNS::TopicPolicy", Topics=[ref("News")], PolicyDocument=ALLOW)
    made = created(
        stack, News=topic, Jobs=queue, Policy=policy, S=resource("SNS::Subscription", **filtered)
    )
    shown = sns.get_topic_attributes(TopicArn=made["News"])["Attributes"]
    assert (shown["DisplayName"], json.loads(shown["Policy"])) == ("News", ALLOW)
    for colour in ("b", "c"):
        attributes = {"a": {"DataType": "String", "StringValue": colour}}
        sns.publish(TopicArn=made["News"], Message=colour, MessageAttributes=attributes)
    received = sqs.receive_message(QueueUrl=made["Jobs"], MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == ["b"]
    every = resource("SNS::Subscription", **subscription)
    after = updated(stack, News=resource("SNS::Topic"), Jobs=queue, S=every)
    assert after["S"] == made["S"]
    shown = sns.get_subscription_attributes(SubscriptionArn=made["S"])["Attributes"]
    assert json.loads(shown.get("FilterPolicy", "{}")) == {}
    stack.delete()
    assert (sns.list_topics()["Topics"], sns.list_subscriptions()["Subscriptions"]) == ([], [])


def test_function_runs_with_what_its_template_gives_it(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html"""
    aws = client("lambda")
    made = function(
        Timeout="7", MemorySize=256, Environment={"Variables": {"A": 1, "B": True}},
        LoggingConfig={"LogGroup": "all"}, ReservedConcurrentExecutions=2, RecursiveLoop="Allow",
        Tags=[{"Key": "own", "Value": "1"}],
        Code={"ZipFile": "def handler(event, context): return context.log_group_name"},
    )  # fmt: skip
    created(stack, Work=made)
    shown = aws.get_function(FunctionName="work")
    configuration = shown["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"]) == (7, 256)
    assert configuration["Environment"]["Variables"] == {"A": "1", "B": "true"}
    assert configuration["LoggingConfig"]["LogGroup"] == "all"
    assert shown["Concurrency"] == {"ReservedConcurrentExecutions": 2}
    assert shown["Tags"] == {"own": "1"}
    assert aws.get_function_recursion_config(FunctionName="work")["RecursiveLoop"] == "Allow"
    assert aws.invoke(FunctionName="work")["Payload"].read() == b'"all"'
    updated(stack, Work=function(Code={"ZipFile": "def handler(event, context): return 'new'"}))
    shown = aws.get_function(FunctionName="work")
    configuration = shown["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"]) == (3, 128)
    assert not configuration.get("Environment", {}).get("Variables")
    assert "Concurrency" not in shown
    assert not shown.get("Tags")
    assert aws.invoke(FunctionName="work")["Payload"].read() == b'"new"'
    stack.delete()
    assert aws.list_functions()["Functions"] == []


def test_what_belongs_to_a_function(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html"""
    aws = client("lambda")
    queue = resource("SQS::Queue", QueueName="jobs")
    mapping = {"EventSourceArn": att("Jobs", "Arn"), "FunctionName": ref("Work")}
    reporting = {"FunctionResponseTypes": ["ReportBatchItemFailures"],
                 "ScalingConfig": {"MaximumConcurrency": "5"}, "BatchSize": 7}  # fmt: skip
    version = resource("Lambda::Version", FunctionName=ref("Work"))
    alias = {"FunctionName": ref("Work"), "Name": "live", "FunctionVersion": att("One", "Version")}
    permission = resource(
        "Lambda::Permission", FunctionName=ref("Work"), Action="lambda:InvokeFunction",
        Principal="sqs.amazonaws.com", SourceArn=att("Jobs", "Arn"),
    )  # fmt: skip
    settings = {"FunctionName": ref("Work"), "Qualifier": "$LATEST"}
    common = {"Jobs": queue, "Work": function(), "One": version, "May": permission}
    made = created(
        stack, **common, Live=resource("Lambda::Alias", **alias),
        Map=resource("Lambda::EventSourceMapping", **mapping, **reporting),
        Async=resource("Lambda::EventInvokeConfig", **settings, MaximumRetryAttempts=0),
    )  # fmt: skip
    shown = aws.get_event_source_mapping(UUID=made["Map"])
    assert (shown["BatchSize"], shown["ScalingConfig"]) == (7, {"MaximumConcurrency": 5})
    assert shown["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert aws.get_alias(FunctionName="work", Name="live")["FunctionVersion"] == "1"
    (statement,) = json.loads(aws.get_policy(FunctionName="work")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sqs.amazonaws.com"}
    config = aws.get_function_event_invoke_config(FunctionName="work")
    assert config["MaximumRetryAttempts"] == 0
    after = updated(
        stack, **common, Live=resource("Lambda::Alias", **alias, Description="d"),
        Map=resource("Lambda::EventSourceMapping", **mapping, BatchSize=3, Enabled=False),
        Async=resource("Lambda::EventInvokeConfig", **settings, MaximumRetryAttempts=1),
    )  # fmt: skip
    assert after["Map"] == made["Map"]
    shown = aws.get_event_source_mapping(UUID=made["Map"])
    assert (shown["BatchSize"], shown["State"]) == (3, "Disabled")
    assert aws.get_alias(FunctionName="work", Name="live")["Description"] == "d"
    stack.delete()
    assert aws.list_event_source_mappings()["EventSourceMappings"] == []


def test_role_and_its_policies(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""
    iam = client("iam")
    inline = [{"PolicyName": "one", "PolicyDocument": ALLOW}]
    managed = resource("IAM::ManagedPolicy", ManagedPolicyName="mine", PolicyDocument={
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    })  # fmt: skip
    ours = [ref("Mine"), "arn:aws:iam::aws:policy/AdministratorAccess"]
    role = {"RoleName": "work", "AssumeRolePolicyDocument": TRUST}
    body = template(
        R=resource("IAM::Role", **role, Policies=inline, ManagedPolicyArns=ours), Mine=managed
    )
    body["Outputs"]["Arn"] = {"Value": att("R", "Arn")}
    assert stack.create(body) == "CREATE_COMPLETE", stack.failures()
    assert stack.outputs["Arn"] == "arn:aws:iam::123456789012:role/work"
    assert iam.list_role_policies(RoleName="work")["PolicyNames"] == ["one"]
    attached = iam.list_attached_role_policies(RoleName="work")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["mine"]
    other = [{"PolicyName": "two", "PolicyDocument": ALLOW}]
    updated(stack, R=resource("IAM::Role", **role, Policies=other, Description="d"), Mine=managed)
    assert iam.list_role_policies(RoleName="work")["PolicyNames"] == ["two"]
    assert iam.list_attached_role_policies(RoleName="work")["AttachedPolicies"] == []
    assert iam.get_role(RoleName="work")["Role"]["Description"] == "d"
    stack.delete()
    assert iam.list_roles()["Roles"] == []


def test_rule_sends_to_its_targets(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html"""
    events, sqs = client("events"), client("sqs")

    def receive(url: str) -> int:
        entry = {"Source": "shop", "DetailType": "sold", "Detail": "{}"}
        events.put_events(Entries=[entry])
        return len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))

    target = {"Id": "one", "Arn": att("Jobs", "Arn")}
    queue = resource("SQS::Queue", QueueName="jobs")
    rule = {"EventPattern": {"source": ["shop"]}}
    made = created(stack, Jobs=queue, Sold=resource("Events::Rule", **rule, Targets=[target]))
    assert receive(made["Jobs"]) == 1
    other = {**rule, "Targets": [{**target, "Id": "two"}], "State": "DISABLED"}
    after = updated(stack, Jobs=queue, Sold=resource("Events::Rule", **other))
    assert after["Sold"] == made["Sold"]
    assert receive(made["Jobs"]) == 0
    targets = events.list_targets_by_rule(Rule=made["Sold"])["Targets"]
    assert [found["Id"] for found in targets] == ["two"]
    stack.delete()
    assert events.list_rules()["Rules"] == []


def test_rule_with_a_schedule_runs_its_function(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html"""
    target = {"Id": "one", "Arn": att("Work", "Arn")}
    rule = resource("Events::Rule", ScheduleExpression="rate(1 minute)", Targets=[target])
    created(stack, Work=function(), Every=rule)
    stack.bench.emulator.advance(60)
    assert stack.bench.emulator.journal.entries(subject="work", action="result")


def test_log_group_alarm_and_dashboard(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html"""
    logs, cloudwatch = client("logs"), client("cloudwatch")
    alarm = {"MetricName": "Errors", "Namespace": "AWS/Lambda", "Statistic": "Sum", "Period": "60",
             "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold",
             "TreatMissingData": "notBreaching"}  # fmt: skip
    widgets: dict[str, Any] = {"widgets": []}
    group = {"LogGroupName": "all"}
    created(
        stack, Logs=resource("Logs::LogGroup", **group, RetentionInDays=14),
        Alarm=resource("CloudWatch::Alarm", **alarm, AlarmName="errors", Threshold=1),
        Board=resource("CloudWatch::Dashboard", DashboardName="b", DashboardBody=widgets),
    )  # fmt: skip
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 14
    (shown,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (shown["Threshold"], shown["Period"]) == (1, 60)
    assert json.loads(cloudwatch.get_dashboard(DashboardName="b")["DashboardBody"]) == widgets
    updated(
        stack, Logs=resource("Logs::LogGroup", **group),
        Alarm=resource("CloudWatch::Alarm", **alarm, AlarmName="errors", Threshold="2.5"),
    )  # fmt: skip
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
    (shown,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert shown["Threshold"] == 2.5
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
    stack.delete()
    assert logs.describe_log_groups()["logGroups"] == []
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_stream(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html"""
    kinesis = client("kinesis")
    body = template(S=resource("Kinesis::Stream", Name="events", RetentionPeriodHours=48))
    body["Outputs"]["Arn"] = {"Value": att("S", "Arn")}
    assert stack.create(body) == "CREATE_COMPLETE", stack.failures()
    shown = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    assert (shown["RetentionPeriodHours"], shown["OpenShardCount"]) == (48, 1)
    assert shown["StreamARN"] == stack.outputs["Arn"]
    stack.delete()
    assert kinesis.list_streams()["StreamNames"] == []


def test_rest_api_with_a_stage(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html"""
    aws = client("apigateway")

    def api(path: str) -> Any:
        uri = {
            "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
            "${Work.Arn}/invocations"
        }
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
        operation = {"x-amazon-apigateway-integration": integration}
        info = {"title": "shop", "version": "1"}
        return {"swagger": "2.0", "info": info, "paths": {path: {"get": operation}}}

    def parts(path: str, deployment: str, **more: Any) -> dict[str, Any]:
        own = {"RestApiId": ref("Api"), "StageName": "v1", "DeploymentId": ref(deployment)}
        return {
            "Work": function(),
            "Api": resource("ApiGateway::RestApi", Body=api(path), Description=path),
            deployment: resource("ApiGateway::Deployment", RestApiId=ref("Api")),
            "Stage": resource("ApiGateway::Stage", **own, **more),
            "Account": resource("ApiGateway::Account"),
        }

    limit = {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 5}
    made = created(stack, **parts("/a", "First", MethodSettings=[limit], Variables={"A": "1"}))
    stage = aws.get_stage(restApiId=made["Api"], stageName="v1")
    assert (stage["deploymentId"], stage["variables"]) == (made["First"], {"A": "1"})
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 5
    after = updated(stack, **parts("/b", "Second"))
    assert (after["Api"], after["Second"]) != (made["Api"], made["First"])
    stage = aws.get_stage(restApiId=made["Api"], stageName="v1")
    assert stage["deploymentId"] == after["Second"]
    assert aws.get_rest_api(restApiId=made["Api"])["description"] == "/b"
    items = aws.get_resources(restApiId=made["Api"])["items"]
    assert {item["path"] for item in items} == {"/", "/b"}
    stack.delete()
    assert aws.get_rest_apis()["items"] == []
