"""The routes of jobs that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chalicelib import limits
from chalicelib.http import answers, cursor, http_message, representation
from chalicelib.http.holding import has_ended
from chalicelib.http.http_message import JSON, HttpAnswer
from chalicelib.jobs.model import Status
from chalicelib.jobs.problems import ProblemError
from chalicelib.requests.queries import Wanted

if TYPE_CHECKING:
    from chalicelib.http.holding import Holder
    from chalicelib.http.http_message import HttpRequest
    from chalicelib.jobs.model import Job
    from chalicelib.requests.control import Controller
    from chalicelib.requests.queries import Queries

_STATUSES = [status.value for status in Status if status is not Status.PURGED]


class JobsApi:
    """One method a route. Problems are raised as ProblemError."""

    def __init__(
        self, queries: Queries, controller: Controller, *, holder: Holder, cursor_key: bytes
    ) -> None:
        self._queries = queries
        self._controller = controller
        self._holder = holder
        self._cursor_key = cursor_key

    def list_jobs(self, request: HttpRequest) -> HttpAnswer:
        """``GET /jobs``: the newest first; ``next`` where more may follow."""
        asked = http_message.query_values(request, "status", "type", "limit", "cursor")
        filters = [(name, asked[name]) for name in ("status", "type") if name in asked]
        wanted = Wanted(status=_status(asked), type=asked.get("type"))
        limit = _limit(asked)
        list_of = urlencode([("tenant", request.tenant), *filters])
        after = self._after(asked, list_of)
        page = self._queries.page(request.tenant, wanted, after=after, limit=limit)
        minimal = request.preferences.minimal
        root = request.root
        shown: dict[str, Any] = {
            "jobs": [representation.document(job, root=root, minimal=minimal) for job in page.jobs]
        }
        headers = {"Cache-Control": "no-cache", "Vary": "Accept, Prefer"}
        if page.after:
            more = cursor.encode(self._cursor_key, page.after, list_of=list_of)
            query = urlencode([*filters, ("limit", limit), ("cursor", more)])
            shown["next"] = f"{root}jobs?{query}"
            headers["Link"] = f'<{shown["next"]}>; rel="next"'
        answer = answers.json(shown, headers=headers)
        return answers.with_preferences(request, answer, waited=None)

    def get_job(self, request: HttpRequest) -> HttpAnswer:
        """``GET /jobs/{id}``: how the job stands; 304 if the client knows.

        With ``Prefer: wait`` it answers at the end of the job, or, if the client says what it
        knows, at the first change.
        """
        http_message.query_values(request)
        job = self._queries.job(request.tenant, request.job_id)
        wanted_seconds = request.preferences.wait_seconds or 0
        seconds = self._holder.allowed_seconds(request, wanted_seconds)
        job = self._holder.hold(job, lambda job: _worth_telling(request, job), seconds=seconds)
        if http_message.matches(request, representation.etag(job)):
            answer = HttpAnswer(status=304, headers=answers.about(job))
        else:
            answer = answers.of_job(request, job)
        return answers.with_preferences(request, answer, waited=seconds)

    def get_result(self, request: HttpRequest) -> HttpAnswer:
        """``GET /jobs/{id}/result``: the result itself; 202 while there is none yet.

        With ``follow`` it is held back instead and then leads to itself, so that a client that
        only follows redirects ends with the result.
        """
        asked = http_message.query_values(request, "follow")
        follow = _flag(asked, "follow")
        job = self._queries.job(request.tenant, request.job_id)
        preferred = request.preferences.wait_seconds or 0
        wanted_seconds = limits.WAIT_SECONDS_MAX if follow else preferred
        seconds = self._holder.allowed_seconds(request, wanted_seconds)
        job = self._holder.hold(job, has_ended, seconds=seconds)
        if job.terminal:
            answer = self._result(request, job)
            return answers.with_preferences(request, answer, waited=0 if follow else seconds)
        if follow and seconds:
            headers = {**answers.about(job), "Location": "result?follow=1"}
            return answers.of_job(request, job, status=303, headers=headers)
        answer = answers.of_job(request, job, status=202)
        return answers.with_preferences(request, answer, waited=seconds)

    def cancel_job(self, request: HttpRequest) -> HttpAnswer:
        """``POST /jobs/{id}/cancel``: 200 if that ended the job, 202 if its worker is told to."""
        http_message.query_values(request)
        job = self._controller.cancel(request.tenant, request.job_id)
        headers = {"Content-Location": f"{request.root}jobs/{job.id}"}
        status = 200 if job.terminal else 202
        answer = answers.of_job(request, job, status=status, headers=headers)
        return answers.with_preferences(request, answer, waited=None)

    def call_back(self, request: HttpRequest) -> HttpAnswer:
        """``POST /jobs/{id}/callback``: the job's end is told again."""
        http_message.query_values(request)
        job = self._controller.call_back(request.tenant, request.job_id)
        headers = {"Content-Location": f"{request.root}jobs/{job.id}"}
        answer = answers.of_job(request, job, status=202, headers=headers)
        return answers.with_preferences(request, answer, waited=None)

    def delete_job(self, request: HttpRequest) -> HttpAnswer:
        """``DELETE /jobs/{id}``: nothing is left of a finished job but that there was one."""
        http_message.query_values(request)
        self._controller.delete(request.tenant, request.job_id)
        return HttpAnswer(status=204, headers={"Cache-Control": "no-store"})

    def _result(self, request: HttpRequest, job: Job) -> HttpAnswer:
        if job.status is not Status.SUCCEEDED:
            raise _no_result(request, job)
        told = answers.about(job)
        if http_message.matches(request, told["ETag"]):
            return HttpAnswer(status=304, headers=told)
        if link := self._queries.result_link(job):
            # the link opens it for a few minutes to whoever has it: nobody may keep it
            headers = {**told, "Location": link, "Cache-Control": "no-store"}
            return answers.of_job(request, job, status=303, headers=headers)
        return HttpAnswer(headers={"Content-Type": JSON, **told}, body=self._queries.result(job))

    def _after(self, asked: dict[str, str], list_of: str) -> str | None:
        if "cursor" not in asked:
            return None
        after = cursor.decode(self._cursor_key, asked["cursor"], list_of=list_of)
        if after is None:
            detail = "This cursor is not from a list with these filters"
            raise http_message.bad_query("cursor", detail)
        return after


