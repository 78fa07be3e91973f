"""``python -m emulator``: look at the emulator of the project in the current folder."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from emulator import settings, template
from emulator.local import start
from emulator.local.control import ControlClient, EmulatorGoneError, RefusedError
from emulator.local.running import StateFolder, StateFolderError, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

#: What ends a command with its own text.
_REFUSED = (
    settings.SettingError,
    start.AlreadyRunningError,
    template.TemplateError,
    StateFolderError,
    EmulatorGoneError,
    RefusedError,
)


@click.group()
def cli() -> None:
    """Look at the emulator that chalice local runs for the project in this folder."""


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(*, as_json: bool) -> None:
    """What runs and what waits."""
    found = _ask(ControlClient.status)
    click.echo(msgspec.json.encode(found).decode() if as_json else _table(found))


@cli.command()
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="4566 if it is free, else any; 0: any free one."
)
@click.option(
    "--resources",
    "stage",
    metavar="STAGE",
    help="Make what .chalice/resources.json describes for a stage: queues, tables, buckets.",
)
def endpoint(*, port: int | None, stage: str | None) -> None:
    """Serve AWS alone, without an app, until Ctrl-C: deploy to it as to AWS."""
    try:
        settings.read(os.environ)
        resources, names = _resources(stage) if stage else ([], None)
        running = start.find_or_start(
            Path.cwd(), owner_pid=os.getpid(), region=start.region(os.environ), port=port
        )
        notes = ControlClient(running).provision(resources, names) if names else []
    except _REFUSED as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"port {port}: {os.strerror(error.errno or 0)}; choose another"
        ) from None
    for note in notes:
        click.echo(f"Note: {note}")
    click.echo(f"AWS: {running.endpoint}")
    with contextlib.suppress(KeyboardInterrupt):
        wait_for_end(running.pid)
        raise click.ClickException(f"the emulator (process {running.pid}) has ended")


@cli.command("cold-start")
@click.argument("function", required=False)
def cold_start(*, function: str | None) -> None:
    """Have the next invocation of FUNCTION, or of every function, start cold."""
    for name in _ask(lambda client: client.cold_start(function)):
        click.echo(f"the next invocation of {name} starts cold")


@cli.command()
@click.option("--stage", default="dev", show_default=True, help="The stage to be deployed.")
@click.option(
    "--template",
    "packaged",
    type=click.Path(path_type=Path, exists=True),
    help="What chalice package made, to be looked at too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def check(*, stage: str, packaged: Path | None, as_json: bool) -> None:
    """What AWS would refuse of this project, and what would hurt; exit code 1 if there is any."""
    # the app and moto take their time to import, which no other command should wait for
    command = importlib.import_module("emulator.checking.command")
    found = command.run(Path.cwd(), stage=stage, packaged=packaged)
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


def _resources(stage: str) -> tuple[list[template.Resource], template.Names]:
    """What this folder's template describes. Raises TemplateError."""
    try:
        config = msgspec.json.decode(Path(".chalice/config.json").read_bytes())
        app = config["app_name"]
    except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise template.TemplateError(f".chalice/config.json cannot be read: {error}") from None
    names = template.Names(
        app=app, stage=stage, region=start.region(os.environ), account_id=start.ACCOUNT_ID
    )
    return template.read(Path(template.PATH), names), names


def _ask(question: Callable[[ControlClient], Answer]) -> Answer:
    """The answer of this folder's emulator; ends the command if there is none."""
    try:
        running = StateFolder(Path.cwd()).find()
        if running is not None:
            return question(ControlClient(running))
    except _REFUSED as error:
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
    lines += [f"api        {name}: {url}" for url, name in found["apis"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli(prog_name="python -m emulator"))
