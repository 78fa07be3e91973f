"""A stack's life: made, changed, removed, and what is left of it when a step fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from lambda_bench import client, refused
from stacks_bench import NAME, Stacks, att, ref, resource, stacks, template

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE = resource("SQS::Queue", QueueName="jobs")
#: SQS takes no such attribute.
BAD = resource("SQS::Queue", QueueName="bad", VisibilityTimeout=1_000_000)
OTHER = resource("SNS::Topic", TopicName="news")


@pytest.fixture
def stack() -> Iterator[Stacks]:
    with stacks() as made:
        yield made


def queues() -> list[str]:
    urls = client("sqs").list_queues().get("QueueUrls", [])
    return [url.rpartition("/")[2] for url in urls]


def test_resources_are_made_after_what_they_refer_to(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"""
    first = {**resource("SNS::Topic", DisplayName=ref("Queue")), "DependsOn": "Last"}
    made = template(First=first, Queue=QUEUE, Last=OTHER)
    assert stack.create(made) == "CREATE_COMPLETE"
    order = [name for name, status in stack.events() if status == "CREATE_COMPLETE"]
    assert order.index("First") > max(order.index("Queue"), order.index("Last"))


def test_what_has_no_name_is_called_after_its_stack(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html"""
    fifo = resource("SQS::Queue", FifoQueue=True)
    stack.create(template(Jobs=resource("SQS::Queue"), Fifo=fifo, Files=resource("S3::Bucket")))
    assert stack.outputs["Jobs"].rpartition("/")[2].startswith(f"{NAME}-Jobs-")
    assert stack.outputs["Fifo"].endswith(".fifo")
    assert stack.outputs["Files"].startswith(f"{NAME}-files-")


def test_failed_creation_leaves_nothing_and_takes_no_update(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html"""
    bad = {**BAD, "DependsOn": "Jobs"}
    assert stack.create(template(Jobs=QUEUE, Bad=bad)) == "ROLLBACK_COMPLETE"
    assert queues() == []
    assert list(stack.failures()) == ["Bad"]
    assert "VisibilityTimeout" in stack.failures()["Bad"]
    with refused() as refusal:
        stack.update(template(Jobs=QUEUE))
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in refusal.text
    stack.delete()
    assert stack.create(template(Jobs=QUEUE)) == "CREATE_COMPLETE"


def test_failed_creation_can_be_kept_as_it_is(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html"""
    made = template(Jobs=QUEUE, Bad={**BAD, "DependsOn": "Jobs"})
    assert stack.create(made, DisableRollback=True) == "CREATE_FAILED"
    assert queues() == ["jobs"]
    stack.delete()
    assert queues() == []


def test_update_makes_changes_and_removes_in_the_end(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html"""
    stack.create(template(Jobs=QUEUE, Topic=OTHER))
    changed = resource("SQS::Queue", QueueName="jobs", VisibilityTimeout="77")
    new = resource("SQS::Queue", QueueName="new")
    before = len(stack.events())
    assert stack.update(template(Jobs=changed, New=new)) == "UPDATE_COMPLETE"
    done = [event for event in stack.events()[before:] if event[1].endswith("_COMPLETE")]
    assert done[-2:] == [("Topic", "DELETE_COMPLETE"), (NAME, "UPDATE_COMPLETE")]
    assert set(done[:-2]) == {("Jobs", "UPDATE_COMPLETE"), ("New", "CREATE_COMPLETE")}
    assert sorted(queues()) == ["jobs", "new"]
    assert client("sns").list_topics()["Topics"] == []


def test_failed_update_puts_back_what_was(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html"""
    before = template(Jobs=QUEUE, Topic=OTHER)
    stack.create(before)
    changed = resource("SQS::Queue", QueueName="jobs", VisibilityTimeout=77)
    new = {**resource("SQS::Queue", QueueName="new"), "DependsOn": "Jobs"}
    after = template(Jobs=changed, New=new, Bad={**BAD, "DependsOn": "New"})
    assert stack.update(after) == "UPDATE_ROLLBACK_COMPLETE"
    assert queues() == ["jobs"]
    assert stack.bench.emulator.queue("jobs").attributes.visibility_timeout_seconds == 30
    assert len(client("sns").list_topics()["Topics"]) == 1
    assert set(stack.outputs) == {"Jobs", "Topic"}
    assert stack.aws.get_template(StackName=NAME)["TemplateBody"] == before
    assert stack.update(template(Jobs=changed, Topic=OTHER)) == "UPDATE_COMPLETE"


def test_update_of_what_no_call_changes_makes_another(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html"""
    stack.create(template(Jobs=QUEUE, Topic=resource("SNS::Topic", DisplayName=ref("Jobs"))))
    renamed = resource("SQS::Queue", QueueName="renamed")
    topic = resource("SNS::Topic", DisplayName=ref("Jobs"))
    assert stack.update(template(Jobs=renamed, Topic=topic)) == "UPDATE_COMPLETE"
    assert queues() == ["renamed"]
    arn = stack.outputs["Topic"]
    shown = client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
    assert shown.endswith("/renamed")


def test_named_resource_is_not_replaced_by_one_of_its_name(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"""
    key = {"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
           "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]}  # fmt: skip
    other = json.loads(json.dumps(key).replace('"a"', '"b"'))
    table = {"TableName": "jobs", "BillingMode": "PAY_PER_REQUEST"}
    stack.create(template(Table=resource("DynamoDB::Table", **table, **key)))
    made = stack.update(template(Table=resource("DynamoDB::Table", **table, **other)))
    assert made == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename jobs and update the stack again" in stack.failures()["Table"]


NAMED = {
    "CloudWatch::Alarm": "AlarmName",
    "CloudWatch::Dashboard": "DashboardName",
    "Events::Rule": "Name",
    "Logs::LogGroup": "LogGroupName",
    "S3::Bucket": "BucketName",
    "SNS::Topic": "TopicName",
    "SQS::Queue": "QueueName",
}


@pytest.mark.parametrize(("kind", "named"), NAMED.items())
def test_what_exists_already_is_not_taken_over(stack: Stacks, kind: str, named: str) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"""
    client("sqs").create_queue(QueueName="mine")
    client("sns").create_topic(Name="mine")
    client("s3").create_bucket(Bucket="mine")
    client("logs").create_log_group(logGroupName="mine")
    client("events").put_rule(Name="mine", ScheduleExpression="rate(1 day)")
    client("cloudwatch").put_dashboard(DashboardName="mine", DashboardBody='{"widgets": []}')
    client("cloudwatch").put_metric_alarm(
        AlarmName="mine", MetricName="m", Namespace="n", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    assert stack.create(template(It=resource(kind, **{named: "mine"}))) == "ROLLBACK_COMPLETE"
    assert "already exists" in stack.failures()["It"]
    assert queues() == ["mine"]
    assert client("events").list_rules()["Rules"][0]["ScheduleExpression"] == "rate(1 day)"


def test_what_fails_half_way_is_removed_whatever_its_policy(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html"""
    table = resource(
        "DynamoDB::Table", TableName="jobs", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}], TimeToLiveSpecification={},
    )  # fmt: skip
    rules = [{"Status": "Enabled", "ExpirationInDays": "soon"}]
    bucket = resource("S3::Bucket", LifecycleConfiguration={"Rules": rules})
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
             "Action": "sts:AssumeRole"}]}  # fmt: skip
    policies = [{"PolicyName": "one", "PolicyDocument": {"Statement": 1}}]
    role = resource("IAM::Role", AssumeRolePolicyDocument=trust, Policies=policies)
    for made in (table, bucket, role):
        assert (
            stack.create(template(It={**made, "DeletionPolicy": "Retain"})) == "ROLLBACK_COMPLETE"
        )
        stack.delete()
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("iam").list_roles()["Roles"] == []


@pytest.mark.parametrize(
    ("policy", "after_rollback", "after_deletion"),
    [("Delete", [], []), ("Retain", ["jobs"], ["jobs"]), ("RetainExceptOnCreate", [], ["jobs"])],
)
def test_deletion_policy_says_what_outlives_its_stack(
    stack: Stacks, policy: str, after_rollback: list[str], after_deletion: list[str]
) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
    kept = {**QUEUE, "DeletionPolicy": policy}
    stack.create(template(Jobs=kept, Bad={**BAD, "DependsOn": "Jobs"}))
    assert queues() == after_rollback
    stack.delete()
    if after_rollback:
        client("sqs").delete_queue(
            QueueUrl=client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
        )
    stack.create(template(Jobs=kept))
    stack.delete()
    assert queues() == after_deletion


@pytest.mark.parametrize(("policy", "left"), [("Retain", ["jobs", "new"]), ("Delete", ["new"])])
def test_replace_policy_says_what_becomes_of_what_is_replaced(
    stack: Stacks, policy: str, left: list[str]
) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html"""
    policies = {"UpdateReplacePolicy": policy, "DeletionPolicy": "Retain"}
    stack.create(template(Jobs={**QUEUE, **policies}))
    stack.update(template(Jobs={**resource("SQS::Queue", QueueName="new"), **policies}))
    assert sorted(queues()) == left


def test_type_of_a_resource_does_not_change(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html"""
    stack.create(template(It=QUEUE))
    with refused() as refusal:
        stack.update(template(It=OTHER))
    assert "modifies resource type of the following resources: [It]" in refusal.text
    assert stack.status == "CREATE_COMPLETE"


def test_deletion_that_fails_names_what_is_left_and_can_be_tried_again(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html"""
    stack.create(template(Files=resource("S3::Bucket", BucketName="files"), Jobs=QUEUE))
    client("s3").put_object(Bucket="files", Key="a", Body=b"a")
    stack.delete()
    assert (stack.status, queues()) == ("DELETE_FAILED", [])
    assert "not empty" in stack.failures()["Files"]
    client("s3").delete_object(Bucket="files", Key="a")
    stack.delete()
    with refused() as refusal:
        assert stack.status
    assert refusal.text == f"Stack with id {NAME} does not exist"


def test_what_is_gone_already_counts_as_deleted(stack: Stacks) -> None:
    stack.create(template(Jobs=QUEUE))
    client("sqs").delete_queue(QueueUrl=stack.outputs["Jobs"])
    stack.delete()
    with refused():
        assert stack.status


def test_protected_stack_is_not_deleted(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html"""
    stack.create(template(Jobs=QUEUE), EnableTerminationProtection=True)
    with refused() as refusal:
        stack.delete()
    assert "TerminationProtection" in refusal.text


def test_stack_of_a_name_is_created_once(stack: Stacks) -> None:
    stack.create(template(Jobs=QUEUE))
    with refused() as refusal:
        stack.create(template(Jobs=QUEUE))
    assert (refusal.code, refusal.text) == (
        "AlreadyExistsException",
        f"Stack [{NAME}] already exists",
    )
    with refused() as refusal:
        stack.update(template(Jobs=QUEUE))
    assert refusal.text == "No updates are to be performed."


def test_type_that_nobody_makes_here_is_told_and_has_a_name(stack: Stacks) -> None:
    """Other properties of a known type are told, too."""
    queue = resource("SQS::Queue", QueueName="jobs", Unheard="of")
    made = template(Jobs=queue, Phone=resource("Connect::PhoneNumber"))
    assert stack.create(made) == "CREATE_COMPLETE"
    assert stack.outputs["Phone"].startswith(f"{NAME}-Phone-")
    told = [
        (e.subject, e.data["text"]) for e in stack.bench.emulator.journal.entries(action="warning")
    ]
    assert sorted(told) == [
        ("Jobs", "has no effect locally: Unheard"),
        ("Phone", "AWS::Connect::PhoneNumber is not created locally"),
    ]


def test_other_types_are_made_as_moto_makes_them(stack: Stacks) -> None:
    parameter = resource("SSM::Parameter", Name="/a", Type="String", Value="1")
    vpc = resource("EC2::VPC", CidrBlock="10.0.0.0/16")
    assert stack.create(template(A=parameter, V=vpc)) == "CREATE_COMPLETE"
    assert client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "1"
    changed = resource("SSM::Parameter", Name="/a", Type="String", Value="2")
    assert stack.update(template(A=changed, V=vpc)) == "UPDATE_COMPLETE"
    assert client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "2"
    stack.delete()
    assert client("ssm").describe_parameters()["Parameters"] == []


def test_tags_of_the_stack_are_those_of_its_resources(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html"""
    own = resource("SQS::Queue", QueueName="jobs", Tags=[{"Key": "own", "Value": "1"}])
    stack.create(template(Jobs=own), Tags=[{"Key": "app", "Value": "shop"}])
    url = stack.outputs["Jobs"]
    assert client("sqs").list_queue_tags(QueueUrl=url)["Tags"] == {"app": "shop", "own": "1"}
    assert stack.update(template(Jobs=QUEUE), Tags=[{"Key": "app", "Value": "other"}])
    assert client("sqs").list_queue_tags(QueueUrl=url)["Tags"] == {"app": "other"}


def test_stack_and_its_resources_are_described(stack: Stacks) -> None:
    stack.create(template(Jobs=QUEUE, Topic=OTHER))
    found = stack.aws.describe_stack_resources(StackName=NAME)["StackResources"]
    assert {r["LogicalResourceId"]: r["ResourceType"] for r in found} == {
        "Jobs": "AWS::SQS::Queue", "Topic": "AWS::SNS::Topic",
    }  # fmt: skip
    listed = stack.aws.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    assert {r["PhysicalResourceId"] for r in listed} == set(stack.outputs.values())
    one = stack.aws.describe_stack_resource(StackName=NAME, LogicalResourceId="Jobs")
    assert one["StackResourceDetail"]["ResourceStatus"] == "CREATE_COMPLETE"
    (listed,) = stack.aws.list_stacks()["StackSummaries"]
    assert (listed["StackName"], listed["StackStatus"]) == (NAME, "CREATE_COMPLETE")


def test_terminal_tells_what_becomes_of_a_stack(stack: Stacks) -> None:
    stack.create(template(Bad=BAD))
    entries = stack.bench.emulator.journal.entries(subject=NAME)
    assert [entry.data["text"].partition(":")[0] for entry in entries] == [
        "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE",
    ]  # fmt: skip


def test_attribute_of_a_queue_in_another_stack_is_imported(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html"""
    made = template(Jobs=QUEUE)
    made["Outputs"]["Arn"] = {"Value": att("Jobs", "Arn"), "Export": {"Name": "jobs-arn"}}
    stack.create(made)
    importing = template(Topic=resource("SNS::Topic", DisplayName={"Fn::ImportValue": "jobs-arn"}))
    stack.aws.create_stack(StackName="second", TemplateBody=json.dumps(importing))
    (topic,) = client("sns").list_topics()["Topics"]
    shown = client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    assert shown["DisplayName"].endswith(":jobs")
