"""The operations that take a document, between moto's router and our APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from moto.apigateway import urls as moto_urls
from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.responses import APIGatewayResponse
from moto.apigateway.utils import deserialize_body

if TYPE_CHECKING:
    from moto.core.responses import TYPE_RESPONSE


class RestApisResponse(APIGatewayResponse):  # type: ignore[misc]
    """moto's API Gateway, which makes a nameless API of a body that is no document."""

    def import_rest_api(self) -> TYPE_RESPONSE:
        _check(self.body)
        return super().import_rest_api()

    def put_rest_api(self) -> TYPE_RESPONSE:
        _check(self.body)
        return super().put_rest_api()


def _check(body: str) -> None:
    try:
        is_document = bool(deserialize_body(body))
    except (TypeError, yaml.YAMLError):
        is_document = False
    if not is_document:
        raise BadRequestException(
            "Unable to import REST API: Invalid OpenAPI input. It must be an object in JSON or "
            "YAML that says swagger: 2.0, or openapi: 3.x.x"
        )


URL_BASES = moto_urls.url_bases
URL_PATHS = {
    **moto_urls.url_paths,
    **{
        path: RestApisResponse.dispatch
        for path, handler in moto_urls.url_paths.items()
        if handler == APIGatewayResponse.dispatch
    },
}
