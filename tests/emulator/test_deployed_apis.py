"""Stages of REST APIs, made through API Gateway's own API, answering requests."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
from apis_bench import FUNCTION, Apis, apis, document, proxy, uri
from lambda_bench import client, refused

from emulator.limits import EVENT_BYTES_MAX, REQUEST_BYTES_MAX
from emulator.terminal import render

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api() -> Iterator[Apis]:
    with apis() as made:
        yield made


@pytest.mark.parametrize("version", [{"swagger": "2.0"}, {"openapi": "3.0.1"}])
def test_document_of_either_version_is_imported_and_answers(
    api: Apis, version: dict[str, str]
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html"""
    api.deploy({"info": {"title": "shop"}, "paths": {"/": {"get": proxy()}}, **version})
    assert api.send("GET", "/v1").status == api.send("GET", "/v1/").status == 200


def test_event_is_the_one_that_api_gateway_sends(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    api.deploy(document({"/jobs/{id}": {"post": proxy()}}), variables={"colour": "red"})
    event = api.event("POST", "/v1/jobs/7?a=1&a=2&b=", body=b"{}", User_Agent="me")
    context = event.pop("requestContext")
    assert event == {
        "resource": "/jobs/{id}", "path": "/jobs/7", "httpMethod": "POST",
        "headers": {"Host": "127.0.0.1:4566", "User-Agent": "me"},
        "multiValueHeaders": {"Host": ["127.0.0.1:4566"], "User-Agent": ["me"]},
        "queryStringParameters": {"a": "2", "b": ""},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [""]},
        "pathParameters": {"id": "7"}, "stageVariables": {"colour": "red"},
        "body": "{}", "isBase64Encoded": False,
    }  # fmt: skip
    assert context["path"] == "/v1/jobs/7"
    assert (context["stage"], context["apiId"]) == ("v1", api.id)
    assert context["domainName"] == f"{api.id}.execute-api.us-east-1.amazonaws.com"
    assert context["requestTime"] == "01/Jan/2026:00:00:00 +0000"
    assert context["identity"]["userAgent"] == "me"


def test_what_is_missing_of_a_request_is_null_in_its_event(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    api.deploy(document({"/": {"get": proxy()}}))
    event = api.event("GET", "/v1/")
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters")
    assert {event[name] for name in (*names, "stageVariables", "body")} == {None}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nowhere"), ("DELETE", "/v1/jobs"), ("GET", "/v1/jobs/1/2")]
)
def test_undeclared_path_or_method_is_403(api: Apis, method: str, path: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"""
    api.deploy(document({"/jobs": {"get": proxy()}, "/jobs/{id}": {"get": proxy()}}))
    answer = api.send(method, path)
    assert (answer.status, answer.body) == (403, b'{"message":"Missing Authentication Token"}')


def test_greedy_path_and_any_method_take_what_is_left(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html"""
    any_method = {"x-amazon-apigateway-any-method": proxy()}
    api.deploy(document({"/{proxy+}": any_method, "/jobs": {"get": proxy()}}))
    event = api.event("PATCH", "/v1/a/b")
    assert (event["resource"], event["pathParameters"]) == ("/{proxy+}", {"proxy": "a/b"})
    assert api.event("GET", "/v1/jobs")["resource"] == "/jobs"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"statusCode": 201, "body": "made"}, 201),
        ({"statusCode": "202"}, 202),
        ({}, 200),
        ("text", 502),
        (None, 502),
        ({"statusCode": "many"}, 502),
        ({"statusCode": 200, "body": {"a": 1}}, 502),
        ({"statusCode": 200, "more": 1}, 502),
        ({"statusCode": 200, "body": "not base64!", "isBase64Encoded": True}, 502),
    ],
)
def test_answer_in_another_form_is_502(api: Apis, answer: Any, status: int) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html"""
    api.bench.handlers["work"] = lambda event, context: answer
    binary = {"x-amazon-apigateway-binary-media-types": ["image/png"]}
    api.deploy(document({"/": {"get": proxy()}}, **binary))
    assert api.send("GET", "/v1/", Accept="image/png").status == status


def test_function_that_fails_is_502_and_one_that_is_not_there_500(
    api: Apis,
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html"""
    api.bench.handlers["work"] = lambda event, context: 1 / 0
    api.deploy(document({"/": {"get": proxy()}, "/gone": {"get": proxy("gone")}}))
    assert api.send("GET", "/v1/").status == 502
    answer = api.send("GET", "/v1/gone")
    assert (answer.status, answer.body) == (500, b'{"message":"Internal server error"}')
    assert api.reasons() == [
        f"{FUNCTION}work failed: ZeroDivisionError",
        f"{FUNCTION}gone: Function not found: {FUNCTION}gone",
    ]


