"""The routes that say what there is: the first page, the API's description, pages of jobs."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.http import answers, http_message
from chalicelib.http.http_message import JSON, HttpAnswer, HttpRequest
from chalicelib.http.pages import assets, index_page, job_page, problem_page
from chalicelib.http.pages.assets import ASSETS
from chalicelib.jobs.problems import PROBLEM_TYPES, ProblemError
from chalicelib.requests.queries import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.jobs.problems import ProblemType
    from chalicelib.requests.queries import Queries
    from chalicelib.task import Task

Route = Callable[[HttpRequest], HttpAnswer]

#: https://www.rfc-editor.org/rfc/rfc8631
LINKS = '<openapi.json>; rel="service-desc", <docs>; rel="service-doc"'
INDEX_JOBS = 20


class PagesApi:
    """One method a route. Problems are raised as ProblemError."""

    def __init__(self, queries: Queries, *, tasks: Mapping[str, Task]) -> None:
        self._queries = queries
        self._tasks = tasks

    def get_index(self, request: HttpRequest) -> HttpAnswer:
        """``GET /``: where everything is."""
        http_message.query_values(request)
        names = {"jobs": "jobs", "batches": "batches", "docs": "docs", "health": "healthz"}
        shown = {
            "name": "Accepted",
            "types": sorted(self._tasks),
            "links": {**names, "openapi": "openapi.json"},
        }
        headers = {"Cache-Control": "no-cache", "Vary": "Accept", "Link": LINKS}
        return answers.json(shown, headers=headers)

    def index_page(self, request: HttpRequest) -> HttpAnswer:
        """``GET /`` in a browser: the last jobs, and a form for another."""
        http_message.query_values(request)
        jobs = self._queries.page(request.tenant, Wanted(), after=None, limit=INDEX_JOBS).jobs
        return index_page.answer(request, jobs, examples=self._examples, headers={"Link": LINKS})

    def job_page(self, request: HttpRequest) -> HttpAnswer:
        """``GET /jobs/{id}`` in a browser: how the job stands, until it has ended."""
        http_message.query_values(request)
        return job_page.answer(request, self._queries.job(request.tenant, request.job_id))

    def get_problem(self, request: HttpRequest) -> HttpAnswer:
        """``GET /problems/{slug}``: what a problem type means."""
        return answers.json(_problem_type(request), headers={**answers.LASTING, "Vary": "Accept"})

    def problem_page(self, request: HttpRequest) -> HttpAnswer:
        """The same, in a browser."""
        return problem_page.of_type(request, _problem_type(request), headers=answers.LASTING)

    def get_openapi(self, request: HttpRequest) -> HttpAnswer:
        """``GET /openapi.json``: the API for machines."""
        http_message.query_values(request)
        return answers.lasting(request, JSON, msgspec.json.encode(self._document))

    def docs_page(self, request: HttpRequest) -> HttpAnswer:
        """``GET /docs``: the API for people."""
        http_message.query_values(request)
        docs_page = importlib.import_module("chalicelib.http.pages.docs_page")
        made: HttpAnswer = docs_page.answer(request, self._document, headers=answers.LASTING)
        return made

    def get_asset(self, request: HttpRequest) -> HttpAnswer:
        """``GET /assets/{name}``: a file that pages need."""
        http_message.query_values(request)
        name = request.path_values["name"]
        if name not in ASSETS:
            raise ProblemError("not-found", "There is no such file")
        return answers.lasting(request, ASSETS[name], assets.content(name))

    @functools.cached_property
    def _document(self) -> dict[str, Any]:
        # imported when it is asked for, since most cold starts never are
        document = importlib.import_module("chalicelib.http.openapi.document")
        made: dict[str, Any] = document.document(self._tasks, list(ASSETS))
        return made

    @property
    def _examples(self) -> dict[str, Any]:
        """An input for each task."""
        body = self._document["paths"]["/jobs"]["post"]["requestBody"]["content"][JSON]
        return {name: one["value"]["input"] for name, one in body["examples"].items()}


def then_see_job(route: Route) -> Route:
    """What answers a form: the route does its work, and the browser goes on to the job's page."""

    def answer(request: HttpRequest) -> HttpAnswer:
        told = route(msgspec.structs.replace(request, headers=_without_prefer(request))).headers
        place = told.get("Content-Location") or told["Location"]
        headers = {"Location": place, "Cache-Control": "no-store", "Vary": "Accept"}
        return HttpAnswer(status=303, headers=headers)

    return answer


def _without_prefer(request: HttpRequest) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name != "prefer"}


def _problem_type(request: HttpRequest) -> ProblemType:
    http_message.query_values(request)
    slug = request.path_values["slug"]
    if slug not in PROBLEM_TYPES:
        raise ProblemError("not-found", "There is no such problem type")
    return PROBLEM_TYPES[slug]
