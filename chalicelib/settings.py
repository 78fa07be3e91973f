"""The environment, read once: nothing else in the service looks at it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from chalicelib import limits
from chalicelib.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Shorter keys could be guessed.
KEY_BYTES_MIN = 16
CALLBACK_SECRETS_MAX = 2

#: Where AWS SDKs find AWS, if not in its own place: the emulator sets it.
_ENDPOINT = "AWS_ENDPOINT_URL"
_THIS_MACHINE = re.compile(r"https?://(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?/?")


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
    callbacks_queue: str
    #: what receivers' secrets are derived from: one, or while it is replaced the new one and the
    #: old one; none: callbacks are switched off
    callback_secrets: tuple[bytes, ...] = ()
    #: in development, where AWS is on this machine: callbacks to it too
    callback_allow_loopback: bool = False
    #: None: results that are too large for the table are too large
    results_bucket: str | None = None
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
            callbacks_queue=_required(environment, "CALLBACKS_QUEUE"),
            callback_secrets=_callback_secrets(environment, "CALLBACK_SECRET"),
            callback_allow_loopback=_local_flag(environment, "CALLBACK_ALLOW_LOOPBACK"),
            results_bucket=environment.get("RESULTS_BUCKET") or None,
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


def _local_flag(environment: Mapping[str, str], name: str) -> bool:
    """A flag that nobody can set by mistake where the service is deployed."""
    flag = _flag(environment, name)
    if flag and not _THIS_MACHINE.fullmatch(environment.get(_ENDPOINT, "")):
        raise SettingsError(f"{name} is true, but {_ENDPOINT} is not on this machine: remove it")
    return flag


def _seconds(environment: Mapping[str, str], name: str, most: int) -> int:
    value = environment.get(name, str(most))
    if not (value.isascii() and value.isdecimal() and int(value) <= most):
        raise SettingsError(f"{name} is {value!r}, it must be a number of 0 to {most}")
    return int(value)


def _key(environment: Mapping[str, str], name: str) -> bytes:
    return _long_enough(_required(environment, name).encode(), name)


def _callback_secrets(environment: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    secrets = environment.get(name, "").split()
    if len(secrets) > CALLBACK_SECRETS_MAX:
        detail = f"{len(secrets)} secrets, it can have a new one and an old one"
        raise SettingsError(f"{name} has {detail}")
    return tuple(_long_enough(secret.encode(), name) for secret in secrets)


def _long_enough(key: bytes, name: str) -> bytes:
    if len(key) < KEY_BYTES_MIN:
        raise SettingsError(f"{name} has {len(key)} bytes, it needs {KEY_BYTES_MIN} or more")
    return key
