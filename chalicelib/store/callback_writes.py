"""What is written of a callback into its job's item, and what must hold for it.

Fields: ``b`` URL and wanted events, ``ba`` deliveries that were tried, ``bn`` when the next one is
expected, ``bo`` how it ended. Given with a write: ``:tries`` as the writer read them, ``:next``,
``:outcome``, ``:now`` and ``:late``. The job's own state is not changed: see ``transitions``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import limits
from chalicelib.jobs import transitions
from chalicelib.jobs.expressions import Absent, AllOf, AnyOf, Change, Compare, Given, OneOf, Plus
from chalicelib.jobs.model import TERMINAL, Status
from chalicelib.jobs.transitions import Write
from chalicelib.store.job_item import number

if TYPE_CHECKING:
    from chalicelib.store.job_item import Item

_ENDED = OneOf("s", tuple(transitions.value_name(s) for s in Status if s in TERMINAL))
_HAS_CALLBACK = Compare("ba", ">=", ":zero")
_NO_OUTCOME = Absent("bo")
_SAME_TRY = Compare("ba", "=", ":tries")
_VERSION = {"v": Plus("v", ":one")}
_TRIED = {**_VERSION, "ba": Plus("ba", ":one")}

RETRY = Write(AllOf((_ENDED, _NO_OUTCOME, _SAME_TRY)), Change({**_TRIED, "bn": Given(":next")}))
END = Write(
    AllOf((_ENDED, _NO_OUTCOME, _SAME_TRY)), Change({**_TRIED, "bo": Given(":outcome")}, ("bn",))
)
AGAIN = Write(
    AllOf((_ENDED, _HAS_CALLBACK)), Change({**_VERSION, "ba": Given(":zero")}, ("bn", "bo"))
)
_EXPECTED_BEFORE = AnyOf(
    (Compare("bn", "<=", ":late"), AllOf((Absent("bn"), Compare("f", "<=", ":late"))))
)
REQUEUE = Write(
    AllOf((_ENDED, _HAS_CALLBACK, _NO_OUTCOME, _EXPECTED_BEFORE)),
    Change({**_VERSION, "bn": Given(":now")}),
)
#: Of which jobs the callback may have been lost; those whose end nobody wanted are among them.
LATE = REQUEUE.condition

CONSTANTS: Item = {
    ":zero": number(0),
    ":one": number(1),
    **{transitions.value_name(status): {"S": status.value} for status in TERMINAL},
}


def late_values(now_ms: int) -> Item:
    """The values of LATE."""
    late_ms = now_ms - limits.CALLBACK_LATE_SECONDS * 1000
    return {**CONSTANTS, ":late": number(late_ms), ":now": number(now_ms)}
