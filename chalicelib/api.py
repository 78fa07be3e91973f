"""Which route answers which request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib import answers, http_message
from chalicelib.errors import UnavailableError
from chalicelib.http_message import JSON, HttpAnswer, HttpRequest
from chalicelib.model import NOBODY, TENANT
from chalicelib.problems import PROBLEM_TYPES, ProblemError

if TYPE_CHECKING:
    from chalicelib.jobs_api import JobsApi
    from chalicelib.submit_api import SubmitApi

Route = Callable[[HttpRequest], HttpAnswer]

#: Every method that API Gateway can pass on: it answers 403 to one that is not declared.
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

#: Routes that answer everybody, and tell nobody's secrets.
OPEN_ROUTES = frozenset({"/problems/{slug}", "/healthz", "/", "/{proxy+}"})

#: The texts of problems change with a deployment only.
PROBLEM_TEXT_SECONDS = 3_600


class Api:
    """Dispatches requests."""

    def __init__(self, submit: SubmitApi, jobs: JobsApi, *, anonymous: str = TENANT) -> None:
        """``anonymous``: the tenant of a request that no authorizer has seen; of NOBODY's only the
        open routes answer."""
        self.anonymous = anonymous
        #: by path and method; the paths are those of app.py
        self.routes: Mapping[str, Mapping[str, Route]] = {
            "/jobs": {"GET": jobs.list_jobs, "POST": submit.submit_job},
            "/jobs/{job_id}": {"GET": jobs.get_job, "DELETE": jobs.delete_job},
            "/jobs/{job_id}/result": {"GET": jobs.get_result},
            "/jobs/{job_id}/cancel": {"POST": jobs.cancel_job},
            "/jobs/{job_id}/callback": {"POST": jobs.call_back},
            "/jobs/{job_id}/retry": {"POST": submit.retry_job},
            "/batches": {"POST": submit.submit_batch},
            "/problems/{slug}": {"GET": get_problem},
            "/healthz": {"GET": get_health},
        }

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The route's answer. Raises ProblemError."""
        methods = self.routes.get(request.route)
        if methods is None:
            raise ProblemError("not-found", "There is no such path")
        if request.tenant == NOBODY and request.route not in OPEN_ROUTES:
            raise _unauthorized()
        # HEAD is GET, of which only the head is sent
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            raise _not_allowed(request, methods)
        http_message.refuse_unacceptable(request, JSON)
        try:
            return route(request)
        except UnavailableError as error:
            detail = "Try again shortly"
            raise ProblemError("unavailable", detail, headers={"Retry-After": "1"}) from error


def get_problem(request: HttpRequest) -> HttpAnswer:
    """``GET /problems/{slug}``: what a problem type means."""
    http_message.query_values(request)
    slug = request.path_values["slug"]
    if slug not in PROBLEM_TYPES:
        raise ProblemError("not-found", "There is no such problem type")
    seconds = PROBLEM_TEXT_SECONDS
    return answers.json(
        PROBLEM_TYPES[slug], headers={"Cache-Control": f"public, max-age={seconds}"}
    )


def get_health(request: HttpRequest) -> HttpAnswer:
    """``GET /healthz``: this function answers; says nothing of AWS."""
    return answers.json({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _unauthorized() -> ProblemError:
    """The gateway should have refused it: a route has lost its authorizer."""
    detail = "Send a valid token"
    return ProblemError("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def _not_allowed(request: HttpRequest, methods: Mapping[str, Route]) -> ProblemError:
    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
    return ProblemError(
        "method-not-allowed",
        f"{request.route} has the methods {', '.join(allowed)}",
        headers={"Allow": ", ".join(allowed)},
        allow=allowed,
    )
