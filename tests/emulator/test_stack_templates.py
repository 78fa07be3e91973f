"""What a template may say, how it is read, and what of it is refused."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from lambda_bench import client, refused, zipped
from stacks_bench import NAME, Stacks, att, ref, resource, stacks, template

from emulator.cloud_formation import transform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUEUE = resource("SQS::Queue", QueueName="jobs")
ROLE = resource("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []})
SAM = "AWS::Serverless-2016-10-31"
CODE = "def handler(event, context): return {'statusCode': 200, 'body': 'here'}"
YAML = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Seconds: {Type: Number, Default: 10}
Conditions:
  IsSlow: !Equals [!Ref Seconds, "10"]
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Join ["-", [jobs, !Ref "AWS::Region"]]
      VisibilityTimeout: !Ref Seconds
      RedrivePolicy:
        deadLetterTargetArn: {"Fn::GetAtt": Dead.Arn}
        maxReceiveCount: 3
  Dead: {Type: "AWS::SQS::Queue"}
  Fast:
    Type: AWS::SQS::Queue
    Condition: IsSlow
Outputs:
  Text: {Value: !Sub "${Jobs.QueueName} and ${!Literal}"}
  Arn: {Value: !GetAtt Dead.Arn}
"""


@pytest.fixture
def stack() -> Iterator[Stacks]:
    with stacks() as made:
        yield made


