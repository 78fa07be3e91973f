"""The routes that make jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import limits
from chalicelib.http import answers, http_message, representation
from chalicelib.http.holding import has_ended
from chalicelib.requests import submission
from chalicelib.requests.accepting import Accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.http.holding import Holder
    from chalicelib.http.http_message import HttpAnswer, HttpRequest
    from chalicelib.requests.accepting import Acceptor
    from chalicelib.requests.backlog import Backlog
    from chalicelib.requests.batch_submission import BatchSubmitter, Outcome
    from chalicelib.requests.retrying import Retrier
    from chalicelib.task import Task


class SubmitApi:
    """One method a route. Problems are raised as ProblemError."""

    def __init__(
        self,
        *,
        acceptor: Acceptor,
        backlog: Backlog,
        batches: BatchSubmitter,
        retrier: Retrier,
        holder: Holder,
        tasks: Mapping[str, Task],
    ) -> None:
        self._acceptor = acceptor
        self._backlog = backlog
        self._batches = batches
        self._retrier = retrier
        self._holder = holder
        self._tasks = tasks

    def submit_job(self, request: HttpRequest) -> HttpAnswer:
        """``POST /jobs``: 202 once the job is recorded and queued; 200 if it ended in time."""
        http_message.query_values(request)
        key = http_message.idempotency_key(request, submission.SUBMIT)
        body = http_message.json_body(request)
        return self._accept(request, submission.order(body, self._tasks, key=key))

    def retry_job(self, request: HttpRequest) -> HttpAnswer:
        """``POST /jobs/{id}/retry``: a new job from a finished one's input."""
        http_message.query_values(request)
        key = http_message.idempotency_key(request, submission.RETRY)
        return self._accept(request, self._retrier.order(request.tenant, request.job_id, key=key))

    def submit_batch(self, request: HttpRequest) -> HttpAnswer:
        """``POST /batches``: 202 if any of its jobs was accepted, else the first one's problem."""
        http_message.query_values(request)
        http_message.refuse_idempotency_key(request)
        body = http_message.json_body(request, limits.BATCH_BYTES_MAX)
        self._backlog.refuse_flood(request.tenant)
        outcomes = self._batches.submit(request.tenant, body)
        entries = [_entry(request, outcome) for outcome in outcomes]
        status = 202 if any(entry["status"] == 202 for entry in entries) else entries[0]["status"]
        headers = {"Cache-Control": "no-store", "Vary": "Accept, Prefer"}
        answer = answers.json({"jobs": entries}, headers=headers, status=status)
        return answers.with_preferences(request, answer, waited=None)

    def _accept(self, request: HttpRequest, order: submission.Order) -> HttpAnswer:
        self._backlog.refuse_flood(request.tenant)
        accepted = self._acceptor.accept(request.tenant, order)
        job = accepted.job
        wanted_seconds = request.preferences.wait_seconds or 0
        seconds = self._holder.allowed_seconds(request, wanted_seconds)
        if seconds:
            job = self._holder.hold(job, has_ended, seconds=seconds)
        path = f"{request.root}jobs/{job.id}"
        headers = {"Location": path}
        if accepted.replayed:
            headers["Idempotency-Replayed"] = "true"
        in_time = bool(seconds) and job.terminal
        if in_time:
            headers["Content-Location"] = path
        status = 200 if in_time else 202
        answer = answers.of_job(request, job, status=status, headers=headers)
        return answers.with_preferences(request, answer, waited=seconds)


def _entry(request: HttpRequest, outcome: Outcome) -> dict[str, Any]:
    """What a batch's answer says of one of its jobs."""
    if isinstance(outcome, Accepted):
        minimal = request.preferences.minimal
        shown = representation.document(outcome.job, root=request.root, minimal=minimal)
        replayed = {"replayed": True} if outcome.replayed else {}
        return {"status": 202, **replayed, "job": shown}
    shown = representation.problem(outcome, root=request.root, instance=request.request_id)
    return {"status": outcome.type.status, "problem": shown}
