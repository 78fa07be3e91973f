"""What follows from one delivery of a callback: done, given up, or when to try again."""

from __future__ import annotations

import email.utils
import re
from typing import TYPE_CHECKING

import msgspec

from chalicelib import limits
from chalicelib.jobs.callback import Outcome

if TYPE_CHECKING:
    from chalicelib.callbacks.webhook_post import Answer

#: Wait before each attempt: 17 hours and a half in all.
SCHEDULE_SECONDS = (0, 5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600)
#: Each wait is longer or shorter by up to this share, so that what failed together does not come
#: back together.
JITTER = 0.2

#: The receiver wants no more of this. https://www.rfc-editor.org/rfc/rfc9110#name-410-gone
_GONE = 410
#: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
_MAY_SAY_WHEN = frozenset({429, 503})
_SECONDS = re.compile(r"\d{1,9}")


class RetryIn(msgspec.Struct, frozen=True):
    """Another attempt follows."""

    seconds: int


def judge(answer: Answer | None, *, attempts: int, jitter: float, now_ms: int) -> Outcome | RetryIn:
    """What the answer to attempt number ``attempts`` means; None stands for no answer.

    ``jitter`` is a random number from 0 to 1. A redirect is a failure: it is not followed.
    """
    if answer is not None and 200 <= answer.status < 300:
        return Outcome.DELIVERED
    if attempts >= len(SCHEDULE_SECONDS) or (answer is not None and answer.status == _GONE):
        return Outcome.FAILED
    wait_seconds = round(SCHEDULE_SECONDS[attempts] * (1 + JITTER * (2 * jitter - 1)))
    if answer is not None and answer.status in _MAY_SAY_WHEN:
        wait_seconds = max(wait_seconds, _retry_after_seconds(answer.retry_after, now_ms))
    return RetryIn(min(wait_seconds, limits.HIDE_SECONDS_MAX))


def _retry_after_seconds(text: str, now_ms: int) -> int:
    """What Retry-After asks for, as a number or a date; 0 if it is neither."""
    if _SECONDS.fullmatch(text.strip()):
        return int(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0
    return int(at.timestamp()) - now_ms // 1000
