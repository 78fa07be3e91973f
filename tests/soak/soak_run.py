"""Ten thousand messages through crashes, timeouts, exits and failed items, in real processes.

Every message has to be done, or dead with the right count; no process and no descriptor may be
left over, and memory has to stay where it was once everything is warm.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

import soak_cloud  # noqa: E402
import soak_handler  # noqa: E402
import soak_workload  # noqa: E402

from emulator.clock import SystemClock  # noqa: E402
from emulator.emulator import Emulator  # noqa: E402
from emulator.runtime.execution_environment import Host  # noqa: E402
from emulator.runtime.function import LambdaFunction  # noqa: E402

if TYPE_CHECKING:
    from emulator.invocation import FunctionSpec

#: What memory may grow by from the first quarter to the end.
GROWTH_MB_MAX = 30
MINUTES_MAX = 20


class Sample(NamedTuple):
    left: int
    memory_mb: float


def main() -> int:
    options = arguments()
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        project, ledger = Path(folder) / "project", Path(folder) / "ledger"
        project.mkdir()
        ledger.mkdir()
        shutil.copy(soak_handler.__file__, project / "app.py")
        emulator = made(project)
        emulator.apply(soak_cloud.project(project, ledger))
        descriptors = process.num_fds()
        sent = soak_workload.bodies(options.messages, seed=options.seed)
        soak_cloud.send(emulator, sent)
        started = time.perf_counter()
        emulator.scheduler.start()
        samples = watched(emulator, process)
        seconds = time.perf_counter() - started
        dead = soak_cloud.dead_letters(emulator)
        counts = soak_workload.received(ledger)
        emulator.close()
    problems = soak_workload.mistakes(sent, counts, dead)
    problems += leftovers(process, descriptors, samples, options.messages)
    receives = sum(map(len, counts.values()))
    print(f"{len(sent)} messages in {seconds:.0f} s: {receives} receives, {len(dead)} dead")
    print("\n".join(problems) or "every message is accounted for, and nothing is left over")
    return int(bool(problems))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def made(project: Path) -> Emulator:
    clock = SystemClock()

    host = Host(project_dir=project, pinned={}, scratch_dir=project)

    def function(spec: FunctionSpec) -> LambdaFunction:
        return LambdaFunction(spec, host, clock=clock, journal=emulator.journal)

    emulator = Emulator(clock, make_function=function)
    return emulator


def watched(emulator: Emulator, process: psutil.Process) -> list[Sample]:
    """Wait until the queue is empty; memory every half second."""
    samples = []
    pause = threading.Event()
    until = time.perf_counter() + MINUTES_MAX * 60
    while True:
        with emulator.cloud.condition:
            counts = emulator.queue("work").counts(emulator.clock.now_ms())
        left = counts.visible + counts.in_flight
        samples.append(Sample(left, process.memory_info().rss / 1_000_000))
        if not left or time.perf_counter() > until:
            return samples
        pause.wait(0.5)


def leftovers(
    process: psutil.Process, descriptors: int, samples: list[Sample], messages: int
) -> list[str]:
    problems = []
    if children := process.children(recursive=True):
        problems.append(f"processes left over: {children}")
    if (now := process.num_fds()) > descriptors:
        problems.append(f"{now - descriptors} descriptors left over")
    warm = next((s for s in samples if s.left <= messages * 3 // 4), samples[0])
    growth_mb = samples[-1].memory_mb - warm.memory_mb
    print(f"memory: {warm.memory_mb:.0f} MB after a quarter, {growth_mb:+.0f} MB until the end")
    if growth_mb > GROWTH_MB_MAX:
        problems.append(f"memory grew by {growth_mb:.0f} MB")
    if samples[-1].left:
        problems.append(f"{samples[-1].left} messages are still in the queue")
    return problems


if __name__ == "__main__":
    sys.exit(main())
