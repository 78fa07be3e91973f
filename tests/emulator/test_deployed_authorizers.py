"""Lambda authorizers of deployed APIs: who is asked, what is kept, what it allows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from apis_bench import Apis, apis, document, proxy, uri

if TYPE_CHECKING:
    from collections.abc import Iterator


class Guard:
    """An authorizer that remembers what it was asked, and answers as the token says."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.permission: Any = None

    def __call__(self, event: Any, context: Any) -> Any:
        self.asked.append(event)
        token = event.get("authorizationToken")
        if token == "broken":
            raise ValueError("what a mess")
        if token == "unknown":
            raise PermissionError("Unauthorized")
        return self.permission or allow(event["methodArn"])


def allow(*resources: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": list(resources)}
    return {"principalId": "ann", "policyDocument": {"Statement": [statement]}, **more}


def guarded(kind: str = "token", **more: Any) -> dict[str, Any]:
    """A document with two routes that an authorizer guards, and an open one."""
    authorizer = {"type": kind, "authorizerUri": uri("guard"), **more}
    scheme = {
        "type": "apiKey", "in": "header", "name": "Authorization",
        "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": authorizer,
    }  # fmt: skip
    closed = {**proxy(), "security": [{"guard": []}]}
    paths = {
        "/a": {"get": closed, "post": closed},
        "/b/{id}": {"get": closed},
        "/open": {"get": proxy()},
    }
    return document(paths, securityDefinitions={"guard": scheme})


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def api(guard: Guard) -> Iterator[Apis]:
    with apis(guard=guard) as made:
        yield made


def statuses(api: Apis, *calls: tuple[str, str], **headers: Any) -> list[int]:
    return [api.send(method, path, **headers).status for method, path in calls]


def test_authorizer_is_asked_with_the_token_and_the_method(api: Apis, guard: Guard) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html"""
    api.deploy(guarded())
    assert api.send("GET", "/v1/b/7", Authorization="yes").status == 200
    arn = f"arn:aws:execute-api:us-east-1:123456789012:{api.id}/v1/GET/b/7"
    assert guard.asked == [{"type": "TOKEN", "authorizationToken": "yes", "methodArn": arn}]


def test_what_it_says_of_the_caller_reaches_the_function_as_text(api: Apis, guard: Guard) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html"""
    api.deploy(guarded())
    guard.permission = allow("*", context={"tenant": "acme", "age": 7, "is_admin": True})
    event = api.event("GET", "/v1/a", Authorization="yes")
    said = {"tenant": "acme", "age": "7", "is_admin": "true", "principalId": "ann"}
    assert event["requestContext"]["authorizer"] == said
    assert "authorizer" not in api.event("GET", "/v1/open")["requestContext"]


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (None, 401, {"message": "Unauthorized"}),
        ("unknown", 401, {"message": "Unauthorized"}),
        ("broken", 500, {"message": None}),
    ],
)
def test_it_fails_with_one_word_to_have_401_answered_and_else_500(
    api: Apis, token: str | None, status: int, body: Any
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html"""
    api.deploy(guarded())
    sent: dict[str, Any] = {"Authorization": token} if token else {}
    answer = api.send("GET", "/v1/a", **sent)
    assert (answer.status, json.loads(answer.body)) == (status, body)


@pytest.mark.parametrize(
    "permission",
    [
        {"policyDocument": {"Statement": []}},
        {"principalId": "ann"},
        {"principalId": "ann", "policyDocument": {"Statement": [{"Resource": "*"}]}},
        allow("*", context={"list": [1]}),
        "yes",
    ],
)
def test_answer_that_is_no_policy_is_500(api: Apis, guard: Guard, permission: Any) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html"""
    api.deploy(guarded())
    guard.permission = permission
    assert api.send("GET", "/v1/a", Authorization="yes").status == 500
    assert "authorizer guard answers no policy" in api.reasons()[0]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", [200, 200, 200]),
        ("arn:aws:execute-api:us-east-1:*:*/v1/GET/*", [200, 403, 200]),
        ("arn:aws:execute-api:*/v1/GET/b/?", [403, 403, 200]),
        ("arn:aws:execute-api:*/v2/*", [403, 403, 403]),
    ],
)
def test_policy_allows_what_its_resources_match(
    api: Apis, guard: Guard, resource: str, expected: list[int]
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html"""
    api.deploy(guarded())
    guard.permission = allow(resource)
    calls = (("GET", "/v1/a"), ("POST", "/v1/a"), ("GET", "/v1/b/7"))
    assert statuses(api, *calls, Authorization="yes") == expected


def test_deny_wins_over_allow(api: Apis, guard: Guard) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html"""
    api.deploy(guarded())
    guard.permission = allow("*")
    guard.permission["policyDocument"]["Statement"] += allow("*/GET/a", effect="Deny")[
        "policyDocument"
    ]["Statement"]
    answer = api.send("GET", "/v1/a", Authorization="yes")
    assert json.loads(answer.body) == {
        "Message": "User is not authorized to access this resource with an explicit deny"
    }
    assert api.send("POST", "/v1/a", Authorization="yes").status == 200


def test_answer_is_kept_for_every_route_until_its_time_is_over(api: Apis, guard: Guard) -> None:
    """So a policy that names one route closes the others to its caller.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    api.deploy(guarded())
    calls = (("GET", "/v1/a"), ("GET", "/v1/b/7"))
    assert statuses(api, *calls, Authorization="yes") == [200, 403]
    assert len(guard.asked) == 1
    api.bench.clock.advance(300)
    assert statuses(api, *reversed(calls), Authorization="yes") == [200, 403]
    assert len(guard.asked) == 2
    assert statuses(api, *calls, Authorization="other") == [200, 403]


@pytest.mark.parametrize(("ttl_seconds", "asked"), [(0, 3), (10, 2)])
def test_how_long_an_answer_is_kept_is_set(
    api: Apis, guard: Guard, ttl_seconds: int, asked: int
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html"""
    api.deploy(guarded(authorizerResultTtlInSeconds=ttl_seconds))
    for wait_seconds in (0, 9, 1):
        api.bench.clock.advance(wait_seconds)
        assert api.send("GET", "/v1/a", Authorization="yes").status == 200
    assert len(guard.asked) == asked


def test_new_deployment_forgets_kept_answers(api: Apis, guard: Guard) -> None:
    api.deploy(guarded())
    api.send("GET", "/v1/a", Authorization="yes")
    api.aws.create_deployment(restApiId=api.id, stageName="v1")
    api.send("GET", "/v1/a", Authorization="yes")
    assert len(guard.asked) == 2


def test_token_that_does_not_match_the_expression_is_not_asked_for(api: Apis, guard: Guard) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html"""
    api.deploy(guarded(identityValidationExpression="Bearer .+"))
    assert api.send("GET", "/v1/a", Authorization="yes").status == 401
    assert guard.asked == []
    assert api.send("GET", "/v1/a", Authorization="Bearer yes").status == 200


def test_request_authorizer_sees_the_request_and_needs_its_identity(
    api: Apis, guard: Guard
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html"""
    sources = "method.request.header.X-Who, method.request.querystring.key"
    api.deploy(guarded("request", identitySource=sources))
    assert api.send("GET", "/v1/b/7", X_Who="ann").status == 401
    assert api.send("GET", "/v1/b/7?key=1", X_Who="ann").status == 200
    (event,) = guard.asked
    assert (event["type"], event["pathParameters"]) == ("REQUEST", {"id": "7"})
    assert event["methodArn"].endswith("/v1/GET/b/7")
    assert "body" not in event


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ({"x-amazon-apigateway-authtype": "awsSigv4"}, "AWS_IAM"),
        (
            {"x-amazon-apigateway-authorizer": {"type": "cognito_user_pools"}},
            "COGNITO_USER_POOLS",
        ),
    ],
)
def test_other_ways_to_authorise_let_nobody_in_and_say_so(
    api: Apis, scheme: dict[str, Any], reason: str
) -> None:
    closed = {**proxy(), "security": [{"other": []}]}
    named = {"type": "apiKey", "in": "header", "name": "Authorization", **scheme}
    api.deploy(document({"/": {"get": closed}}, securityDefinitions={"other": named}))
    assert api.send("GET", "/v1/", Authorization="x", x_api_key="y").status == 500
    assert reason in api.reasons()[0]


