"""Every change of a job's state: from where, to where, who makes it, and what must hold for it.

The table is the only place that says so. ``job_store`` makes each write from it, and each write is
one conditional update, so the table decides every race. Whatever is not here cannot happen.

Fields, as ``job_item`` names them: ``s`` status, ``n`` attempt, ``m`` attempts at most, ``d``
deadline, ``l`` lease, ``x`` expiry in seconds, ``c`` when cancelling was asked for, ``f`` finish,
``h`` starts of the attempts, ``v`` version, ``p`` progress. Given with a write: ``:now`` and
``:now_s``, ``:attempt`` (the writer's own, or the one it read), ``:lease`` and ``:started`` of a
claim, ``:expiry`` of an end.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from chalicelib.jobs.expressions import (
    Absent,
    AllOf,
    AnyOf,
    Append,
    Change,
    Compare,
    Condition,
    Given,
    OneOf,
    Plus,
)
from chalicelib.jobs.model import ACTIVE, TERMINAL, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Who makes a transition.
ACCEPT_ROUTE = "accept route"
WORKER = "worker, with the job's message in hand"
HOLDER = "worker of the current attempt"
SUCCESSOR = "worker or dead-letter handler, with the job's message in hand"
ANYBODY = "first reader, worker, dead-letter handler or sweep"
CANCEL_ROUTE = "cancel route"
DELETE_ROUTE = "delete route"

_RECORD_ABSENT = AnyOf((Absent("pk"), Compare("x", "<=", ":now_s")))
_DEADLINE_AHEAD = Compare("d", ">", ":now")
_DEADLINE_PASSED = Compare("d", "<=", ":now")
_ATTEMPT_LEFT = Compare("n", "<", "m")
#: nobody is known to work on it: let go of, or the worker's time is over
_LEASE_PASSED = AnyOf((Absent("l"), Compare("l", "<", ":now")))
#: the fence: a writer whose attempt is over changes nothing
_SAME_ATTEMPT = Compare("n", "=", ":attempt")


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Rows with the same event are one write, whose condition any of them fulfils."""

    event: str
    actor: str
    #: none: there is no record
    sources: tuple[Status, ...]
    #: None: the status stays
    target: Status | None
    #: beside the status; all of them
    conditions: tuple[Condition, ...] = ()

    @property
    def condition(self) -> Condition:
        """All that must hold, with the status."""
        parts = (*self._status(), *self.conditions)
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _status(self) -> tuple[Condition, ...]:
        names = tuple(map(value_name, self.sources))
        if len(names) == 1:
            return (Compare("s", "=", names[0]),)
        return (OneOf("s", names),) if names else ()


def value_name(status: Status) -> str:
    """How a status is named among the values of a write."""
    return f":{status.value}"


#: What stands for itself in every write.
CONSTANTS: Mapping[str, str | int] = {
    **{value_name(status): status.value for status in Status},
    ":one": 1,
}

_ACTIVE = tuple(status for status in Status if status in ACTIVE)
_TERMINAL = tuple(status for status in Status if status in TERMINAL)
_WORKED_ON = (Status.RUNNING, Status.CANCELING)

