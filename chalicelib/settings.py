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
#: What every Lambda function finds in its environment.
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_IN_LAMBDA = "LAMBDA_TASK_ROOT"
#: What the secrets in .chalice/config.json have in them, as they are or in base64.
_PUBLISHED = ("for development only", "for-development-only", "Zm9yIGRldmVsb3BtZW50IG9u")
#: A reference to a secret that CloudFormation replaces; chalice deploy does not.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_UNRESOLVED = "{{resolve:"
_THIS_MACHINE = re.compile(r"https?://(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?/?")


class SettingsError(ServiceError):
    """An environment variable is missing or unusable."""


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which JSON Web Tokens prove who calls."""

    #: a JSON Web Key Set, as text
    keys: str
    issuer: str
    audience: str
    #: the claim that names the tenant
    tenant_claim: str


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
    #: beyond this many in the queue, a tenant with many of them has to wait; 0: nobody has
    backlog_messages_max: int = limits.BACKLOG_MESSAGES_MAX
    #: None: the API is open, everybody is the same tenant
    tokens: TokenSettings | None = None
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
            wait_seconds_max=_number(
                environment,
                "WAIT_SECONDS_MAX",
                limits.WAIT_SECONDS_MAX,
                most=limits.WAIT_SECONDS_MAX,
            ),
            backlog_messages_max=_number(
                environment, "BACKLOG_MESSAGES_MAX", limits.BACKLOG_MESSAGES_MAX, most=10**9
            ),
            tokens=_tokens(environment),
            reports_batch_item_failures=_flag(environment, "REPORTS_BATCH_ITEM_FAILURES"),
        )


def is_closed(environment: Mapping[str, str]) -> bool:
    """Whether every caller must prove who it is: wherever AUTH is not exactly ``open``.

    app.py asks while it is imported, by Chalice too when it packages a stage.
    """
    return environment.get("AUTH") != "open"


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: add it to .chalice/config.json")
    return value


def _secret(environment: Mapping[str, str], name: str) -> str:
    """Not one that everybody can read in the configuration. Empty if it is not set."""
    value = environment.get(name, "")
    if value.startswith(_UNRESOLVED):
        raise SettingsError(f"{name} is a reference that only CloudFormation resolves: {value}")
    if _is_deployed(environment) and any(text in value for text in _PUBLISHED):
        raise SettingsError(f"{name} is published, for development only: make one of your own")
    return value


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "false")
    if value not in ("true", "false"):
        raise SettingsError(f"{name} is {value!r}, it must be true or false")
    return value == "true"


def _local_flag(environment: Mapping[str, str], name: str) -> bool:
    """A flag that nobody can set by mistake where the service is deployed."""
    flag = _flag(environment, name)
    if flag and not _is_local(environment):
        raise SettingsError(f"{name} is true, but {_ENDPOINT} is not on this machine: remove it")
    return flag


def _number(
    environment: Mapping[str, str], name: str, default: int | None = None, *, most: int = 10**9
) -> int:
    """``most`` is the default if there is no other."""
    value = environment.get(name, str(most if default is None else default))
    if not (value.isascii() and value.isdecimal() and int(value) <= most):
        raise SettingsError(f"{name} is {value!r}, it must be a number of 0 to {most}")
    return int(value)


def _tokens(environment: Mapping[str, str]) -> TokenSettings | None:
    access = environment.get("AUTH", "jwt")
    if access not in ("jwt", "open"):
        raise SettingsError(f"AUTH is {access!r}, it must be jwt or open")
    if is_closed(environment):
        return TokenSettings(
            keys=_secret(environment, "AUTH_KEYS") or _required(environment, "AUTH_KEYS"),
            issuer=_required(environment, "AUTH_ISSUER"),
            audience=_required(environment, "AUTH_AUDIENCE"),
            tenant_claim=environment.get("AUTH_TENANT_CLAIM") or "tenant",
        )
    if _is_deployed(environment):
        raise SettingsError("AUTH is open, but this is no developer's machine: set it to jwt")
    return None


def _is_deployed(environment: Mapping[str, str]) -> bool:
    return _IN_LAMBDA in environment and not _is_local(environment)


def _is_local(environment: Mapping[str, str]) -> bool:
    return bool(_THIS_MACHINE.fullmatch(environment.get(_ENDPOINT, "")))


def _key(environment: Mapping[str, str], name: str) -> bytes:
    key = _secret(environment, name) or _required(environment, name)
    return _long_enough(key.encode(), name)


def _callback_secrets(environment: Mapping[str, str], name: str) -> tuple[bytes, ...]:
    secrets = _secret(environment, name).split()
    if len(secrets) > CALLBACK_SECRETS_MAX:
        detail = f"{len(secrets)} secrets, it can have a new one and an old one"
        raise SettingsError(f"{name} has {detail}")
    return tuple(_long_enough(secret.encode(), name) for secret in secrets)


def _long_enough(key: bytes, name: str) -> bytes:
    if len(key) < KEY_BYTES_MIN:
        raise SettingsError(f"{name} has {len(key)} bytes, it needs {KEY_BYTES_MIN} or more")
    return key
