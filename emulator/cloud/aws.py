"""AWS in one object: moto behind one lock, with our own SQS delivery in its seat.

Every request, from a socket or from a client in this process, goes through ``Cloud.handle``.
"""

from __future__ import annotations

import functools
import http
import importlib
import re
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import moto.backend_index
import moto.backends
import msgspec
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import HTTPException
from moto.core.request import Request

from emulator.caller import in_trace, trace_header_of
from emulator.cloud import json_request, moto_caches, streams
from emulator.cloud.function_logs import FunctionLogs
from emulator.cloud.function_metrics import FunctionMetrics
from emulator.cloud.stream import StreamSeat
from emulator.costs.meter import Meter
from emulator.costs.operation import operation_of
from emulator.sqs import backend as sqs_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.clock import Clock
    from emulator.journal import Journal

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


class Answer(NamedTuple):
    """An HTTP answer of AWS."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class UnknownServiceError(LookupError):
    """moto has no service of that name."""


class AwsError(ValueError):
    """AWS refused a call; ``code`` is its name for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


#: How the JSON protocol names a service's operations.
_TARGETS = {
    "dynamodb": "DynamoDB_20120810",
    "events": "AWSEvents",
    "kinesis": "Kinesis_20131202",
    "sqs": "AmazonSQS",
}
#: The API of tables' streams is signed for DynamoDB, and elsewhere told from it by its host.
_STREAMS, _STREAMS_TARGET = "streams.dynamodb", "DynamoDBStreams_"


