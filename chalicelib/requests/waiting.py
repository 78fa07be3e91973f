"""Holding an answer back until a job has changed, so that a client need not ask again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from chalicelib import clock
from chalicelib.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.jobs.model import Job

#: Between two looks at the job; the last one repeats. Most jobs are over in well under a second.
LOOK_AFTER_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.0)


def until(
    is_over: Callable[[Job], bool], look: Callable[[], Job], *, job: Job, seconds: float
) -> Job:
    """The job as soon as ``is_over`` of it, at the latest after ``seconds``.

    ``job`` is as it stands now; ``look`` reads it anew. A look that the table does not answer is
    made again: it must not turn a job that was accepted into an error.
    """
    end_ms = clock.now_ms() + int(seconds * 1000)
    looks = 0
    while not is_over(job) and (left_ms := end_ms - clock.now_ms()) > 0:
        pause_seconds = LOOK_AFTER_SECONDS[min(looks, len(LOOK_AFTER_SECONDS) - 1)]
        clock.sleep(min(pause_seconds, left_ms / 1000))
        with contextlib.suppress(UnavailableError):
            job = look()
        looks += 1
    return job
