"""Which route answers which request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from chalicelib.errors import UnavailableError
from chalicelib.http import answers, http_message
from chalicelib.http.http_message import FORMAT, FORMATS, HTML, JSON, HttpAnswer, HttpRequest
from chalicelib.http.identity import OPEN_ROUTES
from chalicelib.http.pages_api import Route, then_see_job
from chalicelib.jobs.model import NOBODY, TENANT
from chalicelib.jobs.problems import ProblemError

if TYPE_CHECKING:
    from chalicelib.http.jobs_api import JobsApi
    from chalicelib.http.pages_api import PagesApi
    from chalicelib.http.submit_api import SubmitApi

#: What answers in each of the forms that a client can choose.
Forms = Mapping[str, Route]

#: Every method that API Gateway can pass on: it answers 403 to one that is not declared.
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: The only form, whatever the client accepts.
ANY = "*/*"


class Api:
    """Dispatches requests."""

    def __init__(
        self, submit: SubmitApi, jobs: JobsApi, pages: PagesApi, *, anonymous: str = TENANT
    ) -> None:
        """``anonymous``: the tenant of a request that no authorizer has seen; of NOBODY's only the
        open routes answer."""
        self.anonymous = anonymous
        cancel, retry = jobs.cancel_job, submit.retry_job
        #: by path, method and media type; the paths are those of app.py
        self.routes: Mapping[str, Mapping[str, Forms]] = {
            "/": {"GET": {JSON: pages.get_index, HTML: pages.index_page}},
            "/jobs": {"GET": {JSON: jobs.list_jobs}, "POST": {JSON: submit.submit_job}},
            "/jobs/{job_id}": {
                "GET": {JSON: jobs.get_job, HTML: pages.job_page},
                "DELETE": {JSON: jobs.delete_job},
            },
            "/jobs/{job_id}/result": {"GET": {JSON: jobs.get_result}},
            "/jobs/{job_id}/cancel": {"POST": {JSON: cancel, HTML: then_see_job(cancel)}},
            "/jobs/{job_id}/callback": {"POST": {JSON: jobs.call_back}},
            "/jobs/{job_id}/retry": {"POST": {JSON: retry, HTML: then_see_job(retry)}},
            "/batches": {"POST": {JSON: submit.submit_batch}},
            "/docs": {"GET": {HTML: pages.docs_page}},
            "/openapi.json": {"GET": {JSON: pages.get_openapi}},
            "/problems/{slug}": {"GET": {JSON: pages.get_problem, HTML: pages.problem_page}},
            "/assets/{name}": {"GET": {ANY: pages.get_asset}},
            "/healthz": {"GET": {JSON: get_health}},
        }

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """The route's answer. Raises ProblemError."""
        methods = self.routes.get(request.route)
        if methods is None:
            raise ProblemError("not-found", "There is no such path")
        if request.tenant == NOBODY and request.route not in OPEN_ROUTES:
            raise _unauthorized()
        # HEAD is GET, of which only the head is sent
        forms = methods.get("GET" if request.method == "HEAD" else request.method)
        if forms is None:
            raise _not_allowed(request, methods)
        if request.method not in SAFE_METHODS:
            http_message.refuse_foreign_pages(request)
        return _answer(request, forms)


def _answer(request: HttpRequest, forms: Forms) -> HttpAnswer:
    form = ANY if ANY in forms else http_message.form(request, *forms)
    if form is None:
        detail = f'The answer cannot be given as "{request.headers["accept"][:100]}"'
        raise ProblemError("not-acceptable", detail, offers=list(forms))
    if len(forms) > 1:
        request = _without_format(request)
    try:
        return forms[form](request)
    except UnavailableError as error:
        detail = "Try again shortly"
        raise ProblemError("unavailable", detail, headers={"Retry-After": "1"}) from error


def _without_format(request: HttpRequest) -> HttpRequest:
    """The request without the parameter that chose a form; raises ProblemError if it chose none."""
    asked = [value for name, value in request.query if name == FORMAT]
    if len(asked) > 1 or not FORMATS.keys() >= set(asked):
        detail = f'"{FORMAT}" is one of {", ".join(FORMATS)}'
        raise http_message.bad_query(FORMAT, detail)
    others = tuple((name, value) for name, value in request.query if name != FORMAT)
    return msgspec.structs.replace(request, query=others)


def get_health(request: HttpRequest) -> HttpAnswer:
    """``GET /healthz``: this function answers; says nothing of AWS."""
    return answers.json({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _unauthorized() -> ProblemError:
    """The gateway should have refused it: a route has lost its authorizer."""
    detail = "Send a valid token"
    return ProblemError("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def _not_allowed(request: HttpRequest, methods: Mapping[str, Forms]) -> ProblemError:
    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
    return ProblemError(
        "method-not-allowed",
        f"{request.route} has the methods {', '.join(allowed)}",
        headers={"Allow": ", ".join(allowed)},
        allow=allowed,
    )
