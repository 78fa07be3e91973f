"""REST APIs deployed on a virtual clock, for tests: their functions are Python callables."""

from __future__ import annotations

import json
from contextlib import contextmanager
from email.message import Message
from typing import TYPE_CHECKING, Any

from lambda_bench import LambdaBench, bench, client

from emulator.api_gateway import address
from emulator.http.message import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.http.message import Response

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-"


def uri(function: str) -> str:
    path = f"lambda:path/2015-03-31/functions/{FUNCTION}{function}/invocations"
    return f"arn:aws:apigateway:us-east-1:{path}"


def proxy(function: str = "work", **more: Any) -> dict[str, Any]:
    """An operation that a function answers."""
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri(function), **more}
    return {"x-amazon-apigateway-integration": integration}


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": {"title": "shop"}, "paths": paths, **more}


def echo(event: Any, context: Any) -> Any:
    return {"statusCode": 200, "body": json.dumps(event)}


class Apis:
    """Deploys documents and sends requests, on a bench with functions."""

    def __init__(self, made: LambdaBench) -> None:
        self.bench = made
        self.aws = client("apigateway")
        self.id = ""

    def deploy(self, described: dict[str, Any], stage: str = "v1", **more: Any) -> None:
        body = json.dumps(described).encode()
        self.id = self.aws.import_rest_api(body=body)["id"]
        self.aws.create_deployment(restApiId=self.id, stageName=stage, **more)

    def send(self, method: str, path: str, *, body: bytes = b"", **headers: str) -> Response:
        target = f"{address.PREFIX}{self.id}{path}"
        message = Message()
        for name, value in {"Host": "127.0.0.1:4566", **headers}.items():
            message[name.replace("_", "-")] = value
        request = Request(method, target, message, body, lambda: False)
        found = address.find(target, "127.0.0.1:4566")
        assert found is not None
        return self.bench.emulator.apis.respond(request, found)

    def event(self, method: str, path: str, *, body: bytes = b"", **headers: str) -> Any:
        """What an echoing function was given."""
        return json.loads(self.send(method, path, body=body, **headers).body)

    def reasons(self) -> list[str]:
        """What the terminal says of refused requests."""
        entries = self.bench.emulator.journal.entries(action="refuse")
        return [str(entry.data["reason"]) for entry in entries]


@contextmanager
def apis(**handlers: Any) -> Iterator[Apis]:
    """With a function ``work`` that echoes, unless ``handlers`` has another."""
    with bench(**{"work": echo, **handlers}) as made:
        yield Apis(made)
