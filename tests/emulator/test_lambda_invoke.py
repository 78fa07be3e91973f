"""Invoking functions through Lambda's API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from lambda_bench import bench, spec

INVOKE = "https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"


def echo(event: Any, _context: Any) -> Any:
    return event


def about(_event: Any, context: Any) -> Any:
    return {"name": context.function_name, "id": context.aws_request_id}


def fail(_event: Any, _context: Any) -> Any:
    raise ValueError("no")


def test_function_of_the_project_answers_the_event_it_is_invoked_with() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    with bench(work=echo) as cloud:
        answer = cloud.invoke(payload=b'{"a": 1}')
        assert answer["StatusCode"] == 200
        assert answer["ExecutedVersion"] == "$LATEST"
        assert "FunctionError" not in answer
        assert msgspec.json.decode(answer["Payload"].read()) == {"a": 1}


def test_invocation_without_payload_is_an_empty_event() -> None:
    with bench(work=echo) as cloud:
        answer = cloud.aws.invoke(FunctionName="shop-dev-work")
        assert answer["Payload"].read() == b"{}"


def test_function_sees_the_request_id_that_its_caller_gets() -> None:
    with bench(work=about) as cloud:
        answer = cloud.invoke()
        seen = msgspec.json.decode(answer["Payload"].read())
        assert seen["id"] == answer["ResponseMetadata"]["RequestId"]


def test_failed_invocation_is_status_200_with_a_function_error() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    with bench(work=fail) as cloud:
        answer = cloud.invoke()
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        error = msgspec.json.decode(answer["Payload"].read())
        assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no")


def test_dry_run_runs_nothing() -> None:
    with bench(work=fail) as cloud:
        assert cloud.invoke(InvocationType="DryRun")["StatusCode"] == 204
        assert not cloud.emulator.journal.entries(action="invoke")


@pytest.mark.parametrize(
    "name",
    [
        "shop-dev-work",
        "shop-dev-work:$LATEST",
        "123456789012:function:shop-dev-work",
        "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work",
        "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work:$LATEST",
    ],
)
def test_function_is_named_by_name_partial_arn_or_arn(name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    with bench(work=echo) as cloud:
        assert cloud.invoke(name)["StatusCode"] == 200


def refused(cloud: Any, **parameters: Any) -> tuple[int, str, str]:
    """Status, type and text of the error that an invocation is refused with."""
    with pytest.raises(ClientError) as caught:
        cloud.invoke(**parameters)
    error = caught.value.response["Error"]
    status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return status, error["Code"], error["Message"]


def test_unknown_function_is_not_found() -> None:
    with bench(work=echo) as cloud:
        assert refused(cloud, name="other") == (
            404,
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:other",
        )


def test_event_that_is_not_json_is_refused() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    with bench(work=echo) as cloud:
        status, code, text = refused(cloud, payload=b"a=1&Action=DeleteFunction&")
        assert (status, code) == (400, "InvalidRequestContentException")
        assert text.startswith("Could not parse request body into json: ")


def test_event_above_6_mb_is_refused() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    with bench(work=lambda event, _: len(event)) as cloud:
        text = b'"%s"' % (b"x" * (6 * 1024 * 1024 - 2))
        assert cloud.invoke(payload=text)["Payload"].read() == b"%d" % (len(text) - 2)
        assert refused(cloud, payload=text + b" ") == (
            413,
            "RequestEntityTooLargeException",
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        )


def test_invocation_without_free_concurrency_is_throttled() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    with bench(work=echo) as cloud:
        cloud.declare(spec("work", reserved_concurrency=0))
        with pytest.raises(ClientError) as caught:
            cloud.invoke()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert caught.value.response["Error"]["Message"] == "Rate Exceeded."
        reason = caught.value.response["Reason"]
        assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_function_may_invoke_another_while_it_runs() -> None:
    """The lock of the cloud is free while a function runs."""

    def outer(_event: Any, _context: Any) -> Any:
        answer = cloud.invoke("shop-dev-inner", b'"in"')
        return answer["Payload"].read().decode()

    with bench(work=outer, inner=echo) as cloud:
        assert cloud.invoke()["Payload"].read() == b'"\\"in\\""'


def test_declared_function_that_is_gone_after_a_reload_is_gone_from_the_api() -> None:
    with bench(work=echo, other=echo) as cloud:
        cloud.declare(spec("work"))
        names = [f["FunctionName"] for f in cloud.aws.list_functions()["Functions"]]
        assert names == ["shop-dev-work"]
