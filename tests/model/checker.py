"""Explicit-state model checking: every state that any order of steps can reach, breadth first.

A system is actors around shared data. What an actor can do depends on its own data and on the
shared, and changes only these two; so it is worked out once for each such pair, however many states
have it. Actors of one kind are interchangeable, so their order within a state means nothing.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

#: By number: the shared data, then what each actor has of its own.
State = tuple[int, ...]


class Step(NamedTuple):
    """What an actor can do: the event's name, and what is its own and shared afterwards."""

    event: str
    own: Hashable
    shared: Hashable


class Actors(NamedTuple):
    """``number`` actors of one kind: what each has of its own at first, and what it can do."""

    kind: str
    own: Hashable
    steps: Callable[[Any, Any], Iterable[Step]]
    number: int = 1


class Numbered(NamedTuple):
    """A step by the numbers of its parts, and the safety properties that it breaks."""

    event: int
    own: int
    shared: int
    breaks: tuple[str, ...]


class Liveness(NamedTuple):
    """From every state with ``promised``, steps of ``helping`` events can lead to a ``kept`` one.

    ``promised`` and ``kept`` are asked of the shared data.
    """

    promised: Callable[[Any], bool]
    kept: Callable[[Any], bool]
    helping: Callable[[str], bool]


class Numbers:
    """Values by number, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def of(self, value: Hashable) -> int:
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Exploration:
    """All states that ``system`` can reach, in the order of their distance from the first.

    ``safety`` has functions of (shared before, event, shared after) that must be true of each step.
    ``broken`` has the shortest way to where one is not, as events. What lies behind that is not
    explored, and nothing more once every property is broken.
    """

    def __init__(
        self,
        system: Sequence[Actors],
        shared: Hashable,
        safety: Mapping[str, Callable[[Any, str, Any], bool]],
    ) -> None:
        self._safety = safety
        self._slots = [actors for actors in system for _ in range(actors.number)]
        self._groups = _groups(system)
        self._shared, self._own, self._events = Numbers(), Numbers(), Numbers()
        #: of each actor, what it can do by what is its own and shared; of one kind they share it
        self._memos = _memos(system)
        own = [self._own.of(slot.own) for slot in self._slots]
        self._states: list[State] = [(self._shared.of(shared), *own)]
        self._index: dict[State, int] = {self._states[0]: 0}
        #: of each state but the first, the step that found it
        self._found_by = array("I", [0])
        #: of each step: from which state, by which event, to which state
        self._from, self._by, self._to = array("I"), array("I"), array("I")
        self.broken: dict[str, list[str]] = {}
        self._explore()

    @property
    def states(self) -> int:
        return len(self._states)

    @property
    def steps(self) -> int:
        return len(self._from)

    @property
    def events(self) -> set[str]:
        """Every event that happens anywhere."""
        return set(self._events.values)

    @property
    def shared(self) -> list[Any]:
        """The shared data of every state, each once."""
        return self._shared.values

    def stranded(self, liveness: Liveness) -> list[str]:
        """The way to the nearest state in which a promise cannot be kept any more, if any."""
        promised = [liveness.promised(value) for value in self.shared]
        can = self._can_keep(liveness)
        for number, state in enumerate(self._states):
            if promised[state[0]] and not can[number]:
                return self._way_to(number)
        return []

    def _can_keep(self, liveness: Liveness) -> bytearray:
        """Of each state, whether helping events can lead from it to where a promise is kept."""
        kept = [liveness.kept(value) for value in self.shared]
        helping = [liveness.helping(event) for event in self._events.values]
        can = bytearray(kept[state[0]] for state in self._states)
        sources: list[list[int]] = [[] for _ in self._states]
        for source, event, target in zip(self._from, self._by, self._to, strict=True):
            if helping[event] and not can[source]:
                sources[target].append(source)
        todo = [number for number, good in enumerate(can) if good]
        while todo:
            for source in sources[todo.pop()]:
                if not can[source]:
                    can[source] = True
                    todo.append(source)
        return can

    def _explore(self) -> None:
        for number, state in enumerate(self._states):
            shared = state[0]
            for slot, memo in enumerate(self._memos, 1):
                if state[slot] == state[slot - 1] and self._groups[slot][0] < slot:
                    continue  # the actor before is alike and has taken this one's steps
                steps = memo.get((state[slot], shared))
                if steps is None:
                    steps = memo[state[slot], shared] = self._worked_out(slot, state)
                for step in steps:
                    if step.breaks:
                        self._note(step, number)
                    else:
                        self._take(step, number, slot)
            if len(self.broken) == len(self._safety) > 0:
                return

    def _worked_out(self, slot: int, state: State) -> list[Numbered]:
        """What the actor there can do in that state."""
        before = self._shared.values[state[0]]
        return [
            Numbered(
                event=self._events.of(step.event),
                own=self._own.of(step.own),
                shared=self._shared.of(step.shared),
                breaks=tuple(
                    name
                    for name, holds in self._safety.items()
                    if not holds(before, step.event, step.shared)
                ),
            )
            for step in self._slots[slot - 1].steps(self._own.values[state[slot]], before)
        ]

    def _take(self, step: Numbered, number: int, slot: int) -> None:
        state = self._states[number]
        after = [*state]
        after[0], after[slot] = step.shared, step.own
        first, end = self._groups[slot]
        if end - first > 1:
            after[first:end] = sorted(after[first:end])
        target = self._index.setdefault(tuple(after), len(self._states))
        if target == len(self._states):
            self._states.append(tuple(after))
            self._found_by.append(len(self._from))
        self._from.append(number)
        self._by.append(step.event)
        self._to.append(target)

    def _note(self, step: Numbered, number: int) -> None:
        for name in step.breaks:
            if name not in self.broken:
                self.broken[name] = [*self._way_to(number), self._events.values[step.event]]

    def _way_to(self, number: int) -> list[str]:
        events: list[str] = []
        while number:
            step = self._found_by[number]
            events.append(self._events.values[self._by[step]])
            number = self._from[step]
        return events[::-1]


def _groups(system: Sequence[Actors]) -> list[tuple[int, int]]:
    """Of each place in a state, where its kind's places begin and end."""
    groups = [(0, 1)]
    for actors in system:
        first = len(groups)
        groups.extend([(first, first + actors.number)] * actors.number)
    return groups


def _memos(system: Sequence[Actors]) -> list[dict[tuple[int, int], list[Numbered]]]:
    memos: list[dict[tuple[int, int], list[Numbered]]] = []
    for actors in system:
        memo: dict[tuple[int, int], list[Numbered]] = {}
        memos.extend([memo] * actors.number)
    return memos
