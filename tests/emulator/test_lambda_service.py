"""The service's functions through Lambda's API, with the fixtures that every project has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambda_bench import ROLE, client, read, zipped

if TYPE_CHECKING:
    from emulator.emulator import Emulator


def proxy_event(method: str, resource: str, body: Any = None, **path: str) -> bytes:
    """What API Gateway sends to the function behind the routes.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    return json.dumps(
        {
            "resource": resource, "path": resource.format(**path), "httpMethod": method,
            "headers": {}, "multiValueHeaders": {"content-type": ["application/json"]},
            "multiValueQueryStringParameters": None, "pathParameters": path or None,
            "stageVariables": None, "isBase64Encoded": False,
            "body": None if body is None else json.dumps(body),
            "requestContext": {"httpMethod": method, "resourcePath": resource},
        }
    ).encode()  # fmt: skip


def test_api_function_accepts_a_job_that_the_worker_then_does(emulator: Emulator) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    aws = client("lambda")
    event = proxy_event("POST", "/jobs", {"type": "echo", "input": {"value": "hello"}})
    answer = read(aws.invoke(FunctionName="accepted-dev", Payload=event))
    assert answer["statusCode"] == 202
    job_id = json.loads(answer["body"])["id"]
    emulator.run_until_idle()
    event = proxy_event("GET", "/jobs/{job_id}", job_id=job_id)
    job = json.loads(read(aws.invoke(FunctionName="accepted-dev", Payload=event))["body"])
    assert job["status"] == "succeeded"


def test_function_made_in_a_test_shares_its_clock_and_its_cloud(emulator: Emulator) -> None:
    aws, sqs = client("lambda"), client("sqs")
    source = """
import time, boto3
def handler(event, context):
    began = time.time()
    time.sleep(2)
    sqs = boto3.client("sqs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    return [time.time() - began, len(sqs.list_queues()["QueueUrls"])]
"""
    aws.create_function(
        FunctionName="made", Runtime="python3.12", Role=ROLE, Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": source})},
    )  # fmt: skip
    answer = read(aws.invoke(FunctionName="made"))
    assert answer == [2, len(sqs.list_queues()["QueueUrls"])]
