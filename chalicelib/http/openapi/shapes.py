"""What answers look like, as types. Members that may be missing are UNSET by default."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib import limits
from chalicelib.jobs.model import Status
from chalicelib.jobs.problems import PROBLEM_TYPES
from chalicelib.jobs.validation import InputError
from chalicelib.requests.submission import Submission

if TYPE_CHECKING:
    from chalicelib.task import Task

ID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$"
KEY_PATTERN = f"^[!#-~]{{1,{limits.IDEMPOTENCY_KEY_CHARACTERS_MAX}}}$"
STATUSES = tuple(status.value for status in Status if status is not Status.PURGED)

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Reference = Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
JobId = Annotated[str, Meta(pattern=ID_PATTERN, extra_json_schema={"format": "uuid"})]
JobStatus = Literal[STATUSES]  # type: ignore[valid-type]
Count = Annotated[int, Meta(ge=0)]
Entry = Annotated[
    list[Any],
    Meta(
        description="What happened, when, and from the first attempt on in which attempt.",
        extra_json_schema={
            "prefixItems": [
                {"enum": list(STATUSES)},
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": 0},
            ],
            "items": False,
            "minItems": 2,
        },
    ),
]


class Links(msgspec.Struct, kw_only=True):
    """Where to go from here, relative to the answer's own URL; only what can succeed now."""

    self_: Reference = msgspec.field(name="self")
    result: Reference | UnsetType = UNSET
    cancel: Reference | UnsetType = UNSET
    retry: Reference | UnsetType = UNSET
    callback: Reference | UnsetType = UNSET


class JobError(msgspec.Struct, kw_only=True):
    """Why a job failed, or its last attempt."""

    type: Reference
    title: str
    detail: str
    attempts: Count | UnsetType = UNSET
    last: JobError | UnsetType = UNSET


class Usage(msgspec.Struct):
    """What the job cost."""

    write_units: Count
    run_ms: Count


class CallbackState(msgspec.Struct, kw_only=True):
    """How far telling the job's end has come."""

    state: Literal["pending", "skipped", "queued", "delivered", "failed", "refused"]
    attempts: Count | UnsetType = UNSET
    next_attempt_at: Time | UnsetType = UNSET


class MinimalJob(msgspec.Struct, kw_only=True):
    """A job as ``Prefer: return=minimal`` has it."""

    id: JobId
    status: JobStatus
    links: Links


class Job(msgspec.Struct, kw_only=True):
    """A job as it stands. Members without a value are left out."""

    id: JobId
    type: str
    status: JobStatus
    created_at: Time
    started_at: Time | UnsetType = UNSET
    finished_at: Time | UnsetType = UNSET
    deadline_at: Time
    expires_at: Time | UnsetType = UNSET
    attempt: Count
    max_attempts: Annotated[int, Meta(ge=1, le=limits.ATTEMPTS_MAX)]
    executed: Literal["never", "maybe", "yes"]
    cancel_requested_at: Time | UnsetType = UNSET
    retry_of: Reference | UnsetType = UNSET
    progress: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    tags: dict[str, str] | UnsetType = UNSET
    result: Any | UnsetType = UNSET
    error: JobError | UnsetType = UNSET
    timeline: list[Entry] | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    callback: CallbackState | UnsetType = UNSET
    links: Links


#: msgspec has no unions of plain types, so these two are written out.
JOB: dict[str, Any] = {
    "anyOf": [{"$ref": "#/components/schemas/Job"}, {"$ref": "#/components/schemas/MinimalJob"}]
}
ANY_PROBLEM: dict[str, Any] = {"$ref": "#/components/schemas/AnyProblem"}


class JobList(msgspec.Struct, kw_only=True):
    """A page of a list; ``next`` where more may follow."""

    jobs: Annotated[list[Any], Meta(extra_json_schema={"items": JOB})]
    next: Reference | UnsetType = UNSET


class BatchEntry(msgspec.Struct, kw_only=True):
    """What became of one entry of a batch: it has a ``job``, or a ``problem``."""

    status: int
    replayed: Literal[True] | UnsetType = UNSET
    job: Annotated[Any, Meta(extra_json_schema=JOB)] | UnsetType = UNSET
    problem: Annotated[Any, Meta(extra_json_schema=ANY_PROBLEM)] | UnsetType = UNSET


