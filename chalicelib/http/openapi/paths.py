"""The paths of the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.http.http_message import HTML, JSON, PROBLEM_JSON
from chalicelib.http.identity import OPEN_ROUTES
from chalicelib.http.openapi.operations import OPERATIONS
from chalicelib.http.openapi.schemas import reference
from chalicelib.jobs.problems import PROBLEM_TYPES

if TYPE_CHECKING:
    from chalicelib.http.openapi.operations import Answer, Operation

_PAGE_HEADERS = ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options")
HEAD_PROBLEM = "head-problem"
_LINKS = ("job", "result", "cancel", "retry", "callback", "delete")


def paths() -> dict[str, Any]:
    """The document's paths; ``HEAD`` is ``GET`` without bodies."""
    described: dict[str, Any] = {}
    for (path, method), operation in OPERATIONS.items():
        item = described.setdefault(path, {})
        item[method.lower()] = _described(operation)
        if path not in OPEN_ROUTES:
            # of a stage that is open, and of one that is closed
            item[method.lower()]["security"] = [{}, {"bearer": []}]
        if method == "GET":
            item["head"] = _head(item["get"])
    return described


def problem_responses() -> dict[str, Any]:
    """Every answer that is a problem, by its name."""
    groups = [slugs for each in OPERATIONS.values() for slugs in _by_status(each).values()]
    described = {_name(slugs): _problem(slugs) for slugs in groups}
    of_head = {**_problem(["internal"]), "description": "A problem, without its body."}
    del of_head["content"]
    return {HEAD_PROBLEM: of_head, **described}


def _response_headers(*, always: tuple[str, ...], maybe: tuple[str, ...]) -> dict[str, Any]:
    """Of those that are always there, the component that says so."""
    names = {**{name: name for name in maybe}, **{name: f"{name}.always" for name in always}}
    return {name: {"$ref": f"#/components/headers/{part}"} for name, part in names.items()}


def _described(operation: Operation) -> dict[str, Any]:
    parameters = [{"$ref": f"#/components/parameters/{n}"} for n in operation.parameters]
    shown: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.text,
        "responses": _responses(operation),
    }
    if parameters:
        shown["parameters"] = parameters
    if operation.body:
        schema = reference(operation.body)
        shown["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    if operation.callbacks:
        shown["callbacks"] = {"end": {"$ref": "#/components/callbacks/end"}}
    return shown


def _responses(operation: Operation) -> dict[str, Any]:
    """Answers, and problems by their status; a status may stand for both."""
    responses = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    for status, slugs in _by_status(operation).items():
        known = responses.get(status)
        if known is None:
            responses[status] = {"$ref": f"#/components/responses/{_name(slugs)}"}
        else:
            problem = _problem(slugs)
            known["content"].update(problem["content"])
            known["headers"] = {**problem["headers"], **known["headers"]}
    return dict(sorted(responses.items()))


def _by_status(operation: Operation) -> dict[str, list[str]]:
    by_status: dict[str, list[str]] = {}
    for slug in operation.problems:
        by_status.setdefault(str(PROBLEM_TYPES[slug].status), []).append(slug)
    return by_status


def _name(slugs: list[str]) -> str:
    """Of the component that describes an answer which is one of these problems."""
    return ".".join(slugs)


def _answer(answer: Answer) -> dict[str, Any]:
    maybe = (*answer.maybe, *(_PAGE_HEADERS if answer.page else ()))
    shown: dict[str, Any] = {
        "description": answer.text,
        "headers": _response_headers(always=("X-Request-Id", *answer.always), maybe=maybe),
    }
    content = {answer.media_type: {"schema": answer.schema}} if answer.schema is not None else {}
    if answer.page:
        content[HTML] = {"schema": {"type": "string"}}
    if content:
        shown["content"] = content
    if answer.links:
        shown["links"] = {name: {"$ref": f"#/components/links/{name}"} for name in _LINKS}
    return shown


def _problem(slugs: list[str]) -> dict[str, Any]:
    maybe = ("Accept-Post", "Allow", "Location", "Retry-After", *_PAGE_HEADERS)
    schema = {"oneOf": [reference(slug) for slug in slugs]} if slugs[1:] else reference(slugs[0])
    return {
        "description": "; ".join(f"`{slug}`: {PROBLEM_TYPES[slug].title}" for slug in slugs),
        "headers": _response_headers(always=("X-Request-Id", "Cache-Control", "Vary"), maybe=maybe),
        "content": {
            PROBLEM_JSON: {"schema": schema},
            HTML: {"schema": {"type": "string"}},
        },
    }


def _head(get: dict[str, Any]) -> dict[str, Any]:
    responses = {
        status: {k: v for k, v in response.items() if k not in {"content", "links"}}
        for status, response in get["responses"].items()
        if "$ref" not in response
    }
    any_problem = {"$ref": f"#/components/responses/{HEAD_PROBLEM}"}
    responses.update({"4XX": any_problem, "5XX": any_problem})
    name = get["operationId"]
    changed = {"operationId": f"head{name[0].upper()}{name[1:]}", "responses": responses}
    return {**get, **changed, "summary": f"{get['summary']}, without the body"}
