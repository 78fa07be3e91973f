"""The program of an execution environment: AWS's own runtime client, on a lifeline.

Started as ``python -m emulator.runtime.bootstrap <handler>`` in the project's directory, as the
leader of a process group, with the lifeline as standard input.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from awslambdaric import lambda_runtime_client
from awslambdaric.__main__ import main as run_runtime_client

from emulator import guard
from emulator.runtime.portable_client import PortableClient


def _end_with_the_emulator(lifeline: int) -> None:
    """Wait until the emulator closes its end or is killed; then end the whole process group."""
    os.read(lifeline, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _take_lifeline() -> int:
    """Move the lifeline away from standard input, where a function on Lambda finds nothing."""
    lifeline = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return lifeline


def main() -> None:
    lifeline = _take_lifeline()
    threading.Thread(target=_end_with_the_emulator, args=(lifeline,), daemon=True).start()
    # python -m has put the project first; Chalice deploys what is in vendor/ beside it.
    sys.path.insert(1, str(Path(os.environ["LAMBDA_TASK_ROOT"]) / "vendor"))
    guard.forbid("aws")
    if lambda_runtime_client.runtime_client is None:
        client = PortableClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
        lambda_runtime_client.runtime_client = client
    run_runtime_client(sys.argv)


if __name__ == "__main__":
    main()
