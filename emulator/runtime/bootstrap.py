"""The program of an execution environment: AWS's own runtime client, on a lifeline.

Started as ``python -m emulator.runtime.bootstrap <handler>`` in the project's directory, with the
lifeline as standard input. Leads a process group of its own.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import sys
import threading
from pathlib import Path

from awslambdaric import lambda_runtime_client
from awslambdaric.__main__ import main as run_runtime_client

from emulator import guard
from emulator.runtime.portable_client import PortableClient

#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
FILE_DESCRIPTORS_MAX = 1_024


def _end_with_the_emulator(lifeline: int) -> None:
    """End the whole process group when the emulator closes its end or is killed.

    On Linux the kernel does that, so that it also reaches a process which is being frozen just
    then and can do nothing itself.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
        if not select.select([lifeline], [], [], 0)[0]:
            return
        # it was closed before
    threading.Thread(target=_wait_for_the_end, args=(lifeline,), daemon=True).start()


def _wait_for_the_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def _take_lifeline() -> int:
    """Move the lifeline away from standard input, where a function on Lambda finds nothing."""
    lifeline = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return lifeline


def _limit_file_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most > FILE_DESCRIPTORS_MAX:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILE_DESCRIPTORS_MAX, FILE_DESCRIPTORS_MAX))


def main() -> None:
    os.setpgid(0, 0)
    # nohup's is inherited; a process that is frozen has to end by it when its zygote is killed
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    _limit_file_descriptors()
    _end_with_the_emulator(_take_lifeline())
    # python -m has put the project first; Chalice deploys what is in vendor/ beside it.
    sys.path.insert(1, str(Path(os.environ["LAMBDA_TASK_ROOT"]) / "vendor"))
    guard.forbid("aws")
    if lambda_runtime_client.runtime_client is None:
        client = PortableClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
        lambda_runtime_client.runtime_client = client
    run_runtime_client(sys.argv)


if __name__ == "__main__":
    main()
