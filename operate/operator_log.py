"""What an operator's command does to jobs stands in the same log as what functions do to them."""

from __future__ import annotations

import contextlib
import logging
import uuid
from typing import TYPE_CHECKING, Any

import click

from chalicelib import aws, clock, logs
from chalicelib.clock import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operate.place import Place

#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
EVENTS_MAX = 1_000
#: What tells CloudWatch that lines may have metrics in them; Lambda's own need no telling.
_HAS_METRICS = {"x-amzn-logs-format": "json/emf"}


@contextlib.contextmanager
def operator_log(place: Place) -> Iterator[None]:
    """Send what the service's code logs meanwhile to the stage's log group, and nowhere else."""
    sender = _Sender()
    others, logs.LOGGER.handlers = logs.LOGGER.handlers, [sender]
    logs.LOGGER.setLevel(logging.INFO)
    logs.LOGGER.propagate = False
    try:
        # as an invocation has one: by it the lines of one command are found together
        with logs.of_request(f"operate-{uuid.uuid4()}"):
            yield
    finally:
        logs.LOGGER.handlers = others
        sender.send(place)


class _Sender(logging.Handler):
    """Keeps the lines until they are sent."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.Line())
        self._events: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._events.append({"timestamp": clock.now_ms(), "message": self.format(record)})

    def send(self, place: Place) -> None:
        """Into a stream of its own. What was done is done: a log that takes nothing is told."""
        if not self._events:
            return
        try:
            self._put(place)
        except aws.ERRORS as error:
            self._tell(" ".join(str(error).split()))

    def _put(self, place: Place) -> None:
        groups = place.log_groups()
        if not groups:
            self._tell(f"there is no log group {place.names.log_group}")
            return
        client = place.clients.logs
        client.meta.events.register("before-call.cloudwatch-logs.PutLogEvents", _tell_of_metrics)
        day, name = rfc3339(clock.now_ms())[:10], uuid.uuid4().hex
        where = {"logGroupName": groups[0], "logStreamName": f"operate/{day}/{name}"}
        client.create_log_stream(**where)
        for start in range(0, len(self._events), EVENTS_MAX):
            some = self._events[start : start + EVENTS_MAX]
            client.put_log_events(**where, logEvents=some)

    def _tell(self, reason: str) -> None:
        click.echo(f"lines of the log that were not sent: {len(self._events)}, {reason}", err=True)


def _tell_of_metrics(params: dict[str, Any], **_: Any) -> None:
    params["headers"].update(_HAS_METRICS)
