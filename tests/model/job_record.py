"""The job's record in the model: the service's own transition table, on as few values as it needs.

Every condition and every change is the one that the service's writes are made of. Times stand
relative to the clock that most actors share: what has passed is before it, what is to come ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from chalicelib.jobs import transitions
from chalicelib.jobs.model import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.jobs.expressions import Condition
    from chalicelib.jobs.transitions import Transition

PASSED, NOW, AHEAD = 0, 1, 2
#: the reader's clock is so fast that to it a deadline ahead has passed
FAST_NOW = 3
ATTEMPTS_MAX = 2

_TERMINAL = {status.value for status in TERMINAL}


class Record(NamedTuple):
    """What the conditions look at, and of which attempt the result is."""

    status: str
    attempt: int = 0
    deadline: int = AHEAD
    lease: int | None = None
    result_of: int = 0

    @property
    def terminal(self) -> bool:
        return self.status in _TERMINAL

    @property
    def over(self) -> bool:
        """Ended, and perhaps deleted since."""
        return self.terminal or self.status == "purged"

    @property
    def leased(self) -> bool:
        return self.lease == AHEAD

    @property
    def overdue(self) -> bool:
        return self.deadline == PASSED

    def fields(self) -> dict[str, Any]:
        """As the table's conditions name them."""
        fields = {
            "pk": "model",
            "s": self.status,
            "n": self.attempt,
            "m": ATTEMPTS_MAX,
            "d": self.deadline,
            "x": AHEAD,
            "v": 0,
            "h": [],
        }
        return fields if self.lease is None else {**fields, "l": self.lease}

    def after(self, event: str, fields: dict[str, Any], attempt: int) -> Record:
        """The record that these fields are, after ``event`` of an attempt."""
        return Record(
            status=fields["s"],
            attempt=fields["n"],
            deadline=fields["d"],
            lease=fields.get("l"),
            result_of=attempt if event == "succeed" else self.result_of,
        )


def given(*, now: int = NOW, attempt: int = 0) -> dict[str, Any]:
    """The values that go with a write."""
    return {
        **transitions.CONSTANTS,
        ":now": now,
        ":now_s": now,
        ":attempt": attempt,
        ":lease": AHEAD,
        ":started": [],
        ":expiry": AHEAD,
    }


class Table:
    """The rows of the transition table, as they are or changed on purpose.

    ``used`` has the numbers of the rows that have allowed a write.
    """

    def __init__(self, rows: Iterable[Transition] = transitions.TRANSITIONS) -> None:
        self._rows = list(rows)
        self.used: set[int] = set()

    def write(
        self, record: Record | None, event: str, *, now: int = NOW, attempt: int = 0
    ) -> Record | None:
        """The record after the write, or None if it is refused."""
        fields = record.fields() if record else {}
        values = given(now=now, attempt=attempt)
        allowed = {
            number
            for number, row in enumerate(self._rows)
            if row.event == event and row.condition.holds(fields, values)
        }
        self.used |= allowed
        if not allowed:
            return None
        if record is None:
            return Record(status="queued")
        changed = transitions.write(event).change.applied(fields, values)
        return record.after(event, changed, attempt)

    def without(self, part: Condition, *events: str) -> Table:
        """The table whose rows of these events do not require ``part``."""
        rows = list(self._rows)
        for number, row in enumerate(rows):
            if row.event in events and part in row.conditions:
                left = tuple(condition for condition in row.conditions if condition != part)
                rows[number] = msgspec.structs.replace(row, conditions=left)
        assert rows != self._rows
        return Table(rows)
