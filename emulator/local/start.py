"""Finds the project's emulator process, or starts it, before ``chalice local`` serves."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import msgspec

from emulator.local.running import Running, StateFolder, is_alive

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Where AWS emulators are looked for by habit.
PORT_PREFERRED = 4566
#: An emulator whose ``chalice local`` is gone ends within three seconds; a little more is waited.
HANDOVER_SECONDS_MAX = 6
_HANDOVER_STEP_SECONDS = 0.05


REGION_DEFAULT = "us-east-1"
ACCOUNT_ID = "123456789012"


class AlreadyRunningError(RuntimeError):
    """Another ``chalice local`` runs the same project; the message says which."""


def region(environ: Mapping[str, str]) -> str:
    """Where everything is, as SDKs find it out."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or REGION_DEFAULT


def find_or_start(
    project: Path, *, owner_pid: int, region: str, port: int | None = None
) -> Running:
    """The emulator of the project for the process ``owner_pid``, with which it ends; started if
    need be. ``port`` is its endpoint's, if it is not to be chosen.

    Raises AlreadyRunningError if another process has it, StateFolderError if nothing can be
    written, OSError if the port cannot be had.
    """
    folder = StateFolder(project)
    for _ in range(round(HANDOVER_SECONDS_MAX / _HANDOVER_STEP_SECONDS)):
        with folder.lock() as lock:
            if lock.held:
                return _start(
                    folder, project, owner_pid=owner_pid, region=region, lock_fd=lock.fd, port=port
                )
        running = folder.read()
        if running is not None and running.owner_pid == owner_pid:
            if running.pid:
                return running
        elif running is not None and is_alive(running.owner_pid):
            raise AlreadyRunningError(
                f"process {running.owner_pid} already runs this project, with its AWS at "
                f" {running.endpoint}. Stop that one first, or run a copy of the project."
            )
        threading.Event().wait(_HANDOVER_STEP_SECONDS)
    raise AlreadyRunningError(
        "an emulator of this project is still ending. Try again in a moment; "
        "`python -m emulator status` names its process."
    )


def _start(
    folder: StateFolder,
    project: Path,
    *,
    owner_pid: int,
    region: str,
    lock_fd: int,
    port: int | None,
) -> Running:
    listener = _listen() if port is None else _listen_on(port)
    host, port = listener.getsockname()
    with listener:
        # written before the process exists: it holds the lock from its first moment, and whoever
        # meets the lock must find out whose it is
        running = Running(
            pid=0,
            endpoint=f"http://{host}:{port}",
            token=secrets.token_urlsafe(24),
            project=str(project),
            owner_pid=owner_pid,
        )
        folder.write(running)
        start = {
            "running": running, "listener_fd": listener.fileno(), "lock_fd": lock_fd,
            "region": region,
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "serve"],
            env={
                **_without_chalice(os.environ),
                "EMULATOR_START": msgspec.json.encode(start).decode(),
            },
            pass_fds=(listener.fileno(), lock_fd),
            stdin=subprocess.DEVNULL,
            # Ctrl-C goes to chalice local; the emulator sees it end
            start_new_session=True,
        )
    running = msgspec.structs.replace(running, pid=process.pid)
    folder.write(running)
    return running


def _listen() -> socket.socket:
    """The endpoint's socket, listening: a client may connect while the emulator still loads."""
    try:
        return _listen_on(PORT_PREFERRED)
    except OSError:
        return _listen_on(0)


def _listen_on(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=128)


def _without_chalice(environ: os._Environ[str]) -> dict[str, str]:
    return {k: v for k, v in environ.items() if k not in ("AWS_CHALICE_CLI_MODE", "CHALICE_WORKER")}
