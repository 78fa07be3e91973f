"""The one place that knows how ``chalice local`` starts, and joins in.

Chalice has no plug-ins. ``create_local_server`` is the function that every start goes through, with
and without autoreload, and that deploy, package and gen-policy never call; it is replaced by one
that first registers the project with the emulator's process.
"""

from __future__ import annotations

import inspect
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import chalice.cli
import chalice.local
import click

from emulator import guard, settings
from emulator.api_gateway import local_gateway
from emulator.clock import SystemClock
from emulator.declared import project
from emulator.declared.refusal import DeployRefusedError
from emulator.journal import Entry
from emulator.local import early_clients, reload_filter, start, worker_functions
from emulator.local.control import ControlClient, EmulatorGoneError, JournalSender, RefusedError
from emulator.local.running import StateFolderError, wait_for_end
from emulator.template import Names, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Chalice
    from chalice.config import Config

    from emulator.local.running import Running


def attach(app: Chalice) -> None:
    """Start or find the emulator, if it is ``chalice local`` that imports the app."""
    if not _is_serving():
        return
    if clients := early_clients.existing_clients():
        _stop(
            "an AWS client was made before emulator.attach(app), and would reach real AWS: "
            + "; ".join(clients)
            + ". Make it after attach, or in a function."
        )
    sys.dont_write_bytecode = True
    # chalice local shows every library's INFO lines: botocore says where it found the dummy keys
    logging.getLogger("botocore").setLevel(logging.WARNING)
    directory = Path.cwd()
    try:
        chosen = settings.read(os.environ)
    except settings.SettingError as error:
        _stop(str(error))
    region = start.region(os.environ)
    owner_pid = _owner_pid()
    try:
        running = start.find_or_start(directory, owner_pid=owner_pid, region=region)
    except (start.AlreadyRunningError, StateFolderError) as error:
        _stop(str(error))
    guard.pin_environment(os.environ, running.endpoint, region)
    guard.forbid("aws")
    reload_filter.install()
    threading.excepthook = _explain_broken_app
    _end_with(owner_pid, running.pid)
    chalice.local.create_local_server = _Server(running, region=region, runner=chosen.runner)


class _ProjectRefused(SystemExit):
    """Ends the thread that was to serve; under autoreload Chalice watches on, else it ends."""

    def __init__(self) -> None:
        super().__init__(1)


class _Server:
    """Stands in for Chalice's ``create_local_server``."""

    def __init__(self, running: Running, *, region: str, runner: settings.Runner) -> None:
        self._running = running
        self._runner = runner
        self._region = region
        self._control = ControlClient(running)

    def __call__(self, app: Chalice, config: Config, host: str, port: int) -> Any:
        names = Names(
            app=config.app_name,
            stage=config.chalice_stage,
            region=self._region,
            account_id=start.ACCOUNT_ID,
        )
        try:
            described = project.describe(app, config, names)
            # not over what leads to the emulator
            os.environ.update(
                project.api_variables(described)
                | guard.pinned(self._running.endpoint, self._region)
            )
            news = self._control.register(described)
            self._control.close()
            sender = JournalSender(ControlClient(self._running))
            server = local_gateway.create_server(
                app, config, host=host, port=port, record=_recorder(sender),
                responses=project.gateway_responses(described),
            )  # fmt: skip
        except (TemplateError, DeployRefusedError, RefusedError) as error:
            # not _stop: what waits in queues and tables outlives a mistake in a file
            again = "\nCorrect it and save: chalice local reloads by itself." if _reloads() else ""
            _say(f"chalice local: {error}{again}", err=True)
            raise _ProjectRefused from None
        except (EmulatorGoneError, local_gateway.ListenError) as error:
            _stop(str(error))
        for line in news:
            _say(line)
        if self._runner == "thread":
            _say("Functions run in this process, one event at a time and without timeouts.")
            worker_functions.start(ControlClient(self._running))
        return server


def _recorder(sender: JournalSender) -> local_gateway.Record:
    clock = SystemClock()

    def record(*, method: str, path: str, status: int, duration_ms: int, request_id: str) -> None:
        data = {"status": status, "duration_ms": duration_ms, "request_id": request_id}
        sender.add(
            Entry(
                at_ms=clock.now_ms(), subject="api", action="request",
                data={"route": f"{method} {path}", **data},
            )
        )  # fmt: skip

    return record


def _is_serving() -> bool:
    code = chalice.cli.create_local_server.__code__
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _reloads() -> bool:
    """Whether Chalice's reloader has started this process, and starts it again after a change."""
    return "CHALICE_WORKER" in os.environ


def _owner_pid() -> int:
    """The ``chalice local`` to end with: this process, or under autoreload its parent."""
    if not _reloads():
        return os.getpid()
    parent_pid = os.getppid()
    # the parent was killed while this process loaded: whoever has adopted it never ends
    if os.getpgid(parent_pid) != os.getpgrp():
        os._exit(0)
    return parent_pid


def _end_with(owner_pid: int, emulator_pid: int) -> None:
    """Leave when ``chalice local`` has gone (SIGTERM reaches only its parent), or the emulator."""
    if owner_pid != os.getpid():
        _when_ended(owner_pid, lambda: os._exit(0))
    _when_ended(
        emulator_pid,
        lambda: _stop(
            f"the emulator (process {emulator_pid}) has ended, and its queues and tables with it. "
            "Start chalice local again."
        ),
    )


def _when_ended(pid: int, act: Callable[[], object]) -> None:
    def wait() -> None:
        wait_for_end(pid)
        act()

    threading.Thread(target=wait, name=f"end of {pid}", daemon=True).start()


def _explain_broken_app(args: threading.ExceptHookArgs) -> None:
    """What Chalice's reloader leaves of an app.py that raises is a dead thread: say what to do."""
    if args.exc_type is _ProjectRefused:
        return
    sys.excepthook(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    _say("app.py could not be loaded. Correct it and save: chalice local reloads by itself.")


def _say(text: str, *, err: bool = False) -> None:
    click.echo(text, err=err)


def _stop(text: str) -> NoReturn:
    """End this process from whichever thread: under autoreload Chalice imports the app in one."""
    click.echo(f"chalice local: {text}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
