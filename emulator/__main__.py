"""``python -m emulator``: look at the emulator of the project in the current folder."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from emulator.checking.rules import PAGES
from emulator.costs import bill
from emulator.local.control import ControlClient, EmulatorGoneError, RefusedError
from emulator.local.running import StateFolder, StateFolderError

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


@click.group()
def cli() -> None:
    """Look at the emulator that chalice local runs for the project in this folder."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--endpoint", "endpoint_only", is_flag=True, help="Print AWS's address alone.")
def status(*, as_json: bool, endpoint_only: bool) -> None:
    """What runs and what waits."""
    found = _ask(ControlClient.status)
    if endpoint_only:
        click.echo(found["endpoint"])
    else:
        click.echo(msgspec.json.encode(found).decode() if as_json else _table(found))


@cli.command("cold-start")
@click.argument("function", required=False)
def cold_start(*, function: str | None) -> None:
    """Have the next invocation of FUNCTION, or of every function, start cold."""
    for name in _ask(lambda client: client.cold_start(function)):
        click.echo(f"the next invocation of {name} starts cold")


@cli.command()
@click.option("--per", metavar="N|QUEUE", help="A number of jobs, or the queue that they go into.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--reset", is_flag=True, help="Count from now on.")
def costs(*, per: str | None, as_json: bool, reset: bool) -> None:
    """Dollars for a million of what was done, by what was asked of AWS here."""
    usage = _ask(lambda client: client.usage(reset=reset))
    try:
        found = bill.of(usage, per)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(msgspec.json.encode(found).decode() if as_json else bill.table(found))


@cli.command()
@click.option("--stage", default="dev", show_default=True, help="The stage to be deployed.")
@click.option(
    "--template",
    "packaged",
    type=click.Path(path_type=Path, exists=True),
    help="What chalice package made, to be looked at too.",
)
@click.option(
    "--ignore",
    "ignored",
    type=click.Choice(sorted(PAGES)),
    metavar="RULE",
    multiple=True,
    help="A rule that is not to be looked at; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def check(*, stage: str, packaged: Path | None, ignored: tuple[str, ...], as_json: bool) -> None:
    """What AWS would refuse of this project, and what would hurt; exit code 1 if there is any."""
    # the app and moto take their time to import, which no other command should wait for
    command = importlib.import_module("emulator.checking.command")
    all_found = command.run(Path.cwd(), stage=stage, packaged=packaged)
    found = [finding for finding in all_found if finding.rule not in ignored]
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    for finding in () if as_json else found:
        click.echo(finding)
    if not as_json and not found:
        click.echo(f"nothing to change in stage {stage}")
    sys.exit(1 if found else 0)


@cli.command(hidden=True)
def serve() -> None:
    """The emulator's own process; chalice local starts it."""
    # moto takes a third of a second to import, which no other command should wait for
    try:
        importlib.import_module("emulator.local.serve").main()
    except StateFolderError as error:
        raise click.ClickException(str(error)) from None
    sys.stdout.flush()
    # nothing is left to do, and to take moto's modules apart would take up to half a second
    os._exit(0)


def _ask(question: Callable[[ControlClient], Answer]) -> Answer:
    """The answer of this folder's emulator; ends the command if there is none."""
    try:
        running = StateFolder(Path.cwd()).find()
        if running is not None:
            return question(ControlClient(running))
    except (StateFolderError, EmulatorGoneError, RefusedError) as error:
        raise click.ClickException(str(error)) from None
    raise click.ClickException("no emulator runs for this folder. Start one with: chalice local")


def _table(found: dict[str, Any]) -> str:
    lines = [f"emulator   process {found['pid']}, AWS at {found['endpoint']}"]
    lines += [f"function   {name}" for name in found["functions"]]
    lines += [
        f"queue      {name}: {counts['visible']} waiting, {counts['in_flight']} in flight, "
        f"{counts['delayed']} delayed"
        for name, counts in found["queues"].items()
    ]
    lines += [f"table      {name}: {rows} items" for name, rows in found["tables"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli(prog_name="python -m emulator"))
