"""The event that a function gets for a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
"""

from __future__ import annotations

import base64
import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from email.message import Message

    from emulator.api_gateway.definition import Stage
    from emulator.http.message import Request

#: whose requests these are: this machine's
SOURCE_IP = "127.0.0.1"
_ANY_TYPE = "*/*"
#: What API Gateway's identities have besides, always without a value here.
_NOBODY = (
    "accessKey", "accountId", "caller", "cognitoAuthenticationProvider",
    "cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId",
    "principalOrgId", "user", "userArn",
)  # fmt: skip


class Call(NamedTuple):
    """A request on its way to an integration."""

    request: Request
    #: path and query below the stage
    target: str
    #: the path as it was asked for, with the stage in front if it was there
    sent_path: str
    request_id: str
    at_ms: int


def make(
    call: Call, stage: Stage, *, route: str, captured: Mapping[str, str], binary: Collection[str]
) -> dict[str, Any]:
    """``binary`` are the media types whose bodies come as base64."""
    request, split = call.request, urlsplit(call.target)
    query = parse_qs(split.query, keep_blank_values=True)
    headers = _values(request.headers)
    body, is_base64 = _body(request.body, is_binary=is_binary(content_type(request), binary))
    return {
        "resource": route,
        "path": split.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {n: v[-1] for n, v in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(captured) or None,
        "stageVariables": dict(stage.variables) or None,
        "requestContext": _context(call, stage, route),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _values(headers: Message) -> dict[str, list[str]]:
    """Every value of each header, under the name as it was first spelled."""
    values: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for name, value in headers.items():
        values.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return values


def _context(call: Call, stage: Stage, route: str) -> dict[str, Any]:
    at = datetime.datetime.fromtimestamp(call.at_ms // 1000, datetime.timezone.utc)
    return {
        "accountId": stage.account_id,
        "apiId": stage.api_id,
        "domainName": stage.domain_name,
        "domainPrefix": stage.api_id,
        "extendedRequestId": call.request_id,
        "httpMethod": call.request.method,
        "identity": {
            **dict.fromkeys(_NOBODY),
            "sourceIp": SOURCE_IP,
            "userAgent": call.request.headers.get("User-Agent"),
        },
        "path": call.sent_path,
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": f"{at:%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": call.at_ms,
        "resourcePath": route,
        "stage": stage.name,
    }


def content_type(request: Request) -> str:
    """The media type of a request's body, without its parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_binary(media_type: str, binary: Collection[str]) -> bool:
    """Whether a media type is among the API's binary ones.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
    """
    return media_type in binary or _ANY_TYPE in binary


def _body(body: bytes, *, is_binary: bool) -> tuple[str | None, bool]:
    """A body as JSON can carry it, and whether that is base64."""
    if not body:
        return None, False
    if not is_binary:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
