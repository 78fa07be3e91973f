"""The headers and parameters of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from chalicelib.http.openapi import shapes

_REFERENCE = {"type": "string", "format": "uri-reference"}


def _header(text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": text, "schema": schema or {"type": "string"}}


#: of answers, by name
HEADERS: dict[str, dict[str, Any]] = {
    "Accept-Post": _header("What this route takes."),
    "Allow": _header("The methods of this path."),
    "Cache-Control": _header("How long the answer may be kept."),
    "Content-Location": _header("Which job the answer shows.", _REFERENCE),
    "Content-Security-Policy": _header("Of pages: what they may load, which is nothing foreign."),
    "ETag": _header(
        "The job's version, which every write changes.",
        {"type": "string", "pattern": '^"[^"]+"$'},
    ),
    "Idempotency-Replayed": _header("The key has made the job before.", {"const": "true"}),
    "Link": _header("Related documents, or the next page of a list."),
    "Location": _header("Where the job is, or where to go on.", _REFERENCE),
    "Preference-Applied": _header("The preferences that the answer heeds."),
    "Referrer-Policy": _header("Of pages: other sites are not told which job was looked at."),
    "Refresh": _header("Of a pending job's page: when it loads itself again."),
    "Retry-After": _header("Seconds after which to ask again.", {"type": "integer", "minimum": 1}),
    "Vary": _header("Which request headers the answer depends on."),
    "X-Content-Type-Options": _header("The type is what it says.", {"const": "nosniff"}),
    "X-Request-Id": _header("The request's id, which the log has too."),
}


def components() -> dict[str, dict[str, Any]]:
    """Every header twice: as one that may be there, and as one that always is."""
    always = {f"{name}.always": {**header, "required": True} for name, header in HEADERS.items()}
    return {**HEADERS, **always}


def _query(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _in_path(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _in_head(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": text, "schema": schema}


def parameters(types: list[str], slugs: list[str], assets: list[str]) -> dict[str, dict[str, Any]]:
    """Of requests, by name; ``types`` are the tasks' names."""
    # blanks around a header's value are none of it: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    key_pattern = rf"^[ \t]*({shapes.KEY_PATTERN.strip('^$')})[ \t]*$"
    key_schema = {"type": "string", "pattern": key_pattern, "examples": ["order-1138"]}
    key_text = "Makes it safe to repeat the request: for a day the same key is the same job."
    job_schema = {"type": "string", "pattern": shapes.ID_PATTERN}
    return {
        "job_id": _in_path("job_id", "The job's id.", job_schema),
        "slug": _in_path("slug", "The last part of a problem's `type`.", {"enum": slugs}),
        "name": _in_path("name", "The file's name.", {"enum": assets}),
        "status": _query("status", "Only jobs of this status.", {"enum": list(shapes.STATUSES)}),
        "type": _query(
            "type", "Only jobs of this type.", {"type": "string", "examples": types[:1]}
        ),
        "limit": _query(
            "limit",
            "How many at most.",
            {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        ),
        "cursor": _query("cursor", "From `next` of the list before.", {"type": "string"}),
        "follow": _query(
            "follow",
            "1: the answer is held back, and then leads to itself until there is a result.",
            {"enum": ["0", "1"]},
        ),
        "format": _query(
            "format",
            "Which form the answer has, whatever `Accept` says.",
            {"enum": ["html", "json"]},
        ),
        "Idempotency-Key": _in_head("Idempotency-Key", key_text, key_schema),
        "Prefer": _in_head(
            "Prefer",
            "`wait=N` holds the answer back for up to N seconds, 20 at most; `return=minimal` "
            "shortens it. Whatever makes no sense is ignored.",
            {"type": "string", "examples": ["return=minimal"]},
        ),
        "If-None-Match": _in_head(
            "If-None-Match",
            "The `ETag` of what you have: an empty 304 says that it is the current one.",
            {"type": "string", "examples": ['"v1"']},
        ),
    }


def webhook_parameters() -> list[dict[str, Any]]:
    """What a callback carries: https://www.standardwebhooks.com"""
    texts = {
        "webhook-id": "The same each time that the same end is told: the job's id and status.",
        "webhook-timestamp": "Seconds since 1970; refuse what is more than five minutes off.",
        "webhook-signature": "`v1,` and the base64 HMAC-SHA256 of id, timestamp and body.",
    }
    return [
        {**_in_head(name, text, {"type": "string"}), "required": True}
        for name, text in texts.items()
    ]
