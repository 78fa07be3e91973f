"""The schemas of the OpenAPI document, and examples that fit them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import limits
from chalicelib.http.openapi import shapes
from chalicelib.jobs.problems import PROBLEM_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.task import Task

_SHAPES = (
    shapes.Job,
    shapes.MinimalJob,
    shapes.JobList,
    shapes.BatchAnswer,
    shapes.CallbackEvent,
    shapes.Health,
    shapes.Index,
    shapes.ProblemText,
    shapes.Problem,
)
_UNNAMEABLE = re.compile(r"[^a-zA-Z0-9._-]")
_PREFIX = "#/components/schemas/"
#: What an example is made of where a schema says no more than the type.
_PLAIN: dict[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "null": None,
    "array": [],
}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"{_PREFIX}{_UNNAMEABLE.sub('_', name)}"}


def components(tasks: Mapping[str, Task]) -> dict[str, Any]:
    """Every schema by its name; a task's input is there by the task being there."""
    alone = {
        name: shapes.submission(_UNNAMEABLE.sub("_", name), name, task=task)
        for name, task in sorted(tasks.items())
    }
    entries = {name: shapes.batch_entry(shape) for name, shape in alone.items()}
    answerable = [slug for slug, known in PROBLEM_TYPES.items() if known.status]
    of_problems = [shapes.problem(slug) for slug in answerable]
    _, found = msgspec.json.schema_components(
        [*_SHAPES, *of_problems, *alone.values(), *entries.values()],
        schema_hook=_anything,
        ref_template=f"{_PREFIX}{{name}}",
    )
    for shape in (*alone.values(), *entries.values()):
        _tell_of_tags(found[shape.__name__]["properties"]["tags"])
    return {
        "Submission": _one_of(alone),
        "Batch": _batch(entries),
        "AnyProblem": {"oneOf": [reference(slug) for slug in answerable]},
        **found,
    }


def example(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A small value that fits: what the schema gives as examples, and what it requires."""
    if "$ref" in schema:
        return example(known[schema["$ref"].removeprefix(_PREFIX)], known)
    for given in ("examples", "enum", "oneOf", "anyOf"):
        if schema.get(given):
            first = schema[given][0]
            return example(first, known) if given in {"oneOf", "anyOf"} else first
    if "default" in schema:
        return schema["default"]
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        wanted = {n for n, one in members.items() if "examples" in one} | set(
            schema.get("required", ())
        )
        return {name: example(one, known) for name, one in members.items() if name in wanted}
    return _PLAIN.get(str(schema.get("type")), "anything")


def _anything(kind: type) -> dict[str, Any]:
    """A type of which nothing is known but that msgspec can convert to it."""
    return {"description": f"A value for {kind.__name__}."}


def _one_of(alone: Mapping[str, type[msgspec.Struct]]) -> dict[str, Any]:
    refs = {name: reference(shape.__name__)["$ref"] for name, shape in alone.items()}
    return {
        "title": "Submission",
        "description": "The body of `POST /jobs`: what `input` is depends on `type`.",
        "type": "object",
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }


def _batch(entries: Mapping[str, type[msgspec.Struct]]) -> dict[str, Any]:
    """An entry that does not fit is refused by itself, so here an entry may be anything."""
    items = {"anyOf": [*_one_of(entries)["oneOf"], {"description": "Refused by itself."}]}
    return {
        "title": "Batch",
        "description": "The body of `POST /batches`.",
        "type": "object",
        "properties": {
            "jobs": {
                "type": "array",
                "minItems": 1,
                "maxItems": limits.BATCH_JOBS_MAX,
                "items": items,
            }
        },
        "required": ["jobs"],
        "additionalProperties": False,
    }


def _tell_of_tags(tags: dict[str, Any]) -> None:
    """Lengths are checked in bytes, of which JSON Schema knows nothing: characters come close."""
    tags["propertyNames"] = {"minLength": 1, "maxLength": limits.TAG_NAME_BYTES_MAX}
    tags["additionalProperties"] = {"type": "string", "maxLength": limits.TAG_VALUE_BYTES_MAX}
