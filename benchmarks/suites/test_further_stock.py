"""One job from its 202 to its result, on moto alone: clients and resources made in each test."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from chalice.test import Client
from moto import mock_aws

from benchmarks.stock import poller, resources

if TYPE_CHECKING:
    from collections.abc import Iterator

_TESTS = int(os.environ["FURTHER_TESTS"])

poller.configured()
service: Any = importlib.import_module("app")


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("sqs")
        resources.create(Path(resources.TEMPLATE), sqs=client, dynamodb=boto3.client("dynamodb"))
        yield client


@pytest.mark.parametrize("number", range(_TESTS))
def test_job_succeeds(number: int, sqs: Any) -> None:
    queue_url = sqs.get_queue_url(QueueName=os.environ["JOBS_QUEUE"])["QueueUrl"]
    body = f'{{"type": "text.statistics", "input": {{"text": "to be or not to be {number}"}}}}'
    headers = {"Content-Type": "application/json"}
    with Client(service.app) as client:
        accepted = client.http.post("/jobs", headers=headers, body=body.encode())

        poller.poll(sqs, queue_url, service.process_jobs, wait_seconds=0)

        assert accepted.status_code == 202
        job = client.http.get("/" + accepted.headers["Location"]).json_body
    assert job["status"] == "succeeded"