class BatchAnswer(msgspec.Struct):
    """An entry for each of the batch, in its order."""

    jobs: list[BatchEntry]


class CallbackEvent(msgspec.Struct, kw_only=True):
    """The body of a callback. ``data`` is the job; what would make it too large is left out."""

    type: Literal["job.succeeded", "job.failed", "job.canceled"]
    timestamp: Time
    data: dict[str, Any]


class Health(msgspec.Struct):
    """The API function runs."""

    status: Literal["ok"]


class Index(msgspec.Struct):
    """Where everything is, and which types of jobs there are."""

    name: str
    types: list[str]
    links: dict[str, Reference]


class ProblemText(msgspec.Struct):
    """What a problem type means."""

    slug: Literal[tuple(PROBLEM_TYPES)]  # type: ignore[valid-type]
    status: int | None
    title: str
    text: str
    retry: Literal["no", "yes", "maybe"]


class Problem(msgspec.Struct, kw_only=True):
    """An answer that is a problem. https://www.rfc-editor.org/rfc/rfc9457"""

    type: Reference
    title: str
    status: int
    detail: str
    instance: Annotated[str, Meta(description="The request's id.")]


#: What problems have besides.
_MEMBERS: dict[str, dict[str, Any]] = {
    "malformed-json": {"offset": Count | UnsetType},
    "bad-query": {"parameter": str},
    "bad-header": {"header": str},
    "method-not-allowed": {"allow": list[str]},
    "not-acceptable": {"offers": list[str]},
    "job-finished": {"job": Reference},
    "job-not-finished": {"job": Reference},
    "no-callback": {"job": Reference},
    "job-canceled": {"job": Reference},
    "input-not-retained": {"job": Reference},
    "job-failed": {"job": Reference, "error": JobError},
    "gone": {"expired_at": Time | UnsetType},
    "body-too-large": {"limit": Count, "actual": Count},
    "unsupported-media-type": {"accepts": list[str]},
    "invalid-input": {"errors": list[InputError]},
    "unknown-type": {"types": list[str]},
    "callback-refused": {"reason": str},
    "idempotency-key-reused": {"job": Reference},
    "not-enqueued": {"job": Reference | UnsetType},
}


def problem(slug: str) -> type[msgspec.Struct]:
    """The body of one problem type's answers."""
    known = PROBLEM_TYPES[slug]
    reference = Annotated[str, Meta(pattern=rf"^(\.\./)*problems/{slug}$")]
    members = _MEMBERS.get(slug, {})
    fields = [
        ("type", reference),
        ("title", Literal[known.title]),
        ("status", Literal[known.status]),
        *((n, kind, UNSET) if _may_miss(kind) else (n, kind) for n, kind in members.items()),
    ]
    text = {"__doc__": known.text}
    return msgspec.defstruct(slug, fields, bases=(Problem,), namespace=text, kw_only=True)


def submission(component: str, name: str, *, task: Task) -> type[msgspec.Struct]:
    """The body of ``POST /jobs`` for one task; ``component`` is a name without odd characters."""
    fields = [("type", Literal[name]), ("input", task.input_type)]
    text = {"__doc__": inspect.getdoc(task.function) or f"A job of type {name}."}
    return msgspec.defstruct(
        f"submit.{component}",
        fields,
        bases=(Submission,),
        namespace=text,
        kw_only=True,
        frozen=True,
    )


def batch_entry(alone: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same as one entry of ``POST /batches``."""
    key = Annotated[
        str, Meta(pattern=KEY_PATTERN, description="An idempotency key for this entry.")
    ]
    name = alone.__name__.replace("submit.", "entry.", 1)
    fields = [("key", key | UnsetType, UNSET)]
    text = {"__doc__": alone.__doc__ or ""}
    return msgspec.defstruct(
        name, fields, bases=(alone,), namespace=text, kw_only=True, frozen=True
    )


def _may_miss(kind: Any) -> bool:
    return UnsetType in getattr(kind, "__args__", ())
