"""CloudWatch's metrics of what functions have logged in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Like the lines themselves they are put aside, and become moto's when somebody asks CloudWatch.
"""

from __future__ import annotations

import datetime
import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import moto.backends
import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.journal import Entry

#: The oldest lines go when there are more.
LINES_MAX = 20_000
#: What every line in the format has.
_MARK = '"_aws"'


class FunctionMetrics:
    """A listener of the journal that keeps the lines with metrics in them."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque(maxlen=LINES_MAX)

    def __call__(self, entry: Entry) -> None:
        """Put a line aside; any thread may."""
        if entry.action == "log" and "group" in entry.data and _MARK in entry.data["text"]:
            with self._lock:
                self._waiting.append(entry.data["text"])

    def write(self) -> None:
        """Give the metrics of what waits to moto. Hold its lock."""
        with self._lock:
            lines, self._waiting = self._waiting, deque(maxlen=LINES_MAX)
        backend: Any = moto.backends.get_backend("cloudwatch")[self._account_id][self._region]
        for line in lines:
            try:
                found = list(_metrics(msgspec.json.decode(line, type=dict[str, Any])))
            except (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError):
                # CloudWatch takes no metric of a line that is not as the format has it
                continue
            for namespace, data in found:
                backend.put_metric_data(namespace, data)


def _metrics(line: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    at_s = line["_aws"]["Timestamp"] / 1000
    # in moto's times there is no zone
    at = datetime.datetime.fromtimestamp(at_s, datetime.timezone.utc).replace(tzinfo=None)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        pairs = itertools.product(directive["Dimensions"], directive["Metrics"])
        yield (
            directive["Namespace"],
            [
                {
                    "MetricName": metric["Name"],
                    "Dimensions": [{"Name": name, "Value": str(line[name])} for name in names],
                    "Timestamp": at,
                    "Values": list(map(float, _numbers(line[metric["Name"]]))),
                    "Unit": metric.get("Unit", "None"),
                }
                for names, metric in pairs
            ],
        )


def _numbers(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
