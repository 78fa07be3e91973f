"""A request of AWS's JSON protocol, as moto reads one.

moto takes any request apart as if it came from a browser: form, files, query. For a JSON operation
that is most of the work before the operation begins, and it is wrong: text in a JSON body that
looks like a form (``&Action=PurgeQueue&``) would choose the operation.
https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTENT_TYPE = "application/x-amz-json"


class JsonRequest:
    """What moto's own request offers, with the operation named by its header alone."""

    from_wsgi_server = False
    content_encoding = None
    query_string = b""
    files: Mapping[str, Any] = {}
    environ: Mapping[str, Any] = {}

    def __init__(
        self, method: str, url: str, *, headers: CaseInsensitiveDict[str], body: bytes
    ) -> None:
        self.method = method
        self.raw_url = self.url = url
        self.path = self.raw_path = urlsplit(url).path
        self.headers = headers
        self.data = body
        self.content_type = headers["Content-Type"]
        self.target = headers["X-Amz-Target"]
        # where moto looks first
        self.form = self.values = {"Action": self.target.rpartition(".")[2]}


def read(method: str, url: str, headers: Mapping[str, str], body: bytes) -> JsonRequest | None:
    """The request, if it is one of the JSON protocol and its body is as it was sent."""
    given = CaseInsensitiveDict(headers)
    is_json = given.get("Content-Type", "").startswith(_CONTENT_TYPE) and "X-Amz-Target" in given
    if not is_json or "Content-Encoding" in given:
        return None
    return JsonRequest(method, url, headers=given, body=body)
