"""The first page: the last jobs, and a form for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import limits
from chalicelib.clock import rfc3339
from chalicelib.http.pages import page
from chalicelib.http.pages.html import Html, element, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.http.http_message import HttpAnswer, HttpRequest
    from chalicelib.jobs.model import Job

SCRIPT = "submit.js"
_WHAT = (
    "Submit a job and get a 202 at once. A worker does it, and its page here, or the API, says "
    "how it stands."
)
#: name, label, bounds and default
_NUMBERS = (
    (
        "deadline_seconds",
        "Deadline, in seconds",
        range(1, limits.DEADLINE_SECONDS_MAX + 1),
        limits.DEADLINE_SECONDS_DEFAULT,
    ),
    ("delay_seconds", "Delay, in seconds", range(limits.DELAY_SECONDS_MAX + 1), 0),
    (
        "max_attempts",
        "Attempts, at most",
        range(1, limits.ATTEMPTS_MAX + 1),
        limits.ATTEMPTS_DEFAULT,
    ),
)


def answer(
    request: HttpRequest,
    jobs: Sequence[Job],
    *,
    examples: Mapping[str, Any],
    headers: Mapping[str, str],
) -> HttpAnswer:
    """``examples``: an input for each type of job."""
    return page.answer(
        request,
        "Jobs",
        element("h1", "Accepted"),
        element("p", _WHAT, class_="lead"),
        element("h2", "Submit a job"),
        _form(request, examples),
        element("h2", "Last jobs"),
        _jobs(request, jobs),
        headers=headers,
        script=SCRIPT,
    )


def _form(request: HttpRequest, examples: Mapping[str, Any]) -> Html:
    options = [
        element("option", name, value=name, data_example=_pretty(value))
        for name, value in examples.items()
    ]
    first = _pretty(next(iter(examples.values()), {}))
    curl = f"{page.here(request)}docs#submitJob"
    return element(
        "form",
        _field("type", "Type", element("select", *options, id="type", name="type")),
        _field(
            "input",
            "Input, as JSON",
            element("textarea", first, id="input", name="input", rows=6, required=True),
        ),
        element(
            "details",
            element("summary", "More"),
            *(_number(*number) for number in _NUMBERS),
        ),
        element("button", "Submit", type="submit"),
        element("p", id="answer", role="alert"),
        element(
            "noscript",
            element("p", "The form needs its script; see the ",
                    element("a", "command line", href=curl), " instead."),
        ),
        id="submit",
        method="post",
        action=f"{request.root}jobs",
    )  # fmt: skip


def _field(name: str, label: str, control: Html) -> Html:
    return element("div", element("label", label, for_=name), control, class_="field")


def _number(name: str, label: str, bounds: range, usual: int) -> Html:
    control = element(
        "input",
        type="number",
        id=name,
        name=name,
        min=bounds[0],
        max=bounds[-1],
        value=usual,
        required=True,
    )
    return _field(name, label, control)


def _jobs(request: HttpRequest, jobs: Sequence[Job]) -> Html:
    if not jobs:
        return element("p", "There are none yet.")
    rows = [
        (
            element("a", job.type, href=f"{request.root}jobs/{job.id}"),
            page.badge(job.status.value),
            page.time(rfc3339(job.created_at_ms)),
            element("span", job.id, class_="id"),
        )
        for job in jobs
    ]
    return table(("Type", "Status", "Accepted", "Id"), rows, caption="The last jobs, newest first")


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
