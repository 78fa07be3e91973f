"""Starts ``chalice local`` as a user does, and leaves nothing running."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from emulator.local.control import ControlClient
from emulator.local.running import StateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parent.parent.parent
CHALICE = Path(sys.executable).parent / "chalice"
START_SECONDS_MAX = 30
#: ``chalice local`` leaves nothing behind within three seconds; the rest is for a busy machine.
END_SECONDS_MAX = 10


def eventually(check: Callable[[], Any], *, seconds: float = 10) -> Any:
    """What ``check`` returns once it is true; fails the test if that takes too long."""
    until = time.perf_counter() + seconds
    pause = threading.Event()
    while not (found := check()):
        assert time.perf_counter() < until, f"not within {seconds} s: {check}"
        pause.wait(0.02)
    return found


def has_ended(process: psutil.Process) -> bool:
    """Also if its parent, or whoever adopted it, has not asked for its exit status."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def all_end(processes: Sequence[psutil.Process]) -> None:
    """Soon no process is left: not of the app, nor of the emulator, nor of a function."""
    assert processes
    eventually(lambda: all(map(has_ended, processes)), seconds=END_SECONDS_MAX)


class ChaliceLocal:
    """One running ``chalice local`` and its processes."""

    def __init__(
        self,
        project: Path,
        *arguments: str,
        port: int | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.project = project
        self.port = port or free_port()
        self.output = project.parent / f"{project.name}-{self.port}.out"
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                [CHALICE, "local", "--port", str(self.port), *arguments],
                cwd=project,
                env={**environment(), **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text()

    def wait_until_serving(self) -> ChaliceLocal:
        eventually(self._serves, seconds=START_SECONDS_MAX)
        return self

    def _serves(self) -> bool:
        assert self.process.poll() is None, self.text()
        try:
            self.call("GET", "/")
        except OSError:
            return False
        return True

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = "json" in (answer.headers["content-type"] or "")
        return answer.status, json.loads(content) if is_json else content.decode()

    def status(self) -> dict[str, Any]:
        """As ``python -m emulator status --json`` says, without a process for it."""
        found = StateFolder(self.project).find()
        assert found is not None, self.text()
        client = ControlClient(found)
        try:
            return client.status()
        finally:
            client.close()

    def family(self) -> list[psutil.Process]:
        """Every process of this ``chalice local``: its worker, the emulator, the environments."""
        emulator = psutil.Process(self.status()["pid"])
        parent = psutil.Process(self.process.pid)
        return [*parent.children(recursive=True), emulator, *emulator.children(recursive=True)]

    def end(self) -> None:
        """End whatever is left, as a test that failed leaves it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def environment() -> dict[str, str]:
    """A developer's shell without anything of AWS in it, and the emulator installed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


def emulator_command(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(project, sys.executable, "-m", "emulator", *arguments)


def run(project: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the project to its end, as a developer's shell does."""
    return subprocess.run(
        command,
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextlib.contextmanager
def chalice_local(
    project: Path,
    *arguments: str,
    port: int | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[ChaliceLocal]:
    running = ChaliceLocal(project, *arguments, port=port, more=more)
    try:
        yield running
    finally:
        running.end()
        eventually(lambda: StateFolder(project).find() is None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
