"""One HTTP exchange that outlives lost connections and busy servers."""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accepted_client.errors import RefusedError, UnexpectedAnswerError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

#: Later is another matter: too many requests, and what a server or a proxy says in trouble.
RETRIED = {429, 502, 503, 504}
#: The pause before the second try; it doubles with each further one.
PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 10.0
#: No server is believed that wants to be left alone for longer.
RETRY_AFTER_SECONDS_MAX = 3_600.0
#: How long one try may take beyond what the server was asked to wait.
ATTEMPT_SECONDS_MAX = 30.0
#: A last try shortly before the time is over still gets this long.
ATTEMPT_SECONDS_MIN = 1.0


class Clock:
    """The machine's time; tests have another."""

    def now(self) -> float:
        """Seconds since any fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Answer:
    """What came back in the end."""

    #: where it came from: the base of all relative references in it
    url: str
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """Raises UnexpectedAnswerError if the body is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise UnexpectedAnswerError(f"{self.url} did not answer JSON") from None

    def retry_after_seconds(self) -> float | None:
        """When to ask again, or None if the server does not say so.

        Seconds, or a date, which is compared with the server's own clock.
        https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
        """
        text = (self.headers.get("Retry-After") or "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), RETRY_AFTER_SECONDS_MAX)
        try:
            then = email.utils.parsedate_to_datetime(text)
            now = email.utils.parsedate_to_datetime(self.headers.get("Date") or "")
            return min(max(0.0, (then - now).total_seconds()), RETRY_AFTER_SECONDS_MAX)
        except (TypeError, ValueError):
            return None


class Transport:
    """Sends requests that may safely arrive twice."""

    def __init__(self, *, headers: Mapping[str, str], clock: Clock) -> None:
        self._headers = headers
        self._clock = clock

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        until: float,
        body: bytes | None = None,
        wait_seconds: int = 0,
    ) -> Answer:
        """Send until there is an answer other than "later".

        ``until`` is a time of the clock: no try begins after it. ``wait_seconds`` is how long the
        server was asked to hold the request. Raises UnreachableError, RefusedError and
        UnexpectedAnswerError.
        """
        request = urllib.request.Request(url, body, dict(headers), method=method)
        for name, value in self._headers.items():
            # not to be sent to wherever a redirect leads: it may be a secret
            request.add_unredirected_header(name, value)
        pause_seconds = PAUSE_SECONDS
        while True:
            answer, cause = self._try(request, until, wait_seconds)
            if answer is not None and answer.status not in RETRIED:
                return _accepted(answer)
            if answer is not None:
                cause = _refusal(answer)
            asked_seconds = answer.retry_after_seconds() if answer else None
            # a part of the pause is chance, so that clients that failed together part company
            rest_seconds = max(asked_seconds or 0.0, pause_seconds * random.uniform(0.5, 1.0))
            if self._clock.now() + rest_seconds >= until:
                raise UnreachableError(f"{method} {url}: {cause}") from cause
            self._clock.sleep(rest_seconds)
            pause_seconds = min(2 * pause_seconds, PAUSE_SECONDS_MAX)

    def _try(
        self, request: urllib.request.Request, until: float, wait_seconds: int
    ) -> tuple[Answer | None, Exception | None]:
        """The answer, whatever its status, or else why there is none."""
        left_seconds = min(until - self._clock.now(), ATTEMPT_SECONDS_MAX + wait_seconds)
        timeout_seconds = max(left_seconds, ATTEMPT_SECONDS_MIN)
        try:
            with _open(request, timeout_seconds) as got:
                return Answer(got.url, got.status, got.headers, got.read()), None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None)  # why urllib could not connect
            cause = reason if isinstance(reason, Exception) else error
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise UnreachableError(f"{request.full_url}: {cause}") from cause
            return None, cause


def _open(request: urllib.request.Request, timeout_seconds: float) -> Any:
    """An answer of any status: to the standard library 304 and 404 are exceptions."""
    try:
        return urllib.request.urlopen(request, timeout=timeout_seconds)
    except urllib.error.HTTPError as answer:
        return answer


def _accepted(answer: Answer) -> Answer:
    """The answer, unless it is a refusal, or a redirect that must not be followed with a body."""
    if answer.status >= 400:
        raise _refusal(answer)
    if answer.status >= 300 and answer.status != 304:
        location = answer.headers.get("Location")
        raise UnexpectedAnswerError(f"{answer.url} leads to {location}: use that address")
    return answer


def _refusal(answer: Answer) -> RefusedError:
    """The problem document; where a proxy answered in its own words, one made of the status."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "title" not in problem:
        reason = http.client.responses.get(answer.status, "Refused")
        said = problem.get("message") if isinstance(problem, dict) else None
        problem = {"title": f"{answer.status} {reason}", "status": answer.status}
        problem |= {"detail": said} if said else {}
    return RefusedError(answer.status, problem)
