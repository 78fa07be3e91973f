"""What CloudWatch makes of the log: which numbers of a line are metrics, and by what they are told
apart.

Each combination of a name and its dimensions' values is a metric of its own, and has its price, so
there are few: docs/costs.md counts them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from typing import Any

#: where they stand in CloudWatch, beside AWS's own
NAMESPACE = "accepted"


def _directive(dimensions: list[str], **units: str) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}


#: A job has ended: how, and of which type.
_JOBS = _directive(["type", "outcome"], jobs="Count")
#: From the POST to the first attempt, a delay that the client asked for among it; and the last
#: attempt's own time.
_TIMES = _directive(["type"], queued_ms="Milliseconds", run_ms="Milliseconds")

#: The end of a job that had an attempt, and of one that had none.
ENDED = [_JOBS, _TIMES]
ENDED_UNSTARTED = [_JOBS]
#: An attempt has failed, and another follows.
RETRIED = [_directive(["type"], retries="Count")]
