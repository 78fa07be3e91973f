"""Every problem the service can answer with, and how one is raised.

https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.errors import ServiceError


class ProblemType(msgspec.Struct, frozen=True):
    """One kind of problem, as its page under ``problems/{slug}`` explains it."""

    slug: str
    #: None: it never is an HTTP answer of its own, it stands in a job's ``error``
    status: int | None
    title: str
    text: str
    #: may the same request succeed later: ``no``, ``yes``, ``maybe``
    retry: str = "no"


_TYPES = (
    ProblemType(
        "malformed-json",
        400,
        "The body is not acceptable JSON",
        "The body must be one JSON value in UTF-8, without NaN or infinite numbers, repeated "
        "members or lone surrogates, and not nested deeper than 64 levels. `offset`, where "
        "known, is the byte at which reading stopped.",
    ),
    ProblemType(
        "bad-query",
        400,
        "The query is not acceptable",
        "`parameter` names a query parameter that this route does not have, that is there twice, "
        "or whose value is not one it can have. A cursor belongs to the list that it came from.",
    ),
    ProblemType(
        "bad-header",
        400,
        "A header is not acceptable",
        "`header` names it. An `Idempotency-Key` is one header of 1 to 255 visible ASCII "
        "characters without quotes; one pair of quotes around it makes no difference.",
    ),
    ProblemType(
        "unauthorized",
        401,
        "The caller is not known",
        "Send a valid token as `Authorization: Bearer …`.",
    ),
    ProblemType(
        "forbidden",
        403,
        "The caller has no tenant here",
        "The token is valid, but names no tenant that this service can use.",
    ),
    ProblemType(
        "cross-site",
        403,
        "A page of another site sent this",
        "A browser may change jobs for the API's own pages only.",
    ),
    ProblemType("not-found", 404, "Not found", "There is no such path, or no such job."),
    ProblemType(
        "method-not-allowed",
        405,
        "The method is not allowed here",
        "`allow` lists the methods of this path.",
    ),
    ProblemType(
        "not-acceptable",
        406,
        "No acceptable form of the answer",
        "`offers` lists the media types there are; the request's `Accept` takes none of them.",
    ),
    ProblemType(
        "job-finished",
        409,
        "The job has ended",
        "A job that has ended cannot be cancelled; `job` is where it stands.",
    ),
    ProblemType(
        "job-not-finished",
        409,
        "The job has not ended",
        "Only of a job that has ended the end can be told, and only then it can be deleted or done "
        "again; `job` is where it stands.",
        "yes",
    ),
    ProblemType(
        "no-callback",
        409,
        "The job has no callback",
        "It was submitted without one, or without the end that it had among the `events`.",
    ),
    ProblemType(
        "job-canceled",
        409,
        "The job was canceled",
        "A canceled job has no result; `job` is where it stands.",
    ),
    ProblemType(
        "input-not-retained",
        409,
        "The job's input was not kept",
        "A job can be done again if it failed while a worker had it, or was submitted with "
        "`retain_input`.",
    ),
    ProblemType(
        "job-failed",
        409,
        "The job failed",
        "A failed job has no result; `error` says why it failed.",
    ),
    ProblemType(
        "gone",
        410,
        "The job is gone",
        "The id was made here, but the job was deleted, has passed its retention of seven days, or "
        "was never recorded.",
    ),
    ProblemType(
        "body-too-large",
        413,
        "The body is too large",
        "`limit` and `actual` are in bytes.",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "The body is not of an acceptable media type",
        "Send `Content-Type: application/json` (or a type that ends in `+json`) in UTF-8, without "
        "a content encoding.",
    ),
    ProblemType(
        "invalid-input",
        422,
        "The input does not fit",
        "`errors` lists up to 20 places, each with a JSON pointer and what is wrong there.",
    ),
    ProblemType(
        "unknown-type",
        422,
        "There is no such job type",
        "`types` lists those there are.",
    ),
    ProblemType(
        "callback-refused",
        422,
        "The callback's URL is not acceptable",
        "`reason` says what to change. A callback goes to an https URL on port 443, without user "
        "name, password and fragment, whose host the whole internet can reach.",
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "The idempotency key was used for another request",
        "`job` is what the other request made. Use a new key for a new request.",
    ),
    ProblemType(
        "too-many-requests",
        429,
        "Too many jobs wait already",
        "The queue is long and many jobs in it are the caller's. Nothing was recorded. Wait as "
        "`Retry-After` says.",
        "yes",
    ),
    ProblemType(
        "internal",
        500,
        "Something is wrong on our side",
        "Tell us the request id in `instance`.",
        "maybe",
    ),
    ProblemType(
        "not-enqueued",
        503,
        "The job could not be accepted now",
        "Nothing was promised. If there is a `Location`, a job may exist there; otherwise none "
        "was recorded. Wait as `Retry-After` says.",
        "yes",
    ),
    ProblemType(
        "unavailable",
        503,
        "The job could not be read now",
        "The database did not answer. Wait as `Retry-After` says.",
        "yes",
    ),
    ProblemType(
        "handler-error",
        None,
        "The task failed",
        "The task said that it cannot succeed, or stopped with an error.",
    ),
    ProblemType(
        "attempts-exhausted",
        None,
        "No attempt succeeded",
        "`attempts` says how many there were, `last` how the last one failed.",
    ),
    ProblemType(
        "deadline-exceeded",
        None,
        "The deadline passed first",
        "The job was not finished by its `deadline_at`. `executed` tells whether it had started.",
    ),
    ProblemType(
        "result-too-large",
        None,
        "The result is too large to keep",
        "A result may have 32 MiB as JSON text; where there is no bucket for large ones, 5 MiB and "
        "350 KiB compressed.",
    ),
    ProblemType(
        "poison",
        None,
        "The job could not be started",
        "Its message was received too often without any attempt having started.",
    ),
)

PROBLEM_TYPES = {problem.slug: problem for problem in _TYPES}
_BY_STATUS = {problem.status: problem for problem in reversed(_TYPES) if problem.status}


class ProblemError(ServiceError):
    """An answer to an HTTP client, by its problem type's slug."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        job_id: str | None = None,
        **members: Any,
    ) -> None:
        """``job_id``: of a job that the client should look at."""
        super().__init__(detail)
        self.type = PROBLEM_TYPES[slug]
        self.detail = detail
        self.headers = headers or {}
        self.job_id = job_id
        self.members = members


def of_status(status: int) -> ProblemType:
    """The problem type that stands for an HTTP status; ``internal`` if none does."""
    return _BY_STATUS.get(status, PROBLEM_TYPES["internal"])


def body_too_large(actual_bytes: int, limit_bytes: int) -> ProblemError:
    detail = f"It has {actual_bytes} bytes, {limit_bytes} are allowed"
    return ProblemError("body-too-large", detail, limit=limit_bytes, actual=actual_bytes)