def change_set(stack: Stacks, body: Any, kind: str = "CREATE", **more: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    given = {"Capabilities": ["CAPABILITY_IAM"], **more}
    made = stack.aws.create_change_set(
        StackName=NAME, ChangeSetName="one", ChangeSetType=kind, TemplateBody=text, **given
    )
    return stack.aws.describe_change_set(ChangeSetName=made["Id"])


def test_template_is_yaml_with_short_forms_as_well(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html"""
    given = [{"ParameterKey": "Seconds", "ParameterValue": "20"}]
    stack.aws.create_stack(StackName=NAME, TemplateBody=YAML, Parameters=given)
    assert stack.outputs["Text"] == "jobs-us-east-1 and ${Literal}"
    assert stack.outputs["Arn"].startswith("arn:aws:sqs:us-east-1:123456789012:shop-dev-Dead-")
    queue = stack.bench.emulator.queue("jobs-us-east-1").attributes
    assert queue.visibility_timeout_seconds == 20
    assert queue.redrive is not None
    assert "Fast" not in dict(stack.events())
    previous = [{"ParameterKey": "Seconds", "UsePreviousValue": True}]
    with refused() as refusal:
        stack.aws.update_stack(StackName=NAME, UsePreviousTemplate=True, Parameters=previous)
    assert refusal.text == "No updates are to be performed."


def test_template_is_summed_up(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html"""
    shown = stack.aws.get_template_summary(TemplateBody=YAML)
    assert shown["ResourceTypes"] == ["AWS::SQS::Queue"]
    (parameter,) = shown["Parameters"]
    assert (parameter["ParameterKey"], parameter["DefaultValue"]) == ("Seconds", "10")
    text = json.dumps({"Transform": SAM, **template(Role=ROLE)})
    valid = stack.aws.validate_template(TemplateBody=text)
    assert (valid["Capabilities"], valid["DeclaredTransforms"]) == (["CAPABILITY_IAM"], [SAM])
    with refused() as refusal:
        stack.aws.validate_template(TemplateBody="{}")
    assert "Template format error" in refusal.text


def test_parameter_that_nobody_is_to_see_is_shown_to_nobody(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html"""
    hidden = {"Word": {"Type": "String", "NoEcho": True}}
    topic = resource("SNS::Topic", TopicName="news", DisplayName=ref("Word"))
    word = [{"ParameterKey": "Word", "ParameterValue": "secret"}]
    stack.create({"Parameters": hidden, **template(News=topic)}, Parameters=word)
    assert stack.described["Parameters"] == [{"ParameterKey": "Word", "ParameterValue": "****"}]
    shown = client("sns").get_topic_attributes(TopicArn=stack.outputs["News"])["Attributes"]
    assert shown["DisplayName"] == "secret"


def test_yaml_makes_nothing_but_values(stack: Stacks, tmp_path: Path) -> None:
    """A tag of YAML's own may name any function of Python; here it names none."""
    evil = f"Resources: !!python/object/apply:pathlib.Path.touch [{tmp_path / 'there'}]"
    with refused() as refusal:
        stack.aws.create_stack(StackName=NAME, TemplateBody=evil)
    assert "Template format error" in refusal.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{", "Template format error"),
        ("[1]", "At least one Resources member must be defined"),
        ('{"Resources": {}}', "At least one Resources member must be defined"),
        ('{"Resources": {"A": {}}}', "must contain a Type member"),
        (
            template(A=resource("SNS::Topic", DisplayName=ref("B"))),
            "Unresolved resource dependencies [B]",
        ),
        (template(A={**QUEUE, "DependsOn": "B"}), "Unresolved resource dependencies [B]"),
        (
            template(A={**QUEUE, "DependsOn": "B"}, B={**QUEUE, "DependsOn": "A"}),
            "Circular dependency between resources: [A, B]",
        ),
        ({"Parameters": {"P": {"Type": "String"}}, **template(A=QUEUE)}, "Missing parameter P"),
        ({"Transform": "Mine", **template(A=QUEUE)}, "No transform named Mine"),
        ({"Parameters": [], **template(A=QUEUE)}, "[/Parameters] must be an object"),
        ({"Outputs": {"O": 1}, "Resources": {"A": QUEUE}}, "[/Outputs/O] must be an object"),
        (template(A={**QUEUE, "Properties": 1}), "Properties must be an object"),
        (template(A={**QUEUE, "DeletionPolicy": ref("A")}), "DeletionPolicy must be a text"),
        (template(A={**QUEUE, "DependsOn": 1}), "cannot be evaluated"),
        (template(A={**QUEUE, "Condition": "None"}), "cannot be evaluated"),
        (template(A=resource("SNS::Topic", DisplayName={"Fn::Sub": 1})), "cannot be evaluated"),
    ],
)
def test_template_that_is_none_is_refused_at_once(stack: Stacks, body: Any, text: str) -> None:
    sent = body if isinstance(body, str) else json.dumps(body)
    with refused() as refusal:
        stack.aws.create_stack(StackName=NAME, TemplateBody=sent, Capabilities=["CAPABILITY_IAM"])
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert text in refusal.text
    assert stack.aws.list_stacks()["StackSummaries"] == []
    (told,) = stack.bench.emulator.journal.entries(action="refuse")
    assert told.data["reason"] == f"CreateStack: {refusal.text}"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of everything that is in a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in members:
        yield (*path, key)
        if isinstance(member, (dict, list)):
            yield from places(member, (*path, key))


WHOLE: Any = {
    "Parameters": {"P": {"Type": "String", "Default": "x"}},
    "Mappings": {"M": {"a": {"b": "c"}}},
    "Conditions": {"C": {"Fn::Equals": [ref("P"), "x"]}},
    **template(
        Jobs=resource("SQS::Queue", QueueName={"Fn::Join": ["-", ["a", ref("P")]]}),
        Role={**ROLE, "Condition": "C", "DeletionPolicy": "Delete"},
        News={
            **resource("SNS::Topic", DisplayName={"Fn::Sub": "${P} ${Jobs.Arn}"}),
            "DependsOn": ["Jobs"],
        },
    ),
}
ODD: list[Any] = [
    None, 1, "", "text", [], [1], {}, {"a": 1}, True, ref("P"), ref("News"), {"Fn::Sub": 1},
    {"Fn::GetAtt": []}, {"Fn::If": ["C", 1]}, {"Fn::Select": [9, ["a"]]}, {"Fn::Join": "x"},
]  # fmt: skip


@given(place=st.sampled_from(list(places(WHOLE))), odd=st.sampled_from(ODD))
@settings(max_examples=60, deadline=None)
def test_odd_value_in_any_place_is_told_and_leaves_no_stack_half_way(
    place: tuple[Any, ...], odd: Any
) -> None:
    body = copy.deepcopy(WHOLE)
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    with stacks() as stack:
        try:
            came_to = stack.create(body)
            stack.delete()
        except ClientError as error:
            # an internal failure would be raised as what it is
            came_to = error.response["Error"]["Code"]
        assert came_to in ("CREATE_COMPLETE", "ROLLBACK_COMPLETE", "ValidationError")


@pytest.mark.parametrize(
    ("failing", "reason"),
    [
        (
            resource("SNS::Topic", DisplayName=att("Jobs", "Colour")),
            "does not support attribute type Colour",
        ),
        (resource("SNS::Topic", DisplayName={"Fn::Select": [9, ["a"]]}), "cannot be evaluated"),
        (resource("S3::BucketPolicy", Bucket="b"), "Property PolicyDocument cannot be empty."),
        (resource("Lambda::Function", Role="r", Runtime="python3.12", Handler="a.b"), "code"),
        (
            resource("SQS::QueuePolicy", Queues=["http://nowhere/1/2"], PolicyDocument={}),
            "does not exist",
        ),
    ],
)
def test_resource_that_cannot_be_made_says_why(stack: Stacks, failing: Any, reason: str) -> None:
    failing = {**failing, "DependsOn": "Jobs"}
    assert stack.create(template(Jobs=QUEUE, It=failing)) == "ROLLBACK_COMPLETE"
    assert reason in stack.failures()["It"]


def test_output_that_leads_nowhere_undoes_everything(stack: Stacks) -> None:
    body = template(Jobs=QUEUE)
    body["Outputs"]["Colour"] = {"Value": att("Jobs", "Colour")}
    assert stack.create(body) == "ROLLBACK_COMPLETE"
    assert "QueueUrls" not in client("sqs").list_queues()


def test_roles_are_made_for_who_agrees_only(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
    named = {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "mine"}}
    for role, agreed, missing in (
        (ROLE, [], "CAPABILITY_IAM"),
        (named, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ):
        with refused() as refusal:
            stack.create(template(Role=role), Capabilities=agreed)
        assert refusal.code == "InsufficientCapabilitiesException"
        assert refusal.text == f"Requires capabilities : [{missing}]"
    made = change_set(stack, template(Role=named))
    assert (made["Status"], made["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert made["StatusReason"] == "Requires capabilities : [CAPABILITY_NAMED_IAM]"


def test_change_set_changes_nothing_until_it_is_executed(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html"""
    made = change_set(stack, template(Jobs=QUEUE, Topic=resource("SNS::Topic")))
    changes = {c["ResourceChange"]["LogicalResourceId"] for c in made["Changes"]}
    assert (made["Status"], changes) == ("CREATE_COMPLETE", {"Jobs", "Topic"})
    assert (stack.status, "Outputs" in stack.described) == ("REVIEW_IN_PROGRESS", False)
    stack.aws.execute_change_set(ChangeSetName="one", StackName=NAME)
    assert (stack.status, set(stack.outputs)) == ("CREATE_COMPLETE", {"Jobs", "Topic"})
    with refused() as refusal:
        stack.aws.execute_change_set(ChangeSetName="one", StackName=NAME)
    assert refusal.code == "InvalidChangeSetStatus"


def test_change_set_without_changes_fails_and_says_so(stack: Stacks) -> None:
    """The text is what clients look for."""
    stack.create(template(Jobs=QUEUE))
    made = change_set(stack, template(Jobs=QUEUE), kind="UPDATE")
    assert made["Status"] == "FAILED"
    assert "didn't contain changes" in made["StatusReason"]
    changed = resource("SQS::Queue", QueueName="jobs", DelaySeconds=1)
    made = change_set(stack, template(Jobs=changed), kind="UPDATE")
    (change,) = made["Changes"]
    assert change["ResourceChange"]["Action"] == "Modify"
    stack.aws.delete_change_set(ChangeSetName=made["ChangeSetId"])
    with refused() as refusal:
        stack.aws.describe_change_set(ChangeSetName=made["ChangeSetId"])
    assert refusal.code == "ChangeSetNotFound"


def test_secrets_are_looked_up_and_shown_to_nobody(stack: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"""
    secret = {"KEY": "very secret", "LIST": [1]}
    client("secretsmanager").create_secret(Name="shop", SecretString=json.dumps(secret))
    client("ssm").put_parameter(Name="/name", Value="plain", Type="String")
    names = (
        "shop:SecretString:KEY",
        "shop:SecretString:LIST",
        "shop",
        "shop:SecretString:KEY:AWSCURRENT",
    )
    values = {f"V{i}": f"<{{{{resolve:secretsmanager:{name}}}}}>" for i, name in enumerate(names)}
    variables = {**values, "P": "{{resolve:ssm:/name}}"}
    code = {"ZipFile": "def handler(event, context): pass"}
    function = resource(
        "Lambda::Function", FunctionName="work", Handler="index.handler", Runtime="python3.12",
        Role="arn:aws:iam::123456789012:role/any", Code=code, Environment={"Variables": variables},
    )  # fmt: skip
    assert stack.create(template(Work=function)) == "CREATE_COMPLETE"
    made = client("lambda").get_function_configuration(FunctionName="work")
    assert list(made["Environment"]["Variables"].values()) == [
        "<very secret>", "<[1]>", f"<{json.dumps(secret)}>", "<very secret>", "plain",
    ]  # fmt: skip
    shown = stack.aws.get_template(StackName=NAME, TemplateStage="Processed")
    assert "very secret" not in json.dumps(shown, default=str)
    # Lambda's own text has all variables in it
    function["Properties"]["Environment"]["Variables"]["MORE"] = "x" * 4_100
    assert stack.update(template(Work=function)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "<****>" in stack.failures()["Work"]
    assert "very secret" not in stack.failures()["Work"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("secretsmanager:none:SecretString:KEY", "can't find the specified secret"),
        ("secretsmanager:shop:SecretString:NONE", "Could not find a value associated with JSONKey"),
        ("ssm:/none", "ParameterNotFound"),
    ],
)
def test_secret_that_is_not_there_fails_the_resource(
    stack: Stacks, reference: str, reason: str
) -> None:
    client("secretsmanager").create_secret(Name="shop", SecretString='{"KEY": "very secret"}')
    topic = resource("SNS::Topic", DisplayName=f"{{{{resolve:{reference}}}}}")
    assert stack.create(template(It=topic)) == "ROLLBACK_COMPLETE"
    assert reason in stack.failures()["It"]
    assert "very secret" not in stack.failures()["It"]


def serverless(**properties: Any) -> Any:
    function = resource(
        "Serverless::Function", Handler="app.handler", Runtime="python3.12",
        CodeUri="s3://code/app.zip", **properties,
    )  # fmt: skip
    return {"Transform": SAM, "Resources": {"Work": function, "Jobs": QUEUE}}


def test_serverless_template_is_translated_as_aws_does(stack: Stacks) -> None:
    """With AWS's own translator."""
    client("s3").create_bucket(Bucket="code")
    client("s3").put_object(Bucket="code", Key="app.zip", Body=zipped({"app.py": CODE}))
    queue = {"Type": "SQS", "Properties": {"Queue": att("Jobs", "Arn"), "BatchSize": 7}}
    every = {"Type": "Schedule", "Properties": {"Schedule": "rate(1 minute)"}}
    body = serverless(AutoPublishAlias="live", Events={"Queue": queue, "Every": every})
    made = change_set(stack, body)
    assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
    stack.aws.execute_change_set(ChangeSetName="one", StackName=NAME)
    assert stack.status == "CREATE_COMPLETE", stack.failures()
    (mapping,) = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["FunctionArn"].endswith(":live")) == (7, True)
    original = stack.aws.get_template(StackName=NAME)["TemplateBody"]
    assert original["Transform"] == SAM
    processed = stack.aws.get_template(StackName=NAME, TemplateStage="Processed")["TemplateBody"]
    assert "AWS::Lambda::Version" in {r["Type"] for r in processed["Resources"].values()}
    stack.delete()
    assert client("lambda").list_functions()["Functions"] == []


def test_serverless_template_that_is_wrong_fails_its_change_set(stack: Stacks) -> None:
    """In the words of AWS's translator."""
    made = change_set(stack, serverless(Events={"E": {"Type": "Nothing", "Properties": {}}}))
    assert made["Status"] == "FAILED"
    assert f"Transform {SAM} failed with: Invalid Serverless" in made["StatusReason"]
    assert "[Work]" in made["StatusReason"]


def test_missing_translator_is_told_with_what_to_install(
    stack: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "ENVIRONMENT", tmp_path / "none")
    with refused() as refusal:
        change_set(stack, serverless())
    assert "pip install aws-sam-translator" in refusal.text
    assert str(tmp_path / "none") in refusal.text


def test_template_in_a_bucket_that_is_not_there_is_told(stack: Stacks) -> None:
    client("s3").create_bucket(Bucket="code")
    for url in (
        "https://s3.us-east-1.amazonaws.com/none/a",
        "https://s3.us-east-1.amazonaws.com/code/none",
    ):
        with refused() as refusal:
            stack.aws.create_stack(StackName=NAME, TemplateURL=url)
        assert refusal.text == f"S3 error: there is no template at {url}"
    with refused() as refusal:
        stack.aws.create_stack(StackName=NAME)
    assert refusal.text == "Either Template URL or Template Body must be specified."
