"""What a developer may choose for a run, by environment variables."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Runner = Literal["process", "thread"]
Logs = Literal["compact", "full"]
Memory = Literal["enforced", "reported"]
Fork = Literal["on", "off"]

#: what each variable may hold, the default first
CHOICES = {
    "EMULATOR_RUNNER": Runner,
    "EMULATOR_LOGS": Logs,
    "EMULATOR_MEMORY": Memory,
    "EMULATOR_FORK": Fork,
}


#: How alike two names are when one of them is mistyped, of 1.
_TYPING_ERROR = 0.85


class SettingError(ValueError):
    """A variable holds what it cannot mean; the message names both."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of one run. The first of each is what no variable means."""

    #: where functions run: in processes of their own, or in the one that has imported the app
    runner: Runner = "process"
    #: whether START, END and REPORT stand in the terminal, too
    logs: Logs = "compact"
    #: whether a function that uses more memory than it has is ended
    memory: Memory = "enforced"
    #: whether environments are forked from a process that has loaded boto3, where that can be
    fork: Fork = "on"


def read(environ: Mapping[str, str]) -> Settings:
    """Raises SettingError, also for a variable that is nearly one of these."""
    for name in environ.keys() - CHOICES.keys():
        if meant := difflib.get_close_matches(name, CHOICES, n=1, cutoff=_TYPING_ERROR):
            raise SettingError(f"{name} means nothing; {meant[0]} does")
    chosen = {name: value for name in CHOICES if (value := environ.get(name))}
    for name, value in chosen.items():
        allowed = get_args(CHOICES[name])
        if value not in allowed:
            raise SettingError(f"{name} is {value!r} and must be {' or '.join(allowed)}")
    return msgspec.convert(
        {name.removeprefix("EMULATOR_").lower(): value for name, value in chosen.items()}, Settings
    )
