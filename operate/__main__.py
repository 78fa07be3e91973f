"""The commands: ``python -m operate COMMAND --endpoint URL``, or ``--account ID``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from chalicelib import clock
from chalicelib.jobs.model import TENANT
from chalicelib.work.sweeping import Sweeper, Swept
from operate import drain as draining
from operate import stats as counting
from operate import tail as tailing
from operate.operator_log import operator_log
from operate.place import placed
from operate.redrive import DeadLetters

if TYPE_CHECKING:
    from operate.place import Place

#: SQS: messages a second of one task.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
RATE_MAX = 500
#: How a program ends that Ctrl-C has ended.
INTERRUPTED = 130
#: An operator's sweep goes to the end of the table.
_ENOUGH_MS = 86_400_000


@click.group()
def cli() -> None:
    """Operate a stage that runs, at AWS or under chalice local."""


@cli.command()
@placed
@click.option("--queues-only", is_flag=True, help="Do not read the table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def stats(place: Place, *, queues_only: bool, as_json: bool) -> None:
    """Jobs by type and state, and what waits in the queues."""
    jobs = None
    if not queues_only:
        place.tell_scan()
        jobs = counting.job_stats(place.jobs.every(), clock.now_ms())
    found = counting.Stats(queues=counting.queue_stats(place), jobs=jobs)
    click.echo(msgspec.json.encode(found).decode() if as_json else counting.text_of(found))


@cli.command()
@placed
@click.argument("job_id")
@click.option("--tenant", default=TENANT, show_default=True, help="Whose job it is.")
@click.option("--search", is_flag=True, help="Read the whole table for it, whosever it is.")
@click.option("--no-follow", is_flag=True, help="Print what there is, and end.")
def tail(place: Place, *, job_id: str, tenant: str, search: bool, no_follow: bool) -> None:
    """The life of job JOB_ID, from its record and the log, until it has ended."""
    job = tailing.find(place, job_id.lower(), tenant=tenant, search=search)
    tailing.tail(place, job, follow=not no_follow)


@cli.command()
@placed
@click.option("--dry-run", is_flag=True, help="Only count.")
def sweep(place: Place, *, dry_run: bool) -> None:
    """End jobs that are past their deadline, and queue late callbacks again, now."""
    place.tell_scan()
    if dry_run:
        found = list(place.jobs.neglected(now_ms=clock.now_ms()))
        expired = sum(not job.terminal for job in found)
        swept = Swept(expired=expired, callbacks=sum(job.callback_due for job in found))
    else:
        with operator_log(place):
            swept = Sweeper(place.jobs, place.callbacks).sweep(lambda: _ENOUGH_MS)
    would = "would be " if dry_run else ""
    click.echo(
        f"{swept.expired} jobs {would}ended at their deadline, "
        f"{swept.callbacks} callbacks {would}queued again"
    )


@cli.command()
@placed
@click.argument("which", type=click.Choice(["jobs", "callbacks"]))
@click.option("--rate", type=click.IntRange(1, RATE_MAX), help="Messages a second, at most.")
@click.option("--dry-run", is_flag=True, help="Only look at what waits.")
@click.option("--stop", is_flag=True, help="Stop the redrive that is under way.")
def redrive(place: Place, *, which: str, rate: int | None, dry_run: bool, stop: bool) -> None:
    """Move the dead letters of jobs, or of callbacks, back to their queue. Ctrl-C stops it."""
    dead = DeadLetters(place, place.queue if which == "jobs" else place.callbacks_queue)
    if stop:
        click.echo(dead.stop())
        return
    if dry_run:
        counts = dead.queue.counts()
        click.echo(f"{dead.queue.name}: {counts.waiting} would move; {counts.in_flight} are hidden")
        for meaning, count in dead.look().most_common():
            click.echo(f"{count:>8} {meaning}")
        return
    dead.start(rate)
    try:
        click.echo(dead.follow())
    except KeyboardInterrupt:
        click.echo(dead.stop())
        sys.exit(INTERRUPTED)


@cli.command()
@placed
@click.option("--to", "file", type=click.Path(path_type=Path), help="A new file to save them in.")
@click.option("--cancel", is_flag=True, help="Cancel their jobs.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def drain(place: Place, *, file: Path | None, cancel: bool, dry_run: bool) -> None:
    """Take every message that waits out of the queue of jobs, and save it or cancel its job."""
    if sum((file is not None, cancel, dry_run)) != 1:
        raise click.UsageError("say one: --to FILE, --cancel or --dry-run")
    if file is not None:
        became = draining.save(place, file)
        click.echo(f"{became[draining.SAVED]} saved, {became[draining.LEFT]} left")
    elif cancel:
        with operator_log(place):
            became = draining.cancel(place)
        words = (draining.CANCELED, draining.ENDED, draining.LEFT)
        click.echo(", ".join(f"{became[word]} {word}" for word in words))
    counts = place.queue.counts()
    click.echo(
        f"{place.queue.name}: {counts.waiting} waiting, {counts.in_flight} in flight, "
        f"{counts.delayed} delayed"
    )


@cli.command()
@placed
@click.argument("file", type=click.Path(path_type=Path))
def restore(place: Place, *, file: Path) -> None:
    """Send the jobs that drain has saved in FILE again."""
    sent, failed = draining.restore(place, file)
    click.echo(f"{sent} sent")
    if failed:
        raise click.ClickException(f"{failed} were not; a job that is sent twice runs once: again")


if __name__ == "__main__":
    sys.exit(cli(prog_name="python -m operate"))
