"""An HTTP client that calls the app through its gateway in this process: no port, no thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.api_gateway.local_gateway import Gateway


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a client of the API would have received. Header names are in lower case."""

    status_code: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        """Raises msgspec.DecodeError if the body is not JSON."""
        return msgspec.json.decode(self.body)


class Client:
    """Calls the routes of one app: ``client.post("/jobs", json={…})``."""

    __test__ = False

    def __init__(self, gateway: Gateway, headers: Mapping[str, str] | None = None) -> None:
        """``headers`` go with every request, such as an ``Authorization``."""
        self._gateway = gateway
        self._headers = headers or {}

    def with_headers(self, headers: Mapping[str, str]) -> Client:
        """A client of the same app that sends these with every request."""
        return Client(self._gateway, {**self._headers, **headers})

    def get(self, path: str, **more: Any) -> Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> Response:
        return self.request("POST", path, **more)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Call a route; ``json`` is encoded and sets the content type, ``body`` is sent as is."""
        sent = {**self._headers, **(headers or {})}
        if json is not None:
            body = msgspec.json.encode(json)
            sent.setdefault("content-type", "application/json")
        answer = self._gateway.answer(method, path, headers=sent, body=body)
        return Response(
            status_code=answer.status,
            headers={name.lower(): value for name, value in answer.headers},
            body=answer.body,
        )