def _worth_telling(request: HttpRequest, job: Job) -> bool:
    if "if-none-match" in request.headers:
        return not http_message.matches(request, representation.etag(job))
    return job.terminal


def _status(asked: dict[str, str]) -> Status | None:
    if "status" not in asked:
        return None
    if asked["status"] not in _STATUSES:
        raise http_message.bad_query("status", f"A status is one of {', '.join(_STATUSES)}")
    return Status(asked["status"])


def _limit(asked: dict[str, str]) -> int:
    text = asked.get("limit", str(limits.LIST_JOBS_DEFAULT))
    if not text.isdecimal() or not text.isascii() or len(text) > len(str(limits.LIST_JOBS_MAX)):
        raise _bad_limit()
    if not 1 <= int(text) <= limits.LIST_JOBS_MAX:
        raise _bad_limit()
    return int(text)


def _bad_limit() -> ProblemError:
    return http_message.bad_query("limit", f"A limit is a number of 1 to {limits.LIST_JOBS_MAX}")


def _flag(asked: dict[str, str], name: str) -> bool:
    if asked.get(name, "1") not in {"0", "1"}:
        raise http_message.bad_query(name, f'"{name}" is 1 or 0')
    return asked.get(name) == "1"


def _no_result(request: HttpRequest, job: Job) -> ProblemError:
    if job.status is Status.CANCELED:
        return ProblemError("job-canceled", "The job has no result", job_id=job.id)
    assert job.failure is not None, "a failed job says why"
    error = representation.error(job.failure, root=request.root)
    return ProblemError("job-failed", "The job has no result", job_id=job.id, error=error)
