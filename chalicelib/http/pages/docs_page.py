"""The API's description for people, from the same document that machines read."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.http.pages import page
from chalicelib.http.pages.html import Html, element, join, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.http.http_message import HttpAnswer, HttpRequest

_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "characters, at least",
    "maxLength": "characters, at most",
    "minItems": "items, at least",
    "maxItems": "items, at most",
    "maxProperties": "members, at most",
    "default": "default",
}


def answer(
    request: HttpRequest, document: Mapping[str, Any], *, headers: Mapping[str, str]
) -> HttpAnswer:
    info, parts = document["info"], document["components"]
    operations = list(_operations(document))
    return page.answer(
        request,
        "API",
        element("h1", "API"),
        element("p", prose(info["description"]), class_="lead"),
        element("p", prose("In the commands `$API` is this API's address, `$ID` a job's id.")),
        _contents(document, operations),
        *(
            join([element("h2", tag["name"]), element("p", tag["description"]), *shown])
            for tag in document["tags"]
            for shown in [
                [_operation(o, parts) for o in operations if o[2]["tags"] == [tag["name"]]]
            ]
        ),
        element("h2", "Callbacks", id="callbacks"),
        _callback(parts),
        element("h2", "Schemas", id="schemas"),
        *(_schema(name, schema) for name, schema in parts["schemas"].items()),
        headers=headers,
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation; HEAD needs no words of its own."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "head":
                yield path, method.upper(), operation


def _contents(document: Mapping[str, Any], operations: list[Any]) -> Html:
    rows = [
        (
            element("a", f"{method} {path}", href=f"#{operation['operationId']}"),
            operation["summary"],
        )
        for tag in document["tags"]
        for path, method, operation in operations
        if operation["tags"] == [tag["name"]]
    ]
    return table(("Route", "Does"), rows, caption="Routes")


def _operation(found: tuple[str, str, dict[str, Any]], parts: Mapping[str, Any]) -> Html:
    path, method, operation = found
    known = [
        parts["parameters"][one["$ref"].rpartition("/")[2]]
        for one in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return element(
        "section",
        element("h3", element("code", f"{method} {path}")),
        element(
            "p", element("strong", f"{operation['summary']}. "), prose(operation["description"])
        ),
        element("pre", element("code", _curl(path, method, body)), tabindex=0),
        _parameters(known) if known else None,
        element("p", "Body: ", _type(body["schema"])) if body else None,
        _responses(operation["responses"], parts),
        id=operation["operationId"],
        class_="operation",
    )


def _curl(path: str, method: str, body: Mapping[str, Any]) -> str:
    url = path.replace("{job_id}", "$ID").replace("{slug}", "gone").replace("{name}", "style.css")
    verb = "" if method == "GET" or (body and method == "POST") else f"-X {method} "
    examples = [example["value"] for example in body.get("examples", {}).values()]
    typed = " -H 'Content-Type: application/json' -d "
    sent = [f"{typed}{shlex.quote(json.dumps(one))}" for one in examples] or [""]
    return "\n".join(f'curl {verb}"$API{url}"{one}' for one in sent)


def _parameters(known: list[dict[str, Any]]) -> Html:
    rows = [
        (
            element("code", one["name"]),
            one["in"],
            _type(one["schema"]),
            prose(one["description"]),
        )
        for one in known
    ]
    return table(("Parameter", "In", "Type", "Meaning"), rows, caption="Parameters")


def _responses(responses: Mapping[str, Any], parts: Mapping[str, Any]) -> Html:
    known = {
        status: parts["responses"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for status, one in responses.items()
    }
    rows = [
        (
            element("code", status),
            prose(response["description"]),
            _alternatives(response.get("content", {})),
        )
        for status, response in known.items()
    ]
    return table(("Status", "Meaning", "Body"), rows, caption="Answers")


def _alternatives(content: Mapping[str, Any]) -> Html:
    """Each schema once; that a browser gets a page need not be said of every route."""
    shown = [_type(one["schema"]) for name, one in content.items() if name != "text/html"]
    return _between(shown or (["a page"] if content else []))


def _callback(parts: Mapping[str, Any]) -> Html:
    ((_, item),) = parts["callbacks"]["end"].items()
    post = item["post"]
    return element(
        "section",
        element("p", element("strong", f"{post['summary']}. "), prose(post["description"])),
        _parameters(post["parameters"]),
        element("p", "Body: ", _type(post["requestBody"]["content"]["application/json"]["schema"])),
        _responses(post["responses"], parts),
    )


def _schema(name: str, schema: Mapping[str, Any]) -> Html:
    required = schema.get("required", ())
    rows = [
        (
            element("code", member),
            _type(kind),
            "yes" if member in required else "",
            _limits(kind),
        )
        for member, kind in schema.get("properties", {}).items()
    ]
    members = table(("Member", "Type", "Required", "Limits"), rows, caption=f"Members of {name}")
    return element(
        "section",
        element("h3", element("code", name)),
        element("p", prose(schema.get("description", ""))),
        members if rows else element("p", _type(schema)),
        id=f"schema-{name}",
    )


def _type(schema: Mapping[str, Any]) -> Html:
    """A type in a few words, with links to what has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return element("a", name, href=f"#schema-{name}")
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return _between([_type(one) for one in schema[key] if one.get("type") != "null"])
    if "enum" in schema:
        return _between([element("code", _text(one)) for one in schema["enum"]])
    if schema.get("type") == "array":
        return join(["list of ", _type(schema.get("items") or {})])
    return join([schema.get("format") or schema.get("type") or "anything"])


def _between(parts: list[Any]) -> Html:
    return join(part for n, one in enumerate(parts) for part in ((" or ", one) if n else (one,)))


def _limits(schema: Mapping[str, Any]) -> Html:
    told = [f"{word} {_text(schema[key])}" for key, word in _BOUNDS.items() if key in schema]
    return join([prose(schema.get("description", "")), " " if told else "", ", ".join(told)])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
