"""What the messages of the soak test go through, and whether every one came to its end."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_RECEIVE_COUNT = 5
#: The steps a message may begin with, in per mille; the others are done at once.
TROUBLES = {"fail": 50, "raise": 10, "exit": 5, "hang": 3}
#: So many in a thousand are never done.
POISONED = 5


def bodies(count: int, *, seed: int) -> list[str]:
    """One body for each message: its number, and what becomes of each attempt at it."""
    chance = random.Random(seed)
    return [json.dumps({"n": n, "plan": _plan(chance)}) for n in range(count)]


def _plan(chance: random.Random) -> list[str]:
    drawn = chance.randrange(1000)
    if drawn < POISONED:
        return ["fail"]
    for trouble, per_mille in TROUBLES.items():
        drawn -= per_mille
        if drawn < POISONED:
            return [trouble, "done"]
    return ["done"]


def received(ledger: Path) -> dict[int, list[int]]:
    """The receive counts with which each message was handed to the function, in order."""
    counts: dict[int, list[int]] = defaultdict(list)
    for path in ledger.iterdir():
        for line in path.read_text().splitlines():
            number, count = line.split()
            counts[int(number)].append(int(count))
    return {number: sorted(found) for number, found in counts.items()}


def mistakes(
    sent: list[str], counts: Mapping[int, list[int]], dead: Mapping[int, int]
) -> list[str]:
    """What went wrong, a sentence each.

    ``counts`` are the receives of each message, ``dead`` the receive count of each dead letter.
    Every receive but the one that finds a message dead is one invocation, none is left out and
    none comes twice; a message is dead if and only if none of them did it.
    """
    found = []
    for text in sent:
        message = json.loads(text)
        number, plan = message["n"], message["plan"]
        got = counts.get(number, [])
        if got != list(range(1, len(got) + 1)) or not got:
            found.append(f"message {number} was received as {got}")
        elif number in dead and (len(got), dead[number]) != (MAX_RECEIVE_COUNT, MAX_RECEIVE_COUNT):
            found.append(f"message {number} is dead after {got}, with count {dead[number]}")
        elif number not in dead and plan[min(len(got), len(plan)) - 1] != "done":
            found.append(f"message {number} is gone after {got}, and was never done: {plan}")
        elif plan == ["fail"] and number not in dead:
            found.append(f"message {number} is poisoned, and not dead")
    return found
