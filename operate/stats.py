"""How a stage stands: its jobs by type and state, and its queues. Nothing of what jobs hold."""

from __future__ import annotations

import contextlib
import datetime
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import aws, clock
from chalicelib.jobs.model import ACTIVE, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chalicelib.jobs.model import Job
    from operate.operated_queue import OperatedQueue
    from operate.place import Place

#: SQS tells the age of its oldest message once a minute, and late.
AGE_PERIOD_SECONDS = 60
AGE_MINUTES_BACK = 15

_STATES = [status.value for status in Status if status is not Status.PURGED]


class Oldest(msgspec.Struct, frozen=True, kw_only=True):
    """The job that has been in a state for longest, by when it was made."""

    id: str
    type: str
    age_seconds: int


class Jobs(msgspec.Struct, kw_only=True):
    """All of them that the table has."""

    #: by type and state; deleted ones, of which a tombstone is left, are not among them
    counts: dict[str, dict[str, int]] = {}
    deleted: int = 0
    #: by state, of those that have not ended
    oldest: dict[str, Oldest] = {}
    #: past their deadline, and not yet told to have failed
    overdue: int = 0
    #: ends that are still to be told
    callbacks_due: int = 0


class QueueStats(msgspec.Struct, frozen=True, kw_only=True):
    """About how many messages a queue has."""

    waiting: int
    in_flight: int
    delayed: int
    #: of the oldest message, as CloudWatch last had it; None: it has nothing
    oldest_seconds: int | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything; ``jobs`` is None if they were not asked for."""

    queues: dict[str, QueueStats]
    jobs: Jobs | None = None


def queue_stats(place: Place) -> dict[str, QueueStats]:
    """The service's queues and their dead-letter queues, by name."""
    queues: list[OperatedQueue] = []
    for queue in (place.queue, place.callbacks_queue):
        dead = queue.dead_letters()
        queues += [queue, dead] if dead else [queue]
    ages = _oldest_seconds(place, [queue.name for queue in queues])
    return {
        queue.name: QueueStats(
            **msgspec.structs.asdict(queue.counts()), oldest_seconds=ages.get(queue.name)
        )
        for queue in queues
    }


def job_stats(jobs: Iterable[Job], now_ms: int) -> Jobs:
    """Counts of ``jobs``, which may be many: one is looked at after the other."""
    found = Jobs()
    counts: dict[str, Counter[str]] = {}
    oldest: dict[str, Job] = {}
    for job in jobs:
        if job.purged:
            found.deleted += 1
            continue
        state = job.status.value
        counts.setdefault(job.type, Counter())[state] += 1
        found.overdue += job.overdue(now_ms)
        found.callbacks_due += job.callback_due
        if job.status in ACTIVE:
            # ids sort by their time
            oldest[state] = min(job, oldest.get(state, job), key=lambda each: each.id)
    found.counts = {name: dict(counts[name]) for name in sorted(counts)}
    found.oldest = {
        state: Oldest(id=job.id, type=job.type, age_seconds=(now_ms - job.created_at_ms) // 1000)
        for state, job in oldest.items()
    }
    return found


def _oldest_seconds(place: Place, names: Sequence[str]) -> dict[str, int]:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    now = datetime.datetime.fromtimestamp(clock.now_ms() / 1000, datetime.timezone.utc)
    queries = [
        {
            "Id": f"q{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": name}],
                },
                "Period": AGE_PERIOD_SECONDS,
                "Stat": "Maximum",
            },
        }
        for index, name in enumerate(names)
    ]
    found: list[dict[str, Any]] = []
    # an account's operator may not be allowed to, and what is like AWS may not have it
    with contextlib.suppress(*aws.ERRORS):
        found = place.clients.cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=now - datetime.timedelta(minutes=AGE_MINUTES_BACK),
            EndTime=now,
            ScanBy="TimestampDescending",
        )["MetricDataResults"]
    return {
        names[int(result["Id"][1:])]: int(result["Values"][0])
        for result in found
        if result["Values"]
    }


def text_of(stats: Stats) -> str:
    """As tables for a terminal."""
    lines = [_row("queue", ["waiting", "in flight", "delayed", "oldest"])]
    for name, queue in stats.queues.items():
        oldest = "" if queue.oldest_seconds is None else f"{queue.oldest_seconds} s"
        cells = [str(queue.waiting), str(queue.in_flight), str(queue.delayed), oldest]
        lines.append(_row(name, cells))
    if stats.jobs is not None:
        lines += ["", *_lines_of_jobs(stats.jobs)]
    return "\n".join(lines)


def _lines_of_jobs(jobs: Jobs) -> list[str]:
    lines = [_row("type", _STATES)]
    for name, counts in jobs.counts.items():
        lines.append(_row(name, [str(counts.get(state, "")) for state in _STATES]))
    total: Counter[str] = Counter()
    for counts in jobs.counts.values():
        total.update(counts)
    lines.append(_row("all", [str(total[state]) for state in _STATES]))
    lines.append("")
    for state, job in jobs.oldest.items():
        lines.append(f"oldest {state}: {job.id}, {job.type}, {job.age_seconds} s")
    lines.append(
        f"{jobs.overdue} past their deadline, {jobs.callbacks_due} callbacks due, "
        f"{jobs.deleted} deleted"
    )
    return lines


def _row(head: str, cells: Iterable[str]) -> str:
    return f"{head:<32}" + "".join(f"{cell:>11}" for cell in cells).rstrip()
