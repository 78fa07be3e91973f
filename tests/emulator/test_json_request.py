"""A request of the JSON protocol is what its header says, whatever its body looks like."""

from __future__ import annotations

import pytest

from emulator.clock import VirtualClock
from emulator.cloud import json_request
from emulator.cloud.aws import Cloud
from emulator.journal import Journal

HEADERS = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"}


@pytest.fixture
def cloud() -> Cloud:
    clock = VirtualClock()
    cloud = Cloud(clock, Journal(clock))
    cloud.call("sqs", "CreateQueue", QueueName="work")
    return cloud


@pytest.mark.parametrize("text", ["x&Action=PurgeQueue&y=1", "Action=DeleteQueue", "a=b&key=c"])
def test_text_that_looks_like_a_form_is_a_message(cloud: Cloud, text: str) -> None:
    cloud.call("sqs", "SendMessage", QueueUrl="work", MessageBody="first")
    cloud.call("sqs", "SendMessage", QueueUrl="work", MessageBody=text)

    got = cloud.call("sqs", "ReceiveMessage", QueueUrl="work", MaxNumberOfMessages=10)
    assert [message["Body"] for message in got["Messages"]] == ["first", text]


def test_operation_is_named_by_the_header_in_any_case() -> None:
    request = json_request.read("POST", "http://127.0.0.1:4566/", HEADERS, b"{}")

    assert request is not None
    assert request.form == {"Action": "SendMessage"}


@pytest.mark.parametrize(
    "headers",
    [{}, {**HEADERS, "content-type": "text/plain"}, {**HEADERS, "content-encoding": "gzip"}],
)
def test_every_other_request_is_left_to_moto(headers: dict[str, str]) -> None:
    assert json_request.read("POST", "http://127.0.0.1:4566/", headers, b"") is None
