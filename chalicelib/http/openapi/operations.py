"""What each route takes and answers: a route of the API is described here, and nowhere else."""

from __future__ import annotations

from typing import Any, NamedTuple

from chalicelib.http.http_message import JSON
from chalicelib.http.openapi.schemas import reference

_JOB = {"anyOf": [reference("Job"), reference("MinimalJob")]}
_TABLE = ("internal", "unavailable")
#: of every route that wants to know who calls, where the stage is closed
_CLOSED = ("unauthorized", "forbidden", *_TABLE)
_OF_JOB = ("bad-query", "not-acceptable", "not-found", "gone", *_CLOSED)
_OF_BODY = ("malformed-json", "bad-query", "body-too-large", "unsupported-media-type")


class Answer(NamedTuple):
    """One status of a route. ``always`` and ``maybe`` name its headers."""

    text: str
    schema: dict[str, Any] | None = None
    always: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    page: bool = False
    media_type: str = JSON
    links: bool = False


class Operation(NamedTuple):
    """One route."""

    id: str
    tag: str
    summary: str
    text: str
    answers: dict[int, Answer]
    problems: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    body: str | None = None
    callbacks: bool = False


def _job(
    text: str, *always: str, maybe: tuple[str, ...] = (), links: bool = False, page: bool = False
) -> Answer:
    told = ("Cache-Control", "Vary", *always)
    known = () if "ETag" in always else ("ETag",)
    more = (*maybe, *known, "Retry-After", "Preference-Applied", *(("Refresh",) if page else ()))
    return Answer(text, _JOB, told, more, links=links, page=page)


