"""``demo.slow``: takes its time and says how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from chalicelib import clock
from chalicelib.task import TaskInput, task

if TYPE_CHECKING:
    from chalicelib.task import TaskContext

STEPS = 20
#: A worker gives a job at least half of its 60 seconds.
SECONDS_MAX = 25


class SlowInput(TaskInput, frozen=True):
    seconds: Annotated[float, msgspec.Meta(ge=0, le=SECONDS_MAX, examples=[10])] = 5


@task("demo.slow")
def demo_slow(given: SlowInput, context: TaskContext) -> dict[str, float]:
    """Sleeps in twenty steps; gives up a step that this attempt has no time for."""
    for step in range(STEPS):
        context.require_time(given.seconds / STEPS)
        clock.sleep(given.seconds / STEPS)
        context.progress((step + 1) / STEPS)
    return {"slept_seconds": given.seconds}
