"""The OpenAPI document as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.http.http_message import JSON
from chalicelib.http.openapi import headers, paths, schemas
from chalicelib.jobs.problems import PROBLEM_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.task import Task

_TEXT = (
    "Submit a job and get a 202 at once; poll it, wait for it, or be called back. Times are UTC. "
    "References in answers are relative to the answer's own URL. Every error is a problem by "
    "RFC 9457. Ignore members that you do not know: more may come."
)
_TAGS = {
    "Submit": "Make jobs.",
    "Look": "See how jobs stand, get their results.",
    "Change": "Stop, delete, tell again.",
    "About": "The API itself.",
}
_LINKS = {
    "job": ("getJob", "How the job stands."),
    "result": ("getResult", "Its result."),
    "cancel": ("cancelJob", "Stop it."),
    "retry": ("retryJob", "Do it again."),
    "callback": ("repeatCallback", "Tell its end again."),
    "delete": ("deleteJob", "Delete it."),
}


def document(tasks: Mapping[str, Task], assets: Sequence[str]) -> dict[str, Any]:
    """OpenAPI 3.1 of the API with these tasks; its server is the folder that it lies in."""
    known = schemas.components(tasks)
    described = paths.paths()
    _give_examples(described, known, sorted(tasks))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Accepted",
            "version": "1",
            "summary": "202 now, the result later",
            "description": _TEXT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ".", "description": "Where this document is."}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": described,
        "components": {
            "schemas": known,
            "responses": paths.problem_responses(),
            "headers": headers.components(),
            "parameters": headers.parameters(sorted(tasks), list(PROBLEM_TYPES), list(assets)),
            "links": {name: _link(*link) for name, link in _LINKS.items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "callbacks": {"end": {"{$request.body#/callback/url}": {"post": _callback()}}},
        },
    }


def _link(operation_id: str, text: str) -> dict[str, Any]:
    parameters = {"job_id": "$response.body#/id"}
    return {"operationId": operation_id, "parameters": parameters, "description": text}


def _callback() -> dict[str, Any]:
    event = {"schema": schemas.reference("CallbackEvent")}
    return {
        "summary": "The job has ended",
        "description": "Signed by Standard Webhooks. It may come twice, with one `webhook-id`.",
        "parameters": headers.webhook_parameters(),
        "requestBody": {"required": True, "content": {JSON: event}},
        "responses": {
            "2XX": {"description": "Delivered."},
            "410": {"description": "No further attempt."},
            "default": {"description": "Tried again, not before a `Retry-After` of 429 and 503."},
        },
    }


def _give_examples(described: dict[str, Any], known: Mapping[str, Any], types: list[str]) -> None:
    """One body for each task."""
    bodies = {name: schemas.example(schemas.reference(f"submit.{name}"), known) for name in types}
    for path, examples in (
        ("/jobs", {name: {"value": body} for name, body in bodies.items()}),
        ("/batches", {"all": {"value": {"jobs": list(bodies.values())[:100]}}}),
    ):
        described[path]["post"]["requestBody"]["content"][JSON]["examples"] = examples
