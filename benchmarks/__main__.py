"""``python -m benchmarks [--quick] [NAME…]``: measure, show one table, keep the numbers."""

from __future__ import annotations

import http.client
import signal
import sys
import tempfile
from pathlib import Path

import click

from benchmarks import (
    accept,
    cold_start,
    concurrency,
    environments,
    further_test,
    machine,
    pipeline,
    receive_depth,
    report,
    startup,
    trigger,
)
from benchmarks.measurement import Figure, Plan
from benchmarks.processes import BenchmarkError

BENCHMARKS = {
    "concurrency": concurrency.measure,
    "receive_depth": receive_depth.measure,
    "accept": accept.measure,
    "pipeline": pipeline.measure,
    "trigger": trigger.measure,
    "startup": startup.measure,
    "environments": environments.measure,
    "cold_start": cold_start.measure,
    "test_cost": further_test.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)), metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="One small round, numbers not kept: to try it.")
def main(*, names: tuple[str, ...], quick: bool) -> None:
    """Measure ours and stock side by side. Names: concurrency, receive_depth, accept, pipeline,
    trigger, startup, environments, cold_start, test_cost; all of them without a name."""
    # SIGTERM unwinds like Ctrl-C, so that every child is ended and every folder removed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    figures: list[Figure] = []
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        plan = Plan(rounds=1 if quick else 3, is_quick=quick, folder=Path(folder))
        for name in names or BENCHMARKS:
            click.echo(f"{name} …", err=True)
            try:
                figures += _measure(name, plan)
            except (BenchmarkError, OSError, http.client.HTTPException) as error:
                failures.append(f"{name}: {type(error).__name__}: {error}")
    click.echo(report.table(figures))
    if failures:
        raise click.ClickException("\n".join(failures))


def _measure(name: str, plan: Plan) -> list[Figure]:
    facts = machine.facts()
    result = BENCHMARKS[name](plan)
    if not plan.is_quick:
        report.write(name, result, facts)
    return result.figures


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m benchmarks"))
