"""What must be true of one job's life: of every step, and of what can still follow every state.

A safety property is a function of what is shared before a step, the step's event, and what is
shared after it; its docstring is the promise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker import Liveness
from job_record import ATTEMPTS_MAX

if TYPE_CHECKING:
    from job_life import Shared

#: A job never goes to a lower one.
_ORDER = ("queued", "running", "canceling", "succeeded", "failed", "canceled", "purged")


def end_never_changes(before: Shared, event: str, after: Shared) -> bool:
    """An end, once written or told to anybody, is the end; only a deletion can follow."""
    if before.record is None or after.record is None:
        return True
    if before.record.terminal and after.record != before.record:
        return after.record.status == "purged"
    return not after.told_failed or after.record.status not in ("succeeded", "canceled")


def status_moves_forward(before: Shared, event: str, after: Shared) -> bool:
    """A job that was worked on is never queued again, and one that is to stop never runs again."""
    if before.record is None or after.record is None:
        return before.record is None
    return _rank(before.record.status) <= _rank(after.record.status)


def result_is_of_the_current_attempt(before: Shared, event: str, after: Shared) -> bool:
    """The result is the one of the attempt that the record names."""
    record = after.record
    return record is None or record.status != "succeeded" or record.result_of == record.attempt


def attempt_that_is_over_changes_nothing(before: Shared, event: str, after: Shared) -> bool:
    """Only the current attempt's own worker writes how it went."""
    if before.record is None or not event.startswith("attempt"):
        return True
    return before.record == after.record or event.split()[1] == str(before.record.attempt)


def live_job_is_ended_by_its_worker(before: Shared, event: str, after: Shared) -> bool:
    """While a lease holds, nobody else ends the job, but for its deadline."""
    if before.record is None or after.record is None or before.record.over:
        return True
    others = not event.startswith("attempt") and not event.endswith(("expire", "deadline"))
    return not (others and after.record.over and before.record.leased)


def attempts_do_not_overlap(before: Shared, event: str, after: Shared) -> bool:
    """No attempt starts while another holds the lease."""
    return not _starts(before, after) or not (before.record and before.record.leased)


def attempts_start_in_time_and_in_number(before: Shared, event: str, after: Shared) -> bool:
    """No attempt starts past the deadline, nor one more than the job may have."""
    if before.record is None or not _starts(before, after):
        return True
    return not before.record.overdue and before.record.attempt < ATTEMPTS_MAX


def canceled_job_is_not_started(before: Shared, event: str, after: Shared) -> bool:
    """Once cancelling was asked for, no attempt starts."""
    return not _starts(before, after) or not (
        before.record and before.record.status in ("canceling", "canceled")
    )


SAFETY = {
    promise.__name__: promise
    for promise in (
        end_never_changes,
        status_moves_forward,
        result_is_of_the_current_attempt,
        attempt_that_is_over_changes_nothing,
        live_job_is_ended_by_its_worker,
        attempts_do_not_overlap,
        attempts_start_in_time_and_in_number,
        canceled_job_is_not_started,
    )
}


def _without_help(event: str) -> bool:
    """The service and SQS go on; no client does anything, no deadline passes, nobody dies."""
    own = ("worker", "attempt", "dead-letter", "SQS", "the lease")
    return event.startswith(own) and not event.endswith("dies")


def _over(shared: Shared) -> bool:
    return shared.record is not None and shared.record.over


def _deleted(shared: Shared) -> bool:
    return shared.record is not None and shared.record.status == "purged"


LIVENESS = {
    #: A client that has its 202 need do nothing more, and no deadline need pass.
    "accepted_job_ends": Liveness(
        promised=lambda shared: shared.accepted,
        kept=_over,
        helping=_without_help,
    ),
    #: Also a record that nobody was promised ends, if need be by its deadline.
    "every_record_ends": Liveness(
        promised=lambda shared: shared.record is not None,
        kept=_over,
        helping=lambda event: True,
    ),
    #: Unless the job is deleted before.
    "callback_is_sent": Liveness(
        promised=lambda shared: shared.accepted,
        kept=lambda shared: (
            shared.called_back or bool(shared.record and shared.record.status == "purged")
        ),
        helping=_without_help,
    ),
}


def _starts(before: Shared, after: Shared) -> bool:
    """Whether the step starts an attempt."""
    if before.record is None or after.record is None:
        return False
    return after.record.attempt > before.record.attempt


def _rank(status: str) -> int:
    """All ends are alike."""
    return min(_ORDER.index(status), 3) + (status == "purged")