_SEE_JOB = Answer(
    "A browser that sent a form goes to the job's page.",
    always=("Location", "Cache-Control", "Vary"),
)
_SUBMITTED = {
    200: _job(
        "The job has ended within `Prefer: wait`.",
        "ETag",
        "Location",
        "Content-Location",
        maybe=("Idempotency-Replayed",),
        links=True,
    ),
    202: _job(
        "The job is recorded and queued.",
        "ETag",
        "Location",
        maybe=("Idempotency-Replayed",),
        links=True,
    ),
}
_UNCHANGED = Answer(
    "You have the current state.",
    None,
    ("ETag", "Cache-Control", "Vary"),
    ("Retry-After", "Preference-Applied"),
)
#: Of what changes with a deployment only.
_LASTING = ("Cache-Control", "ETag", "X-Content-Type-Options")
_SAME = Answer("You have the current one.", None, _LASTING)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("/jobs", "POST"): Operation(
        "submitJob",
        "Submit",
        "Submit a job",
        "Checks, records and queues a job. 202 is a promise: the job has an end by its deadline.",
        _SUBMITTED,
        (
            *_OF_BODY,
            *("bad-header", "cross-site", "not-acceptable", "gone", "invalid-input"),
            *("unknown-type", "callback-refused", "idempotency-key-reused", "not-enqueued"),
            *("too-many-requests", *_CLOSED),
        ),
        ("Idempotency-Key", "Prefer"),
        body="Submission",
        callbacks=True,
    ),
    ("/batches", "POST"): Operation(
        "submitBatch",
        "Submit",
        "Submit up to 100 jobs",
        "Each entry is accepted or refused by itself. The status is 202 if one was accepted, else "
        "that of the first entry.",
        {
            status: Answer(text, reference("BatchAnswer"), ("Cache-Control", "Vary"), maybe)
            for maybe in [("Preference-Applied",)]
            for status, text in {
                202: "At least one job was accepted.",
                410: "None was accepted; the first one's key is of a deleted job.",
                413: "None was accepted; the first one is too large.",
                422: "None was accepted; the first one does not fit.",
                503: "None was accepted; the first one could not be recorded or queued.",
            }.items()
        },
        (
            *_OF_BODY,
            *("bad-header", "cross-site", "not-acceptable", "invalid-input", "too-many-requests"),
            *_CLOSED,
        ),
        ("Prefer",),
        body="Batch",
    ),
    ("/jobs", "GET"): Operation(
        "listJobs",
        "Look",
        "List jobs, the newest first",
        "A page of a filtered list may hold few jobs before the end: go on while there is a "
        "`next`.",
        {
            200: Answer(
                "A page of the list.",
                reference("JobList"),
                ("Cache-Control", "Vary"),
                ("Link", "Preference-Applied"),
            )
        },
        ("bad-query", "not-acceptable", *_CLOSED),
        ("status", "type", "limit", "cursor", "Prefer"),
    ),
    ("/jobs/{job_id}", "GET"): Operation(
        "getJob",
        "Look",
        "See how a job stands",
        "With `Prefer: wait` it answers at the end of the job; with `If-None-Match` too, at the "
        "first change. A browser gets a page that follows the job.",
        {
            200: _job("The job as it stands.", page=True, links=True),
            304: _UNCHANGED,
        },
        _OF_JOB,
        ("job_id", "format", "Prefer", "If-None-Match"),
    ),
    ("/jobs/{job_id}/result", "GET"): Operation(
        "getResult",
        "Look",
        "Get the result itself",
        "With `follow=1` a client that only follows redirects ends with the result.",
        {
            200: Answer(
                "The result.", {}, ("ETag", "Cache-Control", "Vary"), ("Preference-Applied",)
            ),
            202: _job("There is none yet.", "ETag", links=True),
            303: _job("Ask again there, or take it from there.", "Location", "ETag"),
            304: _UNCHANGED,
        },
        (*_OF_JOB, "job-failed", "job-canceled"),
        ("job_id", "follow", "Prefer", "If-None-Match"),
    ),
    ("/jobs/{job_id}/cancel", "POST"): Operation(
        "cancelJob",
        "Change",
        "Stop a job",
        "A job that nobody works on is canceled at once; a worker is told. Repeating it changes "
        "nothing.",
        {
            200: _job("The job is canceled.", "ETag", "Content-Location", links=True),
            202: _job("Its worker is told to stop.", "ETag", "Content-Location", links=True),
            303: _SEE_JOB,
        },
        (*_OF_JOB, "cross-site", "job-finished"),
        ("job_id", "Prefer"),
    ),
    ("/jobs/{job_id}/retry", "POST"): Operation(
        "retryJob",
        "Submit",
        "Do a finished job again",
        "A new job from the input of a finished one; `retry_of` leads to that.",
        {**_SUBMITTED, 303: _SEE_JOB},
        (
            *_OF_JOB,
            *("bad-header", "cross-site", "job-not-finished", "input-not-retained"),
            *("unknown-type", "invalid-input", "callback-refused"),
            *("idempotency-key-reused", "not-enqueued", "too-many-requests"),
        ),
        ("job_id", "Idempotency-Key", "Prefer"),
        callbacks=True,
    ),
    ("/jobs/{job_id}/callback", "POST"): Operation(
        "repeatCallback",
        "Change",
        "Tell a finished job's end again",
        "From the first attempt on.",
        {202: _job("It is being told.", "ETag", "Content-Location", links=True)},
        (*_OF_JOB, "cross-site", "job-not-finished", "no-callback"),
        ("job_id", "Prefer"),
    ),
    ("/jobs/{job_id}", "DELETE"): Operation(
        "deleteJob",
        "Change",
        "Delete a finished job",
        "Nothing is left but that there was one: its id is 410 from then on.",
        {204: Answer("It is deleted.", None, ("Cache-Control",))},
        (*_OF_JOB, "cross-site", "job-not-finished"),
        ("job_id",),
    ),
    ("/", "GET"): Operation(
        "getIndex",
        "About",
        "Where everything is",
        "A browser gets a page with the last jobs and a form for a new one.",
        {
            200: Answer(
                "The routes, and the types of jobs.",
                reference("Index"),
                ("Cache-Control", "Vary"),
                ("Link",),
                page=True,
            )
        },
        ("bad-query", "not-acceptable", *_TABLE),
        ("format",),
    ),
    ("/docs", "GET"): Operation(
        "getDocs",
        "About",
        "This description, for people",
        "A page without scripts.",
        {200: Answer("The page.", None, ("Cache-Control", "Vary"), page=True)},
        ("bad-query", "not-acceptable", "internal"),
    ),
    ("/openapi.json", "GET"): Operation(
        "getOpenapi",
        "About",
        "This description, for machines",
        "OpenAPI 3.1, made from the types that requests are checked by.",
        {200: Answer("The document.", {"type": "object"}, _LASTING),
         304: _SAME},
        ("bad-query", "not-acceptable", "internal"),
        ("If-None-Match",),
    ),
    ("/problems/{slug}", "GET"): Operation(
        "getProblem",
        "About",
        "What a problem type means",
        "The `type` of every problem leads here.",
        {
            200: Answer(
                "The type, in words.",
                reference("ProblemText"),
                ("Cache-Control", "Vary"),
                page=True,
            )
        },
        ("bad-query", "not-acceptable", "not-found", "internal"),
        ("slug", "format"),
    ),
    ("/assets/{name}", "GET"): Operation(
        "getAsset",
        "About",
        "A file that pages need",
        "The style sheet, the script of the form, the icon.",
        {
            200: Answer(
                "The file.", {"type": "string"}, _LASTING, media_type="*/*"
            ),
            304: _SAME,
        },
        ("bad-query", "not-found", "internal"),
        ("name", "If-None-Match"),
    ),
    ("/healthz", "GET"): Operation(
        "getHealth",
        "About",
        "Whether the API function runs",
        "Says nothing of AWS.",
        {200: Answer("It does.", reference("Health"), ("Cache-Control",))},
        ("bad-query", "not-acceptable", "internal"),
    ),
}  # fmt: skip
