"""Submitting jobs and waiting for them."""

from __future__ import annotations

import json
import math
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any, TypedDict, cast

from accepted_client.errors import (
    JobCanceledError,
    JobFailedError,
    NotFinishedError,
    UnexpectedAnswerError,
)
from accepted_client.transport import Clock, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from accepted_client.transport import Answer

#: How long the server is asked to hold a request; a proxy in between must allow more.
WAIT_SECONDS_MAX = 20
#: How often to ask a server that does not say it.
POLL_SECONDS = 1.0
#: How long one call goes on trying to get an answer.
GIVE_UP_AFTER_SECONDS = 60.0


class JobDocument(TypedDict, total=False):
    """A job as the server shows it; members without a value are left out."""

    id: str
    type: str
    status: str
    created_at: str
    started_at: str
    finished_at: str
    deadline_at: str
    expires_at: str
    attempt: int
    max_attempts: int
    executed: str
    progress: float
    tags: dict[str, str]
    result: Any
    error: dict[str, Any]
    timeline: list[list[Any]]
    usage: dict[str, int]
    links: dict[str, str]


class Client:
    """The job API at one address, such as ``https://example.org/v1``.

    ``headers`` go with every request, for example an ``Authorization``. Each call goes on trying
    for ``give_up_after_seconds``. Raises ValueError if the address is none.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        if urllib.parse.urlsplit(base_url).scheme not in {"http", "https"}:
            raise ValueError(f"the address {base_url!r} must begin with http:// or https://")
        self._jobs_url = f"{base_url.rstrip('/')}/jobs"
        self._clock = clock or Clock()
        self._transport = Transport(headers=headers or {}, clock=self._clock)
        self._give_up_after_seconds = give_up_after_seconds

    def submit(
        self, job_type: str, job_input: Any, *, idempotency_key: str | None = None, **options: Any
    ) -> Job:
        """Have one job done, whatever gets lost on the way; returns once the server promised it.

        ``options`` are further members of the request, such as ``delay_seconds`` and ``tags``.
        Give an ``idempotency_key`` that you have written down to be safe against your own crash
        too. Raises UnreachableError and RefusedError, and TypeError or ValueError for what JSON
        cannot say.
        """
        request = {"type": job_type, "input": job_input, **options}
        answer = self._call(
            "POST",
            self._jobs_url,
            body=json.dumps(request, allow_nan=False).encode(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": f'"{idempotency_key or uuid.uuid4()}"',
            },
        )
        location = answer.headers.get("Location") or answer.headers.get("Content-Location")
        if location is None:
            raise UnexpectedAnswerError(f"{answer.url} answered {answer.status} without Location")
        return self.job(urllib.parse.urljoin(answer.url, location))

    def job(self, id_or_url: str) -> Job:
        """A job that was submitted before."""
        known = id_or_url if "://" in id_or_url else f"{self._jobs_url}/{id_or_url}"
        return Job(known, call=self._call, clock=self._clock)

    def jobs(self, **filters: str) -> Iterator[JobDocument]:
        """All jobs, newest first, page by page; filters are ``status`` and ``type``."""
        url = f"{self._jobs_url}?{urllib.parse.urlencode(filters)}".rstrip("?")
        while url:
            answer = self._call("GET", url)
            page = answer.json()
            if not isinstance(page, dict) or "jobs" not in page:
                raise UnexpectedAnswerError(f"{answer.url} did not answer a list of jobs")
            yield from page["jobs"]
            url = urllib.parse.urljoin(answer.url, page["next"]) if page.get("next") else ""

    def _call(
        self,
        method: str,
        url: str,
        *,
        until: float = math.inf,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        own = self._clock.now() + self._give_up_after_seconds + more.get("wait_seconds", 0)
        told = {"Accept": "application/json, application/problem+json", **(headers or {})}
        return self._transport.call(method, url, headers=told, until=min(until, own), **more)


class Job:
    """One job on the server; ``url`` is all there is to it."""

    def __init__(self, url: str, *, call: Callable[..., Answer], clock: Clock) -> None:
        self.url = url
        self.id = url.partition("?")[0].rpartition("/")[2]
        self._call = call
        self._clock = clock

    def status(self) -> JobDocument:
        """How the job stands now. Raises UnreachableError and RefusedError."""
        return _document(self._call("GET", self.url))

    def cancel(self) -> JobDocument:
        """Ask the server to stop the job; returns how it stands then.

        Raises RefusedError, with the slug ``job-finished`` if the job has an end already.
        """
        return _document(self._call("POST", f"{self.url}/cancel"))

    def result(
        self,
        timeout_seconds: float | None = None,
        *,
        progress: Callable[[JobDocument], object] | None = None,
    ) -> Any:
        """What the job gives, once it is done.

        ``progress`` is called with each change. Raises JobFailedError, JobCanceledError,
        NotFinishedError after ``timeout_seconds``, UnreachableError and RefusedError.
        """
        document = self.wait(timeout_seconds, progress=progress)
        if document["status"] == "canceled":
            raise JobCanceledError(document)
        if document["status"] != "succeeded":
            raise JobFailedError(document)
        if "result" in document:
            return document["result"]
        return self._call("GET", f"{self.url}/result").json()

    def wait(
        self,
        timeout_seconds: float | None = None,
        *,
        progress: Callable[[JobDocument], object] | None = None,
    ) -> JobDocument:
        """The job once it has an end, whichever; raises as ``result`` does."""
        until = math.inf if timeout_seconds is None else self._clock.now() + timeout_seconds
        document, etag = JobDocument(id=self.id), ""
        while True:
            asked_at, before = self._clock.now(), document
            # a request without a version to compare with would be held until the end
            hold = progress is None or bool(etag)
            answer = self._look(etag if progress else "", until, hold=hold)
            if answer.status != 304:
                document, etag = _document(answer), answer.headers.get("ETag", "")
            if document != before and progress is not None:
                progress(document)
            if "finished_at" in document:
                return document
            left_seconds = until - self._clock.now()
            if left_seconds <= 0:
                raise NotFinishedError(document)
            news = document != before and (not hold or _held(answer))
            pause_seconds = 0.0 if news else _pause_seconds(answer)
            rest_seconds = pause_seconds - (self._clock.now() - asked_at)
            self._clock.sleep(max(0.0, min(rest_seconds, left_seconds)))

    def _look(self, etag: str, until: float, *, hold: bool) -> Answer:
        """How the job stands; with ``hold``, at its end, or with ``etag`` at its next change.

        A server that does not hold requests answers at once.
        https://www.rfc-editor.org/rfc/rfc7240#section-4.3
        """
        left_seconds = max(0.0, until - self._clock.now())
        wait_seconds = int(min(WAIT_SECONDS_MAX, left_seconds)) if hold else 0
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else {}
        headers |= {"If-None-Match": etag} if etag else {}
        return self._call("GET", self.url, headers=headers, until=until, wait_seconds=wait_seconds)


def _document(answer: Answer) -> JobDocument:
    document = answer.json()
    if not isinstance(document, dict) or "status" not in document:
        raise UnexpectedAnswerError(f"{answer.url} did not answer a job")
    return cast("JobDocument", document)


def _held(answer: Answer) -> bool:
    """Whether the server held the request, as it was asked to."""
    return "wait" in (answer.headers.get("Preference-Applied") or "")


def _pause_seconds(answer: Answer) -> float:
    """How long after one look at an unchanged job the next one may follow."""
    asked_seconds = None if _held(answer) else answer.retry_after_seconds()
    return POLL_SECONDS if asked_seconds is None else asked_seconds