def test_integration_may_take_29_seconds_or_what_it_says(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""

    def slow(event: Any, context: Any) -> Any:
        api.bench.clock.advance(float(event["queryStringParameters"]["s"]))
        return {"statusCode": 200}

    api.bench.handlers["work"] = slow
    api.deploy(document({"/": {"get": proxy()}, "/fast": {"get": proxy(timeoutInMillis=50)}}))
    answers = [api.send("GET", path) for path in ("/v1/?s=29", "/v1/?s=29.1", "/v1/fast?s=0.1")]
    assert [answer.status for answer in answers] == [200, 504, 504]
    assert answers[1].body == b'{"message":"Endpoint request timed out"}'


def test_header_given_in_both_forms_has_the_values_of_the_one_with_many(
    api: Apis,
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    answer = {
        "statusCode": 200,
        "headers": {"Set-Cookie": "c=3", "X-One": True},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
    }
    api.bench.handlers["work"] = lambda event, context: answer
    api.deploy(document({"/": {"get": proxy()}}))
    headers = list(api.send("GET", "/v1/").headers)
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert ("X-One", "true") in headers
    assert ("Content-Type", "application/json") in headers


def test_bodies_of_binary_types_travel_as_base64(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html"""

    def back(event: Any, context: Any) -> Any:
        return {"statusCode": 200, "body": event["body"], "isBase64Encoded": True}

    api.bench.handlers["work"] = back
    binary = {"x-amazon-apigateway-binary-media-types": ["image/png"]}
    api.deploy(document({"/": {"post": proxy()}}, **binary))
    sent = {"Content_Type": "image/png; q=1"}
    assert api.send("POST", "/v1/", body=b"abc", Accept="image/png, */*", **sent).body == b"abc"
    assert api.send("POST", "/v1/", body=b"abc", Accept="*/*, image/png", **sent).body == b"YWJj"


def test_request_larger_than_api_gateway_or_lambda_takes_is_413(
    api: Apis,
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
    api.bench.handlers["work"] = lambda event, context: {"statusCode": 200}
    api.deploy(document({"/": {"post": proxy()}}))
    sizes = (EVENT_BYTES_MAX - 10_000, EVENT_BYTES_MAX, REQUEST_BYTES_MAX + 1)
    assert [api.send("POST", "/v1/", body=b"x" * size).status for size in sizes] == [200, 413, 413]
    assert api.send("POST", "/v1/", X_Long="x" * 10_241).status == 431


def test_mock_answers_the_preflight_of_cors(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html"""
    headers = {"method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'"}
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseParameters": headers}},
    }
    api.deploy(document({"/": {"options": {"x-amazon-apigateway-integration": mock}}}))
    answer = api.send("OPTIONS", "/v1/")
    assert (answer.status, answer.body) == (200, b"")
    assert ("Access-Control-Allow-Methods", "GET,OPTIONS") in list(answer.headers)


@pytest.mark.parametrize(
    ("integration", "reason"),
    [
        ({"type": "http_proxy", "uri": "https://example.com"}, "type HTTP_PROXY"),
        ({"type": "mock", "requestTemplates": {}}, "request template"),
        ({"type": "mock", "requestTemplates": {"application/json": "$input"}}, "plain text"),
    ],
)
def test_integration_that_is_not_known_is_500_and_says_why(
    api: Apis, integration: dict[str, Any], reason: str
) -> None:
    operation = {"x-amazon-apigateway-integration": {"httpMethod": "GET", **integration}}
    api.deploy(document({"/": {"get": operation}}))
    assert api.send("GET", "/v1/").status == 500
    assert reason in api.reasons()[0]


def test_gateway_responses_of_the_document_are_given(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html"""
    template = {"application/json": '{"title":$context.error.messageString}'}
    defined = {"MISSING_AUTHENTICATION_TOKEN": {"statusCode": 404, "responseTemplates": template}}
    responses = {"x-amazon-apigateway-gateway-responses": defined}
    api.deploy(document({"/": {"get": proxy()}}, **responses))
    answer = api.send("GET", "/v1/nowhere")
    assert (answer.status, answer.body) == (404, b'{"title":"Missing Authentication Token"}')


def test_stage_answers_from_its_deployment_until_it_gets_another(
    api: Apis,
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html"""
    api.deploy(document({"/old": {"get": proxy()}}))
    settings = [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5"}]
    api.aws.update_stage(restApiId=api.id, stageName="v1", patchOperations=settings)
    body = json.dumps(document({"/new": {"get": proxy()}})).encode()
    api.aws.put_rest_api(restApiId=api.id, mode="overwrite", body=body)
    paths = ("/v1/old", "/v1/new")
    assert [api.send("GET", path).status for path in paths] == [200, 403]
    api.aws.create_deployment(restApiId=api.id, stageName="v1")
    assert [api.send("GET", path).status for path in paths] == [403, 200]
    stage = api.aws.get_stage(restApiId=api.id, stageName="v1")
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 5


def test_merged_document_leaves_what_it_does_not_name(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html"""
    api.deploy(document({"/jobs/{id}": {"get": proxy()}}))
    more = json.dumps(document({"/jobs/{id}": {"put": proxy()}, "/": {"get": proxy()}})).encode()
    api.aws.put_rest_api(restApiId=api.id, mode="merge", body=more)
    api.aws.create_deployment(restApiId=api.id, stageName="v1")
    calls = (("GET", "/v1/jobs/1"), ("PUT", "/v1/jobs/1"), ("GET", "/v1/"))
    assert [api.send(*call).status for call in calls] == [200, 200, 200]
    paths = [item["path"] for item in api.aws.get_resources(restApiId=api.id)["items"]]
    assert sorted(paths) == ["/", "/jobs", "/jobs/{id}"]


def test_api_that_is_made_method_by_method_answers_too(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html"""
    api.id = api.aws.create_rest_api(name="parts")["id"]
    root = api.aws.get_resources(restApiId=api.id)["items"][0]["id"]
    made = api.aws.create_resource(restApiId=api.id, parentId=root, pathPart="parts")["id"]
    method = {"restApiId": api.id, "resourceId": made, "httpMethod": "GET"}
    api.aws.put_method(**method, authorizationType="NONE")
    api.aws.put_integration(
        **method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri("work")
    )
    deployment = api.aws.create_deployment(restApiId=api.id)["id"]
    assert api.send("GET", "/live/parts").status == 403
    api.aws.create_stage(restApiId=api.id, stageName="live", deploymentId=deployment)
    assert api.event("GET", "/live/parts")["resource"] == "/parts"


def test_stage_without_its_deployment_is_403(api: Apis) -> None:
    api.deploy(document({"/": {"get": proxy()}}))
    moved = [{"op": "replace", "path": "/deploymentId", "value": "none"}]
    api.aws.update_stage(restApiId=api.id, stageName="v1", patchOperations=moved)
    assert api.send("GET", "/v1/").status == 403
    assert "has no deployment" in api.reasons()[0]


def test_deleted_api_answers_no_more(api: Apis) -> None:
    api.deploy(document({"/": {"get": proxy()}}))
    api.send("GET", "/v1/")
    api.aws.delete_rest_api(restApiId=api.id)
    assert api.send("GET", "/v1/").body == b'{"message":"Forbidden"}'
    assert "there are: none" in api.reasons()[0]
    with refused() as refusal:
        api.aws.delete_rest_api(restApiId=api.id)
    assert refusal.code == "NotFoundException"


def test_deployment_says_where_it_answers(api: Apis) -> None:
    api.deploy(document({"/": {"get": proxy()}}))
    (entry,) = api.bench.emulator.journal.entries(action="deploy")
    assert entry.subject == "shop"
    url = f"/_aws/execute-api/{api.id}/v1/"
    assert entry.data == {"stage": "v1", "url": url}
    assert render(entry).endswith(f"shop                 deploy   stage v1 at {url}")
    assert api.bench.emulator.status()["apis"] == {url: "shop"}


@pytest.mark.parametrize(
    ("version", "operation", "text"),
    [
        ("1.2", proxy(), "swagger: 2.0, or openapi: 3.x.x"),
        ("2.0", proxy(timeoutInMillis="x"), "get of /: Expected `int`"),
        ("2.0", {"security": [1]}, "$.security[0]"),
        ("2.0", proxy(responses={"a": {"statusCode": "x"}}), "statusCode"),
        ("2.0", proxy(uri="no ARN"), "Invalid ARN"),
    ],
)
def test_document_that_cannot_be_used_is_refused(
    api: Apis, version: str, operation: dict[str, Any], text: str
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-errors-warnings.html"""
    with refused() as refusal:
        api.deploy({"swagger": version, "paths": {"/": {"get": operation}}})
    assert refusal.code == "BadRequestException"
    assert text in refusal.text
    assert client("apigateway").get_rest_apis()["items"] == []


@pytest.mark.parametrize("body", [b"", b"hello", b"[1]", b"7", b"{}", b"a: ["])
def test_body_that_is_no_document_is_refused(api: Apis, body: bytes) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-errors-warnings.html"""
    made = api.aws.create_rest_api(name="made")["id"]
    for ask in (api.aws.import_rest_api, functools.partial(api.aws.put_rest_api, restApiId=made)):
        with refused() as refusal:
            ask(body=body)
        assert (refusal.code, refusal.status) == ("BadRequestException", 400)
    assert [one["id"] for one in api.aws.get_rest_apis()["items"]] == [made]


def test_document_may_be_yaml_with_numbers_for_statuses(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html"""
    body = f"""
openapi: 3.0.1
info: {{title: shop, version: 2026-01-01}}
paths:
  /jobs:
    get:
      responses: {{200: {{description: fine}}}}
      x-amazon-apigateway-integration:
        {{type: aws_proxy, httpMethod: POST, uri: "{uri("work")}"}}
"""
    api.id = api.aws.import_rest_api(body=body.encode())["id"]
    api.aws.create_deployment(restApiId=api.id, stageName="v1")
    assert api.event("GET", "/v1/jobs")["resource"] == "/jobs"
