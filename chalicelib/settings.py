"""The environment, read once: nothing else in the service looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib import limits
from chalicelib.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Shorter keys could be guessed.
ID_KEY_BYTES_MIN = 16


class SettingsError(ServiceError):
    """An environment variable is missing or unusable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between one deployment and another."""

    #: names, not URLs, of what .chalice/resources.json creates
    jobs_table: str
    jobs_queue: str
    dead_letter_queue: str
    #: signs job ids, so that only ids made here are looked up
    job_id_key: bytes
    #: longest time that a client may have a request held; 0: none is
    wait_seconds_max: int = limits.WAIT_SECONDS_MAX
    #: set by the template that gives the mappings ReportBatchItemFailures, and only by it
    reports_batch_item_failures: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises SettingsError naming the variable and what is wrong with it."""
        return cls(
            jobs_table=_required(environment, "JOBS_TABLE"),
            jobs_queue=_required(environment, "JOBS_QUEUE"),
            dead_letter_queue=_required(environment, "JOBS_DEAD_LETTER_QUEUE"),
            job_id_key=_key(environment, "JOB_ID_KEY"),
            wait_seconds_max=_seconds(environment, "WAIT_SECONDS_MAX", limits.WAIT_SECONDS_MAX),
            reports_batch_item_failures=_flag(environment, "REPORTS_BATCH_ITEM_FAILURES"),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: add it to .chalice/config.json")
    return value


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "false")
    if value not in ("true", "false"):
        raise SettingsError(f"{name} is {value!r}, it must be true or false")
    return value == "true"


def _seconds(environment: Mapping[str, str], name: str, most: int) -> int:
    value = environment.get(name, str(most))
    if not (value.isascii() and value.isdecimal() and int(value) <= most):
        raise SettingsError(f"{name} is {value!r}, it must be a number of 0 to {most}")
    return int(value)


def _key(environment: Mapping[str, str], name: str) -> bytes:
    key = _required(environment, name).encode()
    if len(key) < ID_KEY_BYTES_MIN:
        raise SettingsError(f"{name} has {len(key)} bytes, it needs {ID_KEY_BYTES_MIN} or more")
    return key
