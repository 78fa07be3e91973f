"""One job's life: its record, and what the log says of it, until it has ended.

Of lines only the fields that the service itself writes are shown, so whatever else a task prints
stays where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from chalicelib import clock
from chalicelib.clock import rfc3339
from chalicelib.jobs import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.jobs.model import Job
    from operate.place import Place

POLL_SECONDS = 1
#: CloudWatch may have a line only seconds after the record shows what it tells of.
LATE_SECONDS = 10
#: How much earlier than what was seen last a line may still come.
LATE_MS = 60_000
#: Shown of a line, in this order.
FIELDS = (
    "attempt", "outcome", "slug", "seconds", "status", "count", "error", "queued_ms", "run_ms",
    "message_id", "request_id",
)  # fmt: skip


class _Found(NamedTuple):
    """A line about the job."""

    at_ms: int
    event_id: str
    line: dict[str, Any]


def find(place: Place, job_id: str, *, tenant: str, search: bool) -> Job:
    """The job's record; ``search``: of whatever tenant, by reading the table.

    Raises ClickException.
    """
    try:
        ids.created_at_ms(job_id)
    except ValueError:
        raise click.ClickException(f"{job_id} is no id of a job") from None
    job = place.jobs.get(tenant, job_id)
    if job is None and search:
        place.tell_scan()
        job = next((each for each in place.jobs.every() if each.id == job_id), None)
    if job is None:
        more = "" if search else "; name its --tenant, or --search for it"
        raise click.ClickException(f"no tenant {tenant} has a job {job_id}{more}")
    return job


def tail(place: Place, job: Job, *, follow: bool) -> None:
    """Print the record, then the lines in their order, as they come if ``follow``."""
    click.echo(_head(job))
    log = _Log(place, job)
    ended_ms: int | None = None
    while True:
        current = place.jobs.get(job.tenant, job.id) or job
        for line in log.new():
            click.echo(line)
        now_ms = clock.now_ms()
        if current.terminal or current.purged:
            ended_ms = ended_ms or now_ms
        is_late = ended_ms is not None and now_ms >= ended_ms + LATE_SECONDS * 1000
        if not follow or log.has_end or is_late:
            break
        clock.sleep(POLL_SECONDS)
    click.echo(_state(current))


class _Log:
    """What the functions' log groups have of one job."""

    def __init__(self, place: Place, job: Job) -> None:
        self._place = place
        self._job = job
        self._from_ms = job.created_at_ms
        self._seen: set[str] = set()
        #: a line has told its end
        self.has_end = False

    def new(self) -> Iterator[str]:
        """Lines that were not there before, in order."""
        found = [each for group in self._place.log_groups() for each in self._of_group(group)]
        # of one moment they stay in the order in which they were written
        for each in sorted(found, key=lambda each: each.at_ms):
            self._seen.add(each.event_id)
            self._from_ms = max(self._from_ms, each.at_ms - LATE_MS)
            self.has_end = self.has_end or "outcome" in each.line
            yield _text(each)

    def _of_group(self, group: str) -> Iterator[_Found]:
        pages = self._place.clients.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            filterPattern=f'"{self._job.id}"',
            startTime=self._from_ms,
        )
        for page in pages:
            for event in page["events"]:
                line = _decoded(event["message"])
                if line.get("job_id") == self._job.id and event["eventId"] not in self._seen:
                    yield _Found(event["timestamp"], event["eventId"], line)


def _decoded(text: str) -> dict[str, Any]:
    """A line of the service; empty for any other."""
    try:
        line: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return line if "action" in line else {}


def _text(found: _Found) -> str:
    fields = [f"{name} {found.line[name]}" for name in FIELDS if name in found.line]
    return f"{rfc3339(found.at_ms)}  {found.line['action']:<18} {', '.join(fields)}"


def _head(job: Job) -> str:
    deadline = rfc3339(job.deadline_at_ms)
    return (
        f"{rfc3339(job.created_at_ms)}  {'recorded':<18} {job.type}, tenant {job.tenant}, "
        f"up to {job.max_attempts} attempts until {deadline}"
    )


def _state(job: Job) -> str:
    """How the record stands, without anything that a client sent or a task made."""
    parts = [f"{job.status.value}, attempt {job.attempt} of {job.max_attempts}"]
    if job.failure is not None:
        last = f", last {job.failure.last.slug}" if job.failure.last else ""
        parts.append(f"{job.failure.slug}{last}")
    if job.started_ms:
        parts.append(f"queued {job.queued_ms} ms")
    if job.terminal and job.started_ms:
        parts.append(f"ran {job.run_ms} ms")
    if job.callback is not None:
        outcome = job.callback.outcome.value if job.callback.outcome else "not told"
        parts.append(f"callback {outcome} after {job.callback.attempts} deliveries")
    return f"{rfc3339(clock.now_ms())}  {'record':<18} {', '.join(parts)}"
