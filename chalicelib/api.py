"""The routes: what each answers. Problems are raised as ProblemError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import clock, http_message, representation
from chalicelib.http_message import JSON, HttpAnswer
from chalicelib.model import Status
from chalicelib.problems import PROBLEM_TYPES, ProblemError

if TYPE_CHECKING:
    from chalicelib.http_message import HttpRequest
    from chalicelib.model import Job
    from chalicelib.queries import Queries
    from chalicelib.submission import Submitter

#: The texts of problems change with a deployment only.
PROBLEM_TEXT_SECONDS = 3_600


class Api:
    """One method a route."""

    def __init__(self, submitter: Submitter, queries: Queries) -> None:
        self._submitter = submitter
        self._queries = queries

    def submit_job(self, request: HttpRequest) -> HttpAnswer:
        """``POST /jobs``: 202 once the job is recorded and queued."""
        http_message.refuse_query(request)
        job = self._submitter.submit(http_message.json_body(request))
        location = {"Location": f"{request.root}jobs/{job.id}"}
        return _job_answer(request, job, status=202, headers=location)

    def get_job(self, request: HttpRequest, job_id: str) -> HttpAnswer:
        """``GET /jobs/{id}``: how the job stands; 304 if the client knows."""
        http_message.refuse_query(request)
        job = self._queries.job(job_id)
        if http_message.matches(request, representation.etag(job)):
            told = representation.headers(job, now_ms=clock.now_ms())
            return HttpAnswer(status=304, headers=told)
        return _job_answer(request, job)

    def get_result(self, request: HttpRequest, job_id: str) -> HttpAnswer:
        """``GET /jobs/{id}/result``: the result itself; 202 while there is none yet."""
        http_message.refuse_query(request)
        job = self._queries.job(job_id)
        if not job.terminal:
            return _job_answer(request, job, status=202)
        if job.status is Status.FAILED:
            raise _failed(request, job)
        told = representation.headers(job, now_ms=clock.now_ms())
        body = self._queries.result(job)
        return HttpAnswer(headers={"Content-Type": JSON, **told}, body=body)

    def get_problem(self, request: HttpRequest, slug: str) -> HttpAnswer:
        """``GET /problems/{slug}``: what a problem type means."""
        http_message.refuse_query(request)
        if slug not in PROBLEM_TYPES:
            raise ProblemError("not-found", "There is no such problem type")
        return _json(
            PROBLEM_TYPES[slug],
            headers={"Cache-Control": f"public, max-age={PROBLEM_TEXT_SECONDS}"},
        )


def health(request: HttpRequest) -> HttpAnswer:
    """``GET /healthz``: this function answers; says nothing of AWS."""
    return _json({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _job_answer(
    request: HttpRequest,
    job: Job,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpAnswer:
    told = representation.headers(job, now_ms=clock.now_ms())
    shown = representation.document(job, root=request.root)
    return _json(shown, status=status, headers={**told, **(headers or {})})


def _json(value: Any, *, headers: dict[str, str], status: int = 200) -> HttpAnswer:
    told = {"Content-Type": JSON, **headers}
    return HttpAnswer(status=status, headers=told, body=msgspec.json.encode(value))


def _failed(request: HttpRequest, job: Job) -> ProblemError:
    shown = representation.document(job, root=request.root)
    return ProblemError(
        "job-failed", "The job has no result", job=shown["links"]["self"], error=shown["error"]
    )