TRANSITIONS = (
    Transition(
        event="accept",
        actor=ACCEPT_ROUTE,
        sources=(),
        target=Status.QUEUED,
        conditions=(_RECORD_ABSENT,),
    ),
    Transition(
        event="claim",
        actor=WORKER,
        sources=(Status.QUEUED,),
        target=Status.RUNNING,
        conditions=(_DEADLINE_AHEAD, _ATTEMPT_LEFT),
    ),
    Transition(
        event="claim",
        actor=WORKER,
        sources=(Status.RUNNING,),
        target=Status.RUNNING,
        conditions=(_LEASE_PASSED, _DEADLINE_AHEAD, _ATTEMPT_LEFT),
    ),
    Transition(
        # also when cancelling: the answer tells the worker so
        event="progress",
        actor=HOLDER,
        sources=_WORKED_ON,
        target=None,
        conditions=(_SAME_ATTEMPT,),
    ),
    Transition(
        event="release",
        actor=HOLDER,
        sources=(Status.RUNNING,),
        target=Status.RUNNING,
        conditions=(_SAME_ATTEMPT,),
    ),
    Transition(
        # also when cancelling: the status says what happened to the work
        event="succeed",
        actor=HOLDER,
        sources=_WORKED_ON,
        target=Status.SUCCEEDED,
        conditions=(_SAME_ATTEMPT,),
    ),
    Transition(
        event="fail",
        actor=HOLDER,
        sources=_WORKED_ON,
        target=Status.FAILED,
        conditions=(_SAME_ATTEMPT,),
    ),
    Transition(
        event="fail-abandoned",
        actor=SUCCESSOR,
        sources=(Status.QUEUED,),
        target=Status.FAILED,
        conditions=(_SAME_ATTEMPT,),
    ),
    Transition(
        event="fail-abandoned",
        actor=SUCCESSOR,
        sources=(Status.RUNNING,),
        target=Status.FAILED,
        conditions=(_SAME_ATTEMPT, _LEASE_PASSED),
    ),
    Transition(
        # written before it is reported, so that all readers agree whatever their clocks say
        event="expire",
        actor=ANYBODY,
        sources=_ACTIVE,
        target=Status.FAILED,
        conditions=(_DEADLINE_PASSED,),
    ),
    Transition(
        event="cancel",
        actor=CANCEL_ROUTE,
        sources=(Status.QUEUED,),
        target=Status.CANCELED,
    ),
    Transition(
        # between two attempts
        event="cancel",
        actor=CANCEL_ROUTE,
        sources=(Status.RUNNING,),
        target=Status.CANCELED,
        conditions=(_LEASE_PASSED,),
    ),
    Transition(
        event="request-cancel",
        actor=CANCEL_ROUTE,
        sources=(Status.RUNNING,),
        target=Status.CANCELING,
    ),
    Transition(
        event="stop",
        actor=HOLDER,
        sources=(Status.CANCELING,),
        target=Status.CANCELED,
        conditions=(_SAME_ATTEMPT,),
    ),
    Transition(
        event="stop-abandoned",
        actor=SUCCESSOR,
        sources=(Status.CANCELING,),
        target=Status.CANCELED,
        conditions=(_LEASE_PASSED,),
    ),
    Transition(
        event="purge",
        actor=DELETE_ROUTE,
        sources=_TERMINAL,
        target=Status.PURGED,
    ),
)

_END = {"f": Given(":now"), "x": Given(":expiry")}

#: What an event changes beside status and version. What goes in and comes out (result,
#: failure, input) is added by the store: no condition looks at it.
_CHANGES: Mapping[str, Change] = {
    "claim": Change(
        {"n": Plus("n", ":one"), "l": Given(":lease"), "h": Append("h", ":started")}, ("p",)
    ),
    "progress": Change(),
    "release": Change({}, ("l", "p")),
    "succeed": Change(_END, ("l", "p", "e")),
    "fail": Change(_END, ("l", "p")),
    "fail-abandoned": Change(_END, ("l", "p")),
    "expire": Change(_END, ("l", "p")),
    "cancel": Change({**_END, "c": Given(":now")}, ("l", "p")),
    "request-cancel": Change({"c": Given(":now")}),
    "stop": Change(_END, ("l", "p")),
    "stop-abandoned": Change(_END, ("l", "p")),
    # a tombstone tells until its expiry that there was a job, and how many attempts
    "purge": Change({}, ("b", "ba", "bn", "bo", "c", "e", "g", "i", "k", "ko", "o", "r")),
}


class Write(msgspec.Struct, frozen=True):
    """An event as one conditional write."""

    condition: Condition
    change: Change


@functools.cache
def write(event: str) -> Write:
    """The write that ``event`` is; a KeyError for one that is not in the table."""
    rows = [row for row in TRANSITIONS if row.event == event]
    (target,) = {row.target for row in rows}
    status = {"s": Given(value_name(target))} if target else {}
    change = _CHANGES[event].adding({**status, "v": Plus("v", ":one")})
    condition = rows[0].condition if len(rows) == 1 else AnyOf(tuple(r.condition for r in rows))
    return Write(condition, change)


#: The condition of the put that accepts a job.
ACCEPT = TRANSITIONS[0].condition
