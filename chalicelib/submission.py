"""Accepting a job: checked, recorded, queued, and only then promised."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from chalicelib import clock, ids, limits, logs, strict_json, validation
from chalicelib.errors import UnavailableError
from chalicelib.job_message import JobMessage
from chalicelib.model import TENANT, Job
from chalicelib.problems import ProblemError
from chalicelib.strict_json import MalformedJsonError
from chalicelib.validation import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.job_queue import JobQueue
    from chalicelib.job_store import JobStore
    from chalicelib.task import Task

#: 34 random bits within one millisecond: a second collision would be no accident.
MINTS_MAX = 3


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
    tags: Annotated[dict[str, str], msgspec.Meta(max_length=limits.TAGS_MAX)] = {}


class _Input(msgspec.Struct):
    """Only the input, as the text that was sent: numbers keep every digit."""

    input: msgspec.Raw


class Submitter:
    """Accepts jobs."""

    def __init__(
        self, store: JobStore, queue: JobQueue, *, tasks: Mapping[str, Task], id_key: bytes
    ) -> None:
        self._store = store
        self._queue = queue
        self._tasks = tasks
        self._id_key = id_key

    def submit(self, body: bytes) -> Job:
        """Record and queue the job that ``body`` describes.

        Raises ProblemError: nothing is promised then, and a ``Location`` in its headers says
        where a job may exist all the same.
        """
        text, value = _decode(body)
        self._check(value)
        submission = msgspec.convert(value, Submission)
        job = self._record(submission)
        message = JobMessage(id=job.id, input=msgspec.json.decode(text, type=_Input).input)
        try:
            self._queue.send(message, delay_seconds=submission.delay_seconds)
        except UnavailableError as error:
            raise _not_enqueued(error, job.id) from error
        logs.record("accepted", job_id=job.id)
        return job

    def _check(self, value: Any) -> None:
        """Raises ProblemError with all that is wrong."""
        errors = validation.errors_of(value, Submission)
        given = value if isinstance(value, dict) else {}
        job_type = given.get("type")
        task = self._tasks.get(job_type) if isinstance(job_type, str) else None
        errors += _inconsistencies(given) if not errors else []
        if task is not None and "input" in given:
            errors += validation.errors_of(given["input"], _checked(task), "/input")
        if errors:
            raise _invalid(errors)
        if task is None:
            types = sorted(self._tasks)
            raise ProblemError("unknown-type", f'There is no job type "{job_type}"', types=types)

    def _record(self, submission: Submission) -> Job:
        for _ in range(MINTS_MAX):
            now_ms = clock.now_ms()
            job = self._new(submission, now_ms)
            try:
                if self._store.create(job, now_ms=now_ms):
                    return job
            except UnavailableError as error:
                raise _not_enqueued(error, job.id if error.maybe_done else None) from error
        raise _not_enqueued(UnavailableError(maybe_done=False), None)

    def _new(self, submission: Submission, now_ms: int) -> Job:
        deadline_at_ms = now_ms + submission.deadline_seconds * 1000
        return Job(
            id=ids.mint(
                self._id_key,
                TENANT,
                now_ms=now_ms,
                random_bits=secrets.randbits(ids.RANDOM_BITS),
            ),
            type=submission.type,
            created_at_ms=now_ms,
            deadline_at_ms=deadline_at_ms,
            max_attempts=submission.max_attempts,
            expires_at_s=deadline_at_ms // 1000 + limits.RETENTION_SECONDS,
            tags=submission.tags,
        )


def _decode(body: bytes) -> tuple[bytes, Any]:
    try:
        return strict_json.decode(body)
    except MalformedJsonError as error:
        members: dict[str, Any] = {} if error.offset is None else {"offset": error.offset}
        raise ProblemError("malformed-json", str(error), **members) from None


def _checked(task: Task) -> Any:
    """What an input is checked against: a task that takes raw JSON takes any."""
    return Any if task.input_type is msgspec.Raw else task.input_type


def _invalid(errors: list[InputError]) -> ProblemError:
    shown = errors[: limits.INPUT_ERRORS_MAX]
    count = "one place" if len(shown) == 1 else f"{len(shown)} places"
    return ProblemError("invalid-input", f"The input does not fit in {count}", errors=shown)


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


def _not_enqueued(error: UnavailableError, job_id: str | None) -> ProblemError:
    logs.record("not-enqueued", level=logging.ERROR, job_id=job_id, error=error)
    if job_id is None:
        return ProblemError("not-enqueued", "No job was recorded", headers={"Retry-After": "1"})
    return ProblemError(
        "not-enqueued",
        "A job may have been recorded, but it is not certain to run: look at its location",
        headers={"Retry-After": "1", "Location": f"jobs/{job_id}"},
        job=f"jobs/{job_id}",
    )
