"""How long a request may be held back, and holding it: ``Prefer: wait`` and ``follow``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import limits
from chalicelib.requests import waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.http.http_message import HttpRequest
    from chalicelib.jobs.model import Job
    from chalicelib.requests.queries import Queries


def has_ended(job: Job) -> bool:
    return job.terminal


class Holder:
    """Holds requests. ``seconds_max`` of 0 lets none wait, whatever clients prefer."""

    def __init__(self, queries: Queries, *, seconds_max: int) -> None:
        self._queries = queries
        self._seconds_max = seconds_max

    def allowed_seconds(self, request: HttpRequest, wanted_seconds: int) -> int:
        """What is left of ``wanted_seconds`` in this function's time; 0 to answer at once."""
        left_seconds = (request.remaining_ms - limits.ANSWER_MARGIN_MS) // 1000
        return max(min(wanted_seconds, self._seconds_max, left_seconds), 0)

    def hold(self, job: Job, is_over: Callable[[Job], bool], *, seconds: int) -> Job:
        """The job once ``is_over`` of it, or after ``seconds``. Raises ProblemError if it goes."""
        return waiting.until(
            is_over, lambda: self._queries.job(job.tenant, job.id), job=job, seconds=seconds
        )