def test_method_whose_authorizer_is_gone_lets_nobody_in(api: Apis) -> None:
    api.deploy(guarded())
    (guard,) = api.aws.get_authorizers(restApiId=api.id)["items"]
    api.aws.delete_authorizer(restApiId=api.id, authorizerId=guard["id"])
    api.aws.create_deployment(restApiId=api.id, stageName="v1")
    assert api.send("GET", "/v1/a", Authorization="yes").status == 500
    assert "there is no authorizer" in api.reasons()[0]


def test_method_with_an_api_key_wants_one_of_the_stage_s_usage_plans(api: Apis) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html"""
    scheme = {"type": "apiKey", "in": "header", "name": "x-api-key"}
    closed = {**proxy(), "security": [{"api_key": []}]}
    api.deploy(document({"/": {"get": closed}}, securityDefinitions={"api_key": scheme}))
    known, _ = (
        api.aws.create_api_key(name=name, value=name * 20, enabled=True)["id"] for name in "kx"
    )
    stages = [{"apiId": api.id, "stage": "v1"}]
    plan = api.aws.create_usage_plan(name="plan", apiStages=stages)["id"]
    api.aws.create_usage_plan_key(usagePlanId=plan, keyId=known, keyType="API_KEY")
    assert api.send("GET", "/v1/", X_API_Key="k" * 20).status == 200
    for sent in ({}, {"X_API_Key": "x" * 20}):
        answer = api.send("GET", "/v1/", **sent)  # type: ignore[arg-type]
        assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
