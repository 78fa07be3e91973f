"""A client that lets no answer pass which the OpenAPI document does not describe."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from chalicelib import tasks
from chalicelib.http.openapi.document import document
from chalicelib.http.pages.assets import ASSETS
from emulator.test_client import Client

if TYPE_CHECKING:
    from emulator.test_client import Response

#: HTTP's own, and the gateway's.
FOREIGN_HEADERS = {"content-type", "content-length", "x-amzn-requestid"}


class DescribedClient(Client):
    """Fails the test at the first answer that is not as described."""

    def request(self, method: str, path: str, **more: Any) -> Response:
        answer = super().request(method, path, **more)
        # the gateway's own answers, as to a body that is too long for Lambda, are not the API's
        if "x-request-id" in answer.headers:
            check(method, path.partition("?")[0], answer)
        return answer


@functools.cache
def described() -> dict[str, Any]:
    """The document, of the shipped tasks: a test may have added its own for a while."""
    shipped = {
        name: task
        for name, task in tasks.discover().items()
        if task.function.__module__.startswith(tasks.__name__)
    }
    return document(shipped, list(ASSETS))


def check(method: str, path: str, answer: Response) -> None:
    """Status, media type, body and headers."""
    template = route_of(path)
    operation = described()["paths"].get(template, {}).get(method.lower())
    where = f"{method} {path}: {answer.status_code}"
    if operation is None:
        assert answer.status_code == (405 if template else 404), where
        if method != "HEAD":
            check_body({"$ref": "#/components/schemas/AnyProblem"}, answer)
        return
    response = described_response(operation["responses"], str(answer.status_code))
    assert response is not None, f"{where} is not described"
    check_headers(response["headers"], answer, where)
    if "content" not in response:
        assert not answer.body, f"{where} has a body"
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    content = response["content"]
    assert media_type in content or "*/*" in content, f"{where} is {media_type}"
    if "json" in media_type:
        check_body(content[media_type]["schema"], answer)


def route_of(path: str) -> str | None:
    """The template that the path fits; a literal one before one with a variable."""
    segments = path.split("/")
    fitting = [
        template
        for template in described()["paths"]
        if len(parts := template.split("/")) == len(segments)
        and all(p == s or (p.startswith("{") and s) for p, s in zip(parts, segments, strict=True))
    ]
    return min(fitting, key=lambda template: template.count("{"), default=None)


def described_response(responses: dict[str, Any], status: str) -> dict[str, Any] | None:
    found = responses.get(status) or responses.get(f"{status[0]}XX")
    if found and "$ref" in found:
        return dict(described()["components"]["responses"][found["$ref"].rpartition("/")[2]])
    return found


def check_body(schema: dict[str, Any], answer: Response) -> None:
    if "json" in answer.headers["content-type"]:
        _validator(json.dumps(schema)).validate(answer.json())


def check_headers(told: dict[str, Any], answer: Response, where: str) -> None:
    headers = {name.lower(): _resolved(header) for name, header in told.items()}
    given = answer.headers.keys() - FOREIGN_HEADERS
    assert given <= headers.keys(), f"{where} has {given - headers.keys()}"
    required = {name for name, header in headers.items() if header.get("required")}
    assert required <= given, f"{where} lacks {required - given}"
    for name in given:
        value: Any = answer.headers[name]
        if headers[name]["schema"].get("type") == "integer":
            value = int(value)
        _validator(json.dumps(headers[name]["schema"])).validate(value)


def _resolved(header: dict[str, Any]) -> dict[str, Any]:
    found = described()["components"]["headers"][header["$ref"].rpartition("/")[2]]
    return dict(found)


@functools.cache
def _validator(schema: str) -> Any:
    """Members that are not described are refused here, though clients must ignore them."""
    known = _closed(described()["components"]["schemas"])
    # from its text, so that it can be remembered by it
    root = {**json.loads(schema), "components": {"schemas": known}}
    return jsonschema_rs.Draft202012Validator(root, validate_formats=True)


def _closed(value: Any) -> Any:
    if isinstance(value, list):
        return [_closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    closed = {name: _closed(one) for name, one in value.items()}
    if isinstance(value.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
