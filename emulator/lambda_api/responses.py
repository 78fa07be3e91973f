"""Lambda's operations between moto's router and our functions."""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from moto.awslambda.responses import LambdaResponse

from emulator.lambda_api import invoking

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud.aws import Answer

    #: status (repeated in the headers, where moto looks for it), headers, body
    Reply = tuple[int, dict[str, Any], str | Callable[[], Answer]]


class FunctionsResponse(LambdaResponse):  # type: ignore[misc]
    """moto's Lambda, with invocations that are ours."""

    def setup_class(self, request: Any, full_url: str, headers: Any, *_: Any) -> None:
        super().setup_class(request, full_url, headers, use_raw_body=True)
        # moto also reads a body like a form: what is in an event is no parameter
        self.querystring = self.data = parse_qs(urlsplit(full_url).query, keep_blank_values=True)
        self.body = request.get_data()

    def _get_action(self) -> Any:
        return self._get_action_from_method_and_request_uri(self.normalized_request)

    def invoke(self) -> Reply:
        name = unquote(self.path.rstrip("/").rsplit("/", 2)[-2])
        request = invoking.read(self.headers, self.body)
        function = self.backend.function(name, self._qualifier())
        if request.type == invoking.DRY_RUN:
            return _reply(http.HTTPStatus.NO_CONTENT, "")
        return _reply(http.HTTPStatus.OK, invoking.begin(function, request, self.backend.seat))

    def _qualifier(self) -> str | None:
        return self.querystring.get("Qualifier", [None])[0]


def _reply(status: http.HTTPStatus, body: str | Callable[[], Answer]) -> Reply:
    return status, {"status": int(status)}, body
