"""The project's resources, as CloudFormation reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator import template
from emulator.template import Names, TemplateError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = Names(app="shop", stage="dev", region="eu-west-1", account_id="123456789012")


def properties(resources: dict[str, Any], logical_id: str, **more: Any) -> dict[str, Any]:
    found = template.resources({"Resources": resources, **more}, NAMES)
    return next(r.properties for r in found if r.logical_id == logical_id)


QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}}


def test_reference_to_an_arn_is_the_arn_of_the_named_resource() -> None:
    arn = {"Fn::GetAtt": ["Orders", "Arn"]}
    user = {"Type": "X", "Properties": {"Target": arn}}

    found = properties({"Orders": QUEUE, "User": user}, "User")

    assert found["Target"] == "arn:aws:sqs:eu-west-1:123456789012:orders"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-dev-Rows"),
        ("AWS::S3::Bucket", "arn:aws:s3:::shop-dev-Rows"),
        ("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:123456789012:shop-dev-Rows"),
        ("AWS::Kinesis::Stream", "arn:aws:kinesis:eu-west-1:123456789012:stream/shop-dev-Rows"),
        ("AWS::Events::Rule", "arn:aws:events:eu-west-1:123456789012:rule/shop-dev-Rows"),
    ],
)
def test_unnamed_resource_is_named_after_app_and_stage(kind: str, expected: str) -> None:
    user = {"Type": "X", "Properties": {"Target": {"Fn::GetAtt": "Rows.Arn"}}}

    assert properties({"Rows": {"Type": kind}, "User": user}, "User")["Target"] == expected


@pytest.mark.parametrize(
    ("kind", "reference", "expected"),
    [
        ("AWS::SNS::Topic", {"Ref": "It"}, "arn:aws:sns:eu-west-1:123456789012:shop-dev-It"),
        ("AWS::Kinesis::Stream", {"Ref": "It"}, "shop-dev-It"),
        ("AWS::SNS::Topic", {"Fn::GetAtt": ["It", "TopicName"]}, "shop-dev-It"),
        (
            "AWS::DynamoDB::Table",
            {"Fn::GetAtt": ["It", "StreamArn"]},
            "arn:aws:dynamodb:eu-west-1:123456789012:table/shop-dev-It/stream/local",
        ),
    ],
)
def test_reference_is_what_cloudformation_returns_for_the_type(
    kind: str, reference: dict[str, Any], expected: str
) -> None:
    """A topic's is its ARN (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html)."""
    user = {"Type": "X", "Properties": {"Target": reference}}

    assert properties({"It": {"Type": kind}, "User": user}, "User")["Target"] == expected


def test_name_of_a_type_that_is_not_known_may_be_anything() -> None:
    other = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": {"Fn::ImportValue": "x"}}}

    assert properties({"Other": other}, "Other")["Name"] == {"Fn::ImportValue": "x"}


def test_substitution_knows_parameters_pseudo_parameters_and_resources() -> None:
    text = "${Prefix}/${AWS::Region}/${Orders}/${Orders.Arn}/${!Literal}"
    user = {"Type": "X", "Properties": {"Text": {"Fn::Sub": text}}}

    found = properties(
        {"Orders": QUEUE, "User": user}, "User", Parameters={"Prefix": {"Default": "p"}}
    )

    assert found["Text"] == (
        "p/eu-west-1/orders/arn:aws:sqs:eu-west-1:123456789012:orders/${Literal}"
    )


def test_join_puts_resolved_parts_together() -> None:
    join = {"Fn::Join": ["-", ["a", {"Ref": "Orders"}]]}
    user = {"Type": "X", "Properties": {"Text": join}}

    assert properties({"Orders": QUEUE, "User": user}, "User")["Text"] == "a-orders"


def test_no_file_means_no_resources(tmp_path: Path) -> None:
    assert template.read(tmp_path / "resources.json", NAMES) == []


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "{}", '{"Resources": []}', '{"Resources": {"A": 1}}',
        '{"Resources": {"A": {}, "A": {}}}', '{"Resources": {}, "Parameters": []}',
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused_by_file_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "resources.json"
    path.write_text(text)

    with pytest.raises(TemplateError, match=r"resources\.json"):
        template.read(path, NAMES)


@pytest.mark.parametrize(
    "unclear",
    [["x"], {"QueueName": {"Fn::ImportValue": "x"}}, {"QueueName": {"Fn::Sub": ["x"]}}],
    ids=["no object", "function that is not known", "function without its values"],
)
def test_resource_that_cannot_be_read_is_named(unclear: Any) -> None:
    with pytest.raises(TemplateError, match=r"resources\.json: Orders"):
        properties({"Orders": {"Type": "AWS::SQS::Queue", "Properties": unclear}}, "Orders")


def test_two_resources_of_one_name_are_refused(tmp_path: Path) -> None:
    """CloudFormation makes the first, and fails at the second."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "orders"}}
    with pytest.raises(TemplateError, match="One and Two have one name, orders"):
        template.resources({"Resources": {"One": queue, "Two": queue}}, NAMES)
    assert template.resources({"Resources": {"One": queue, "Two": topic}}, NAMES)


def test_unnamed_fifo_queue_gets_a_name_that_fifo_queues_may_have() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html"""
    arn = {"Fn::GetAtt": ["Orders", "Arn"]}
    fifo = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}

    found = properties({"Orders": fifo, "User": {"Properties": {"Target": arn}}}, "User")

    assert found["Target"].endswith(":shop-dev-Orders.fifo")
