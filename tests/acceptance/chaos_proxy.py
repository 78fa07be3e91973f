"""A proxy that loses some of what goes through it, the same on every run."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import random
import threading
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Lost before the API saw it; lost after the API handled it; cut off in the middle of its body.
Loss = Literal["request", "response", "half of a response"]
#: One in three.
LOST_SHARE = 1 / 3
#: Of one connection, and so never passed on.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


class ChaosProxy(http.server.ThreadingHTTPServer):
    """Passes requests on to ``api`` (host and port) and loses one in three by ``loss``."""

    daemon_threads = True

    def __init__(self, api: str, *, loss: Loss, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.api = api
        self.loss = loss
        self.lost_methods: list[str] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def loses(self, method: str) -> bool:
        with self._lock:
            lost = self._random.random() < LOST_SHARE
            if lost:
                self.lost_methods.append(method)
        return lost

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are what this is for."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ChaosProxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        lost = self.server.loses(self.command)
        if lost and self.server.loss == "request":
            return
        status, headers, content = self._ask(body)
        if lost and self.server.loss == "response":
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if lost else content)

    do_GET = do_POST = _pass_on  # noqa: N815

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.server.api, timeout=30)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def chaos_proxy(api: str, *, loss: Loss, seed: int) -> Iterator[ChaosProxy]:
    proxy = ChaosProxy(api, loss=loss, seed=seed)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
