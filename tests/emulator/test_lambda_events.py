"""Asynchronous invocations through Lambda's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from lambda_bench import bench, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_bench import LambdaBench

FAILURES = "arn:aws:sqs:us-east-1:123456789012:failures"


class Failing:
    """A function that fails for the first calls, and keeps the request ids it has seen."""

    def __init__(self) -> None:
        self.failures_left = 0
        self.request_ids: list[str] = []

    def __call__(self, event: Any, context: Any) -> Any:
        self.request_ids.append(context.aws_request_id)
        if self.failures_left:
            self.failures_left -= 1
            raise ValueError("no")
        return event


@pytest.fixture
def function() -> Failing:
    return Failing()


@pytest.fixture
def cloud(function: Failing) -> Iterator[LambdaBench]:
    with bench(work=function) as made:
        made.queue("failures")
        yield made


def submit(cloud: LambdaBench, name: str = "shop-dev-work", payload: bytes = b"{}") -> Any:
    return cloud.invoke(name, payload, InvocationType="Event")


def received(cloud: LambdaBench) -> Any:
    url = cloud.sqs.get_queue_url(QueueName="failures")["QueueUrl"]
    (message,) = cloud.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    return message


def test_event_is_accepted_before_the_function_runs(cloud: LambdaBench, function: Failing) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html"""
    answer = submit(cloud)
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert function.request_ids == []
    cloud.emulator.run_until_idle()
    assert function.request_ids == [answer["ResponseMetadata"]["RequestId"]]


def test_retries_keep_the_request_id_that_the_caller_got(
    cloud: LambdaBench, function: Failing
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
    function.failures_left = 2
    request_id = submit(cloud)["ResponseMetadata"]["RequestId"]
    cloud.emulator.advance(59)
    assert len(function.request_ids) == 1
    cloud.emulator.advance(1 + 120)
    assert function.request_ids == [request_id] * 3


def test_retries_are_as_many_as_the_function_says(cloud: LambdaBench, function: Failing) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""
    configure = cloud.aws.put_function_event_invoke_config
    configure(FunctionName="shop-dev-work", MaximumRetryAttempts=2)
    configure(FunctionName="shop-dev-work", MaximumRetryAttempts=0)
    function.failures_left = 1
    submit(cloud)
    cloud.emulator.run_until_idle()
    assert len(function.request_ids) == 1
    cloud.aws.delete_function_event_invoke_config(FunctionName="shop-dev-work")
    function.failures_left = 1
    submit(cloud)
    cloud.emulator.run_until_idle()
    assert len(function.request_ids) == 3


def test_changed_event_settings_leave_the_others_as_they_were(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html"""
    cloud.aws.put_function_event_invoke_config(FunctionName="shop-dev-work", MaximumRetryAttempts=1)
    cloud.aws.update_function_event_invoke_config(
        FunctionName="shop-dev-work", MaximumEventAgeInSeconds=60
    )
    shown = cloud.aws.get_function_event_invoke_config(FunctionName="shop-dev-work")
    assert (shown["MaximumRetryAttempts"], shown["MaximumEventAgeInSeconds"]) == (1, 60)


def test_event_of_a_function_without_concurrency_goes_to_its_failure_destination(
    cloud: LambdaBench, function: Failing
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    cloud.aws.put_function_concurrency(FunctionName="shop-dev-work", ReservedConcurrentExecutions=0)
    cloud.aws.put_function_event_invoke_config(
        FunctionName="shop-dev-work", DestinationConfig={"OnFailure": {"Destination": FAILURES}}
    )
    submit(cloud, payload=b'{"a": 1}')
    cloud.emulator.run_until_idle()
    record = msgspec.json.decode(received(cloud)["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"a": 1}
    assert function.request_ids == []


def test_event_that_failed_for_good_goes_to_the_functions_dead_letter_queue(
    cloud: LambdaBench,
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    source = "def handler(event, context): raise ValueError('no')"
    cloud.create("made", source, DeadLetterConfig={"TargetArn": FAILURES})
    request_id = submit(cloud, "made", b'{"a":1}')["ResponseMetadata"]["RequestId"]
    cloud.emulator.run_until_idle()
    message = received(cloud)
    assert message["Body"] == '{"a":1}'
    values = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert values == {"ErrorCode": "200", "ErrorMessage": "no", "RequestID": request_id}


def test_event_for_a_version_runs_that_version(cloud: LambdaBench) -> None:
    source = "def handler(event, context): raise {}('no')"
    cloud.create("made", source.format("KeyError"), Publish=True)
    cloud.aws.update_function_configuration(FunctionName="made", Handler="app.none")
    submit(cloud, "made:1")
    cloud.emulator.advance(1)
    (entry,) = cloud.emulator.journal.entries(action="result")
    assert entry.data["error"] == "KeyError"


def test_event_above_1_mb_is_refused(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    submit(cloud, payload=b'"%s"' % (b"x" * 1_048_574))
    with refused() as refusal:
        submit(cloud, payload=b'"%s"' % (b"x" * 1_048_575))
    assert (refusal.status, refusal.code) == (413, "RequestEntityTooLargeException")
    assert refusal.text == (
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    )


def test_event_for_an_unknown_function_is_refused_at_once(cloud: LambdaBench) -> None:
    with refused() as refusal:
        submit(cloud, "none")
    assert (refusal.status, refusal.code) == (404, "ResourceNotFoundException")


def test_event_by_the_older_operation_is_accepted(cloud: LambdaBench, function: Failing) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html"""
    answer = cloud.aws.invoke_async(FunctionName="shop-dev-work", InvokeArgs=b"{}")
    assert answer["Status"] == 202
    cloud.emulator.run_until_idle()
    assert len(function.request_ids) == 1


def test_version_has_event_settings_of_its_own(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""
    source = "def handler(event, context): raise ValueError('no')"
    cloud.create("made", source, DeadLetterConfig={"TargetArn": FAILURES})
    configure = cloud.aws.put_function_event_invoke_config
    latest = configure(FunctionName="made", MaximumRetryAttempts=0)
    assert latest["FunctionArn"].endswith(":function:made:$LATEST")
    cloud.aws.publish_version(FunctionName="made")
    shown = configure(FunctionName="made", Qualifier="1", MaximumRetryAttempts=1)
    assert shown["FunctionArn"].endswith(":function:made:1")
    submit(cloud, "made:1", b'"of a version"')
    cloud.emulator.run_until_idle()
    assert len(cloud.emulator.journal.entries(action="result")) == 2
    assert received(cloud)["Body"] == '"of a version"'
    cloud.aws.delete_function_event_invoke_config(FunctionName="made", Qualifier="1")
    read = cloud.aws.get_function_event_invoke_config
    assert read(FunctionName="made")["MaximumRetryAttempts"] == 0
    with refused() as refusal:
        read(FunctionName="made", Qualifier="1")
    assert refusal.code == "ResourceNotFoundException"
