"""Invoking functions through Lambda's API."""

from __future__ import annotations

from typing import Any

import pytest
from lambda_bench import bench, read, refused, spec


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
        assert read(answer) == {"a": 1}


def test_invocation_without_payload_is_an_empty_event() -> None:
    with bench(work=echo) as cloud:
        answer = cloud.aws.invoke(FunctionName="shop-dev-work")
        assert answer["Payload"].read() == b"{}"


def test_function_sees_the_request_id_that_its_caller_gets() -> None:
    with bench(work=about) as cloud:
        answer = cloud.invoke()
        seen = read(answer)
        assert seen["id"] == answer["ResponseMetadata"]["RequestId"]


def test_failed_invocation_is_status_200_with_a_function_error() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    with bench(work=fail) as cloud:
        answer = cloud.invoke()
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        error = read(answer)
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


def test_unknown_function_is_not_found() -> None:
    with bench(work=echo) as cloud, refused() as refusal:
        cloud.invoke("other")
    assert (refusal.status, refusal.code) == (404, "ResourceNotFoundException")
    assert refusal.text == (
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:other"
    )


def test_function_of_another_region_is_not_reachable() -> None:
    with bench(work=echo) as cloud, refused() as refusal:
        cloud.invoke("arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-work")
    assert refusal.text == (
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    )


def test_name_with_one_version_and_a_qualifier_with_another_is_refused() -> None:
    with bench(work=echo) as cloud, refused() as refusal:
        cloud.invoke("shop-dev-work:1", Qualifier="2")
    assert refusal.code == "InvalidParameterValueException"


def test_event_that_is_not_json_is_refused_whatever_it_looks_like() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    with bench(work=echo) as cloud, refused() as refusal:
        cloud.invoke(payload=b"a=1&Action=DeleteFunction&")
    assert (refusal.status, refusal.code) == (400, "InvalidRequestContentException")
    assert refusal.text.startswith("Could not parse request body into json: ")


def test_event_above_6_mb_is_refused() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    with bench(work=lambda event, _: len(event)) as cloud:
        text = b'"%s"' % (b"x" * (6 * 1024 * 1024 - 2))
        assert read(cloud.invoke(payload=text)) == len(text) - 2
        with refused() as refusal:
            cloud.invoke(payload=text + b" ")
    assert (refusal.status, refusal.code) == (413, "RequestEntityTooLargeException")
    assert refusal.text == (
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    )


def test_invocation_above_the_reserved_concurrency_is_throttled() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    with bench(work=echo) as cloud:
        cloud.declare(spec("work", reserved_concurrency=0))
        with refused() as refusal:
            cloud.invoke()
    assert (refusal.status, refusal.code) == (429, "TooManyRequestsException")
    assert refusal.text == "Rate Exceeded."
    assert refusal.answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_invocation_above_the_accounts_concurrency_is_throttled() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    with bench(work=echo) as cloud:
        function = cloud.emulator.function("work")
        while function.try_acquire():
            pass
        with refused() as refusal:
            cloud.invoke()
        assert refusal.answer["Reason"] == "ConcurrentInvocationLimitExceeded"
        function.release()
        assert cloud.invoke()["StatusCode"] == 200


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
