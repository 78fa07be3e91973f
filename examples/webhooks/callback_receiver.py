"""Receives callbacks on this machine, and says which are ours.

    python3 examples/webhooks/callback_receiver.py whsec_...

Answers 204 to what is ours, 401 to anything else. During a rotation give it both secrets.
"""

from __future__ import annotations

import base64
import hmac
import http.server
import json
import os
import sys
import time
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PORT = int(os.environ.get("PORT", "9000"))


def is_ours(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """``headers`` by lower-case names; ``body`` as it came, before any JSON is read."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    plausible = timestamp.isdecimal() and len(timestamp) < 12
    if not plausible or abs(time.time() - int(timestamp)) > 300:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    ours = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(one, other) for one in ours for other in given)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Works off each callback once, however often it comes."""

    secrets: ClassVar[Sequence[str]] = ()
    #: a real receiver keeps it for a day, where all its processes find it
    seen: ClassVar[set[str]] = set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Only what is worked off is worth a line."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        ours = is_ours(headers, body, self.secrets)
        if ours and headers["webhook-id"] not in self.seen:
            self.seen.add(headers["webhook-id"])
            event = json.loads(body)
            print(event["type"], event["data"]["id"], flush=True)
        self.send_response(204 if ours else 401)
        self.end_headers()


if __name__ == "__main__":
    Receiver.secrets = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    print(f"http://localhost:{server.server_port}/", flush=True)
    server.serve_forever()