class Cloud:
    """One account of AWS, as far as moto knows it.

    ``condition`` is the one lock: it is held around every request and every step of an event
    source, released while anybody waits, and notified whenever a queue or a stream changes.
    moto itself has no lock, and loses updates and messages when threads share it.
    """

    def __init__(self, clock: Clock, journal: Journal, *, region: str = REGION) -> None:
        self.clock = clock
        #: where ``call`` goes; requests name theirs
        self.region = region
        self.condition = threading.Condition(threading.RLock())
        moto_caches.install(ACCOUNT_ID)
        _forget_everything()
        # a seat that is taken after this has functions of its own for its service's paths
        _routes.cache_clear()
        sqs_backend.seat(clock=clock, condition=self.condition, journal=journal)
        streams.seat(StreamSeat(clock, self.notify))
        self._logs = FunctionLogs(ACCOUNT_ID, region)
        journal.listen(self._logs)
        self._metrics = FunctionMetrics(ACCOUNT_ID, region)
        journal.listen(self._metrics)
        #: what clients ask for, for what it would cost
        self.meter = Meter(clock, ACCOUNT_ID)
        journal.listen(self.meter)
        self._journal = journal
        #: modules with a seat of their service, which moto takes long to load
        self._seated_later: dict[str, str] = {}

    def seat_later(self, service: str, module: str) -> None:
        """Have a module's ``seat(cloud, journal)`` called before the first request to a service."""
        self._seated_later[service] = module

    def _seat(self, service: str) -> None:
        try:
            module = importlib.import_module(self._seated_later[service])
        except ImportError as error:
            raise _more_needed(service, error) from None
        with self.condition:
            # another thread may have been here meanwhile
            if self._seated_later.pop(service, None):
                module.seat(self, self._journal)

    def handle(
        self,
        *,
        service: str,
        region: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        asks_again: bool = False,
    ) -> Answer:
        """Answer one request to ``service`` (the name it was signed for) at the client's own
        ``url``, and count it; not if it is refused and the caller ``asks_again``.

        A handler may answer with work that makes the answer: it is done without the lock.
        Raises UnknownServiceError if moto does not have it.
        """
        if service in self._seated_later:
            self._seat(service)
        with self.condition:
            operation = operation_of(method, url, headers, body)
            asked = self.meter.before(service, operation, body, region=region)
            status, answer_headers, answer = self._ask(
                service, region, method=method, url=url, headers=headers, body=body
            )
            if not asks_again or int(status) == http.HTTPStatus.OK:
                self.meter.after(asked, int(status), answer)
        if callable(answer):
            finished: Answer = answer()
            return finished
        return Answer(int(status), _plain(answer_headers), _bytes(answer))

    def _ask(
        self,
        service: str,
        region: str,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[Any, Mapping[str, Any], Any]:
        """What moto answers: status, headers, body. Hold the lock."""
        if service == "logs":
            self._logs.write()
        elif service == "monitoring":
            self._metrics.write()
        request = json_request.read(method, url, headers, body)
        if request is not None and request.target.startswith(_STREAMS_TARGET):
            service = _STREAMS
        handler = _handler(service, region, urlsplit(url).path)
        if request is None:
            request = Request.from_primitives(method, url, headers, body)
            # keeps the body of a form, which werkzeug would parse away: S3 stores any content
            request.get_data()
        try:
            with in_trace(trace_header_of(headers)):
                answer: tuple[Any, Any, Any] = handler(request, request.raw_url, request.headers)
        except HTTPException as error:
            return error.code or 500, dict(error.get_headers()), error.get_body()
        return answer

    def notify(self) -> None:
        """Wake everybody who waits for something to change."""
        with self.condition:
            self.condition.notify_all()

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation as a client does, without the work of one: the emulator's own doing,
        which is not counted. Raises AwsError.

        For the services of ``_TARGETS``, which speak JSON.
        """
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{_TARGETS[service]}.{operation}",
        }
        with self.condition:
            status, _, answer = self._ask(
                service,
                self.region,
                method="POST",
                url=f"https://{service}.{self.region}.amazonaws.com/",
                headers=headers,
                body=msgspec.json.encode(parameters),
            )
        content: dict[str, Any] = msgspec.json.decode(_bytes(answer) or b"{}")
        if int(status) != http.HTTPStatus.OK:
            code = str(content.get("__type", status)).rpartition("#")[2]
            raise AwsError(code, content.get("message") or content.get("Message") or "")
        return content


def _forget_everything() -> None:
    """Begin with an empty account. moto would first make every backend anew, and then drop it."""
    for services in BackendDict._instances:  # noqa: SLF001
        for regions in services.values():
            for backend in regions.values():
                if type(backend).reset is not BaseBackend.reset:
                    backend.reset()  # it has files to close
            regions.clear()
        services.clear()
    BackendDict._instances.clear()  # noqa: SLF001


def _handler(service: str, region: str, path: str) -> Callable[..., Any]:
    """moto's function for a path of a service, found under the name AWS would serve it at."""
    url = f"https://{service}.{region}.amazonaws.com{path}"
    for pattern, handler in _routes(service, region):
        if pattern.match(url):
            return handler
    raise UnknownServiceError(f"moto serves no {path} of {service}")


@functools.lru_cache(maxsize=256)
def _routes(service: str, region: str) -> list[tuple[re.Pattern[str], Callable[..., Any]]]:
    name = _backend_name(service, region)
    try:
        regions = moto.backends.get_backend(name)[ACCOUNT_ID]
    except ImportError as error:
        raise _more_needed(name, error) from None
    backend = regions[REGION] if REGION in regions else regions["aws"]
    return [(re.compile(url), handler) for url, handler in backend.urls.items()]


def _more_needed(name: str, error: ImportError) -> UnknownServiceError:
    return UnknownServiceError(
        f"moto needs more for {name}, to be had with pip install 'moto[{name}]': {error}"
    )


@functools.cache
def _backend_name(service: str, region: str) -> Any:
    host = f"https://{service}.{region}.amazonaws.com"
    for name, pattern in moto.backend_index.backend_url_patterns:
        if pattern.match(host):
            return name
    raise UnknownServiceError(f"moto has no service {service!r}")


def _plain(headers: Mapping[str, Any]) -> dict[str, str]:
    # moto keeps the status among the headers; it is no header
    return {name: str(value) for name, value in headers.items() if name.lower() != "status"}


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)
