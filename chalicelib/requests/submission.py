"""What a client asks for when it submits a job, checked: everything that is wrong at once."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib import limits
from chalicelib.jobs import strict_json, validation
from chalicelib.jobs.callback import Event
from chalicelib.jobs.problems import ProblemError
from chalicelib.jobs.strict_json import MalformedJsonError
from chalicelib.jobs.validation import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.task import Task


class CallbackAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The member ``callback``: whom to tell of which ends."""

    url: str
    events: Annotated[tuple[Event, ...], msgspec.Meta(min_length=1, max_length=len(Event))] = tuple(
        Event
    )


class Submission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /jobs``."""

    type: Annotated[str, msgspec.Meta(min_length=1)]
    input: Any
    deadline_seconds: Annotated[int, msgspec.Meta(ge=1, le=limits.DEADLINE_SECONDS_MAX)] = (
        limits.DEADLINE_SECONDS_DEFAULT
    )
    delay_seconds: Annotated[int, msgspec.Meta(ge=0, le=limits.DELAY_SECONDS_MAX)] = 0
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=limits.ATTEMPTS_MAX)] = (
        limits.ATTEMPTS_DEFAULT
    )
    retain_input: bool = False
    tags: Annotated[dict[str, str], msgspec.Meta(max_length=limits.TAGS_MAX)] = {}
    callback: CallbackAsked | None = None


#: The operation of a key that comes with a new job, alone or in a batch.
SUBMIT = "submit"
#: ... and of one that comes with a request to do a job again.
RETRY = "retry"

_KEY = re.compile(rf"[!#-~]{{1,{limits.IDEMPOTENCY_KEY_CHARACTERS_MAX}}}")


class Key(msgspec.Struct, frozen=True):
    """A client's idempotency key, and the operation in which it counts."""

    operation: str
    text: str

    @property
    def scope(self) -> str:
        return f"{self.operation} {self.text}"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A job that can be accepted."""

    submission: Submission
    #: the input as the text that was sent: numbers keep every digit
    input: bytes
    key: Key | None = None
    #: the finished job that is to be done again
    retry_of: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """The same for the same request, however its JSON is written.

        Order of members, white space and the spelling of a number (1e2 or 100.0) do not matter.
        """
        asked = [msgspec.to_builtins(self.submission), self.retry_of]
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).digest()


def is_key(text: str) -> bool:
    """Whether a client may use the text as a key: visible ASCII without quotes."""
    return _KEY.fullmatch(text) is not None


class InputText(msgspec.Struct):
    """Only the input of a submission, as it was sent."""

    input: msgspec.Raw


def order(body: bytes, tasks: Mapping[str, Task], *, key: Key | None) -> Order:
    """The job that the body of ``POST /jobs`` asks for. Raises ProblemError."""
    text, value = decode(body)
    submission = checked(value, tasks)
    given = msgspec.json.decode(text, type=InputText).input
    return Order(submission=submission, input=bytes(given), key=key)


def decode(body: bytes) -> tuple[bytes, Any]:
    """The body's JSON text and its value. Raises ProblemError."""
    try:
        return strict_json.decode(body)
    except MalformedJsonError as error:
        members: dict[str, Any] = {} if error.offset is None else {"offset": error.offset}
        raise ProblemError("malformed-json", str(error), **members) from None


def checked(value: Any, tasks: Mapping[str, Task]) -> Submission:
    """Raises ProblemError with all that is wrong."""
    errors = validation.errors_of(value, Submission)
    given = value if isinstance(value, dict) else {}
    job_type = given.get("type")
    task = tasks.get(job_type) if isinstance(job_type, str) else None
    errors += _inconsistencies(given) if not errors else []
    if task is not None and "input" in given:
        errors += validation.errors_of(given["input"], _input_type(task), "/input")
    if errors:
        raise invalid(errors)
    if task is None:
        types = sorted(tasks)
        raise ProblemError("unknown-type", f'There is no job type "{job_type}"', types=types)
    return msgspec.convert(value, Submission)


def invalid(errors: list[InputError]) -> ProblemError:
    """The problem of a body that is wrong in these places."""
    shown = errors[: limits.INPUT_ERRORS_MAX]
    count = "one place" if len(shown) == 1 else f"{len(shown)} places"
    return ProblemError("invalid-input", f"The input does not fit in {count}", errors=shown)


def _input_type(task: Task) -> Any:
    """What an input is checked against: a task that takes raw JSON takes any."""
    return Any if task.input_type is msgspec.Raw else task.input_type


def _inconsistencies(given: dict[str, Any]) -> list[InputError]:
    """What no single member shows: two that contradict, and lengths in bytes."""
    return [*_delay_errors(given), *_tag_errors(given.get("tags", {}))]


def _delay_errors(given: dict[str, Any]) -> Iterator[InputError]:
    deadline_seconds = given.get("deadline_seconds", limits.DEADLINE_SECONDS_DEFAULT)
    if given.get("delay_seconds", 0) >= deadline_seconds:
        detail = f"Must be less than deadline_seconds, {deadline_seconds}"
        yield InputError("/delay_seconds", detail)


def _tag_errors(tags: dict[str, str]) -> Iterator[InputError]:
    for name, value in tags.items():
        if not 0 < len(name.encode()) <= limits.TAG_NAME_BYTES_MAX:
            detail = f"A tag's name has 1 to {limits.TAG_NAME_BYTES_MAX} bytes"
            yield InputError("/tags", detail)
        if len(value.encode()) > limits.TAG_VALUE_BYTES_MAX:
            pointer = validation.join("/tags", name)
            detail = f"A tag's value has at most {limits.TAG_VALUE_BYTES_MAX} bytes"
            yield InputError(pointer, detail)
