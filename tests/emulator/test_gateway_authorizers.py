"""The app's authorizers under the gateway, and the template's words for what it refuses."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from chalice import Chalice
from chalice.app import AuthResponse, AuthRoute
from chalice.config import Config

from emulator.api_gateway.gateway_responses import Definition, GatewayResponses
from emulator.api_gateway.local_gateway import Gateway, described
from emulator.http.message import Response
from emulator.test_client import Client

app = Chalice("bank")


class WrongPasswordError(Exception):
    """Any error whose text is not the one word."""


@app.authorizer()
def check(request: Any) -> Any:
    if request.token == "none":
        return None
    if request.token == "broken":
        raise WrongPasswordError
    if request.token == "unknown":
        raise PermissionError("Unauthorized")
    routes = {"all": ["*"], "read": [AuthRoute("/accounts/*", ["GET"])], "nothing": []}
    return AuthResponse(routes[request.token], principal_id="ann", context={"tenant": "acme"})


@app.route("/accounts/{number}", methods=["GET", "POST"], authorizer=check)
def account(number: str) -> Any:
    return app.current_request.context["authorizer"]


@app.route("/open")
def unguarded() -> Any:
    return {"authorizer": "authorizer" in app.current_request.context}


TEMPLATE = (
    '{"title":$context.error.messageString,"id":"$context.requestId",'
    '"type":"$context.error.responseType","unknown":"$context.nonsense"}'
)
DEFINED: dict[str, Definition] = msgspec.convert(
    {
        "UNAUTHORIZED": {
            "responseParameters": {
                "gatewayresponse.header.Content-Type": "'application/problem+json'",
                "gatewayresponse.header.WWW-Authenticate": "'Bearer'",
                "gatewayresponse.header.X-Mapped": "method.request.header.Accept",
            },
            "responseTemplates": {"application/json": TEMPLATE},
        },
        "ACCESS_DENIED": {"statusCode": 404, "responseTemplates": {"application/json": "{}"}},
        "DEFAULT_5XX": {"statusCode": "503"},
    },
    dict[str, Definition],
)


def client(token: str | None = None, defined: dict[str, Definition] | None = None) -> Client:
    config = Config.create(chalice_app=app, api_gateway_stage="v1")
    headers = {} if token is None else {"Authorization": token}
    return Client(Gateway(app, config, definition=described(app, defined)), headers)


def test_what_the_authorizer_says_reaches_the_function() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html"""
    assert client("all").get("/accounts/1").json() == {"tenant": "acme", "principalId": "ann"}
    assert client().get("/open").json() == {"authorizer": False}


@pytest.mark.parametrize(
    ("token", "method", "status"),
    [
        (None, "GET", 401),
        ("unknown", "GET", 401),
        ("nothing", "GET", 403),
        ("read", "GET", 200),
        ("read", "POST", 403),
        ("broken", "GET", 500),
        ("none", "GET", 500),
    ],
)
def test_an_authorizer_allows_denies_or_fails(token: str | None, method: str, status: int) -> None:
    """It fails with one word to have 401 answered; any other failure is 500.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    """
    assert client(token).request(method, "/accounts/1").status_code == status


def test_the_template_says_how_a_refusal_reads() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html"""
    for token in (None, "unknown"):
        refused = client(token, DEFINED).get("/accounts/1")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["content-type"] == "application/problem+json"
        assert "x-mapped" not in refused.headers
        assert refused.json() == {
            "title": "Unauthorized",
            "id": refused.headers["x-amzn-requestid"],
            "type": "UNAUTHORIZED",
            "unknown": "",
        }


def test_a_refusal_has_the_status_of_its_definition_or_its_own() -> None:
    """And a type without a definition that of its class."""
    assert client("nothing", DEFINED).get("/accounts/1").status_code == 404
    broken = client("broken", DEFINED).get("/accounts/1")
    assert (broken.status_code, broken.json()) == (503, {"message": None})
    assert client(None, DEFINED).get("/nowhere").status_code == 403


def test_a_message_is_quoted_in_the_template_as_json_wants_it() -> None:
    own = Response(400, [], b'{"message": "say \\"please\\""}')
    template = Definition(response_templates={"application/json": "[$context.error.messageString]"})
    answer = GatewayResponses({"DEFAULT_4XX": template}).answer("BAD_REQUEST_BODY", own)
    assert answer.body == b'["say \\"please\\""]'
