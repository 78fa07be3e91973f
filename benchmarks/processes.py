"""Processes that a benchmark starts, and ends with everything they started themselves."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
#: How long anything started here may take until it answers.
READY_SECONDS_MAX = 60
#: How long it may take to end by itself, before it is killed.
END_SECONDS_MAX = 8
_STEP_SECONDS = 0.005


class BenchmarkError(RuntimeError):
    """A benchmark cannot go on; the message says what was expected, and what a child wrote."""


def clean_environment(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a child: no AWS settings but those in ``more``.

    Its temporary files go to ``folder``, which is made if it is not there.
    """
    folder.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON", "CHALICE"))}
    path = os.pathsep.join([str(BIN), kept.get("PATH", "")])
    return {**kept, "PATH": path, "TMPDIR": str(folder), **more}


def aws_environment(folder: Path, endpoint: str | None, **more: str) -> dict[str, str]:
    """``clean_environment`` with made-up credentials, and an endpoint if there is one."""
    pinned = {
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }
    return clean_environment(folder, **pinned, **more)


@contextlib.contextmanager
def running(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in ``folder`` that ends, with all its descendants, when the block does."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM for the group; what is left of the family is killed, each by its number."""
    family = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS_MAX)
    _, left = psutil.wait_procs(family, timeout=END_SECONDS_MAX)
    for relative in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            relative.kill()
    process.kill()
    process.wait()


def output_of(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], seconds_max: float
) -> bytes:
    """What a command prints; raises BenchmarkError if it fails or takes too long."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False,
            stdin=subprocess.DEVNULL, timeout=seconds_max,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"{command} took longer than {seconds_max} s") from None
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise BenchmarkError(f"{command} failed:\n{said[-3000:]}")
    return done.stdout


def wait_until(is_ready: Callable[[], bool], *, what: str, log: Path) -> None:
    """Ask every few milliseconds; raises BenchmarkError, with the log's end, if it never is."""
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if is_ready():
                return
        time.sleep(_STEP_SECONDS)
    raise BenchmarkError(f"{what}: not within {READY_SECONDS_MAX} s\n{log.read_text()[-3000:]}")


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def accepts_connections(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
