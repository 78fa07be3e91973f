"""A job's page: how it stands, and what can be done. It reloads itself until the job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import clock
from chalicelib.http import representation
from chalicelib.http.pages import page
from chalicelib.http.pages.html import Html, element, join
from chalicelib.jobs.model import Status

if TYPE_CHECKING:
    from chalicelib.http.http_message import HttpAnswer, HttpRequest
    from chalicelib.jobs.model import Job

_EXECUTED = {
    "never": "The task has not started.",
    "maybe": "The task has started; it is not known whether it ran to its end.",
    "yes": "The task ran to its end.",
}


def answer(request: HttpRequest, job: Job) -> HttpAnswer:
    shown = representation.document(job, root=request.root)
    about = representation.headers(job, now_ms=clock.now_ms())
    again = {} if job.terminal else {"Refresh": about["Retry-After"]}
    heading = element("h1", shown["type"], " ", page.badge(shown["status"]))
    return page.answer(
        request,
        f"{shown['type']}, {shown['status']}",
        heading,
        element("p", shown["id"], class_="id"),
        *_progress(job, again.get("Refresh")),
        *_outcome(job, shown),
        _actions(shown),
        element("h2", "What happened"),
        _timeline(shown),
        element("h2", "About this job"),
        _facts(job, shown),
        headers={**again, "Vary": "Accept, Prefer"},
    )


def _progress(job: Job, seconds: str | None) -> list[Html]:
    if job.terminal:
        return []
    told = {
        Status.QUEUED: "It waits for a worker.",
        Status.CANCELING: "Its worker is told to stop.",
    }.get(job.status, "A worker is at it.")
    known = job.progress is not None
    percent = round(100 * (job.progress or 0))
    bar = element(
        "progress",
        f"{percent} %" if known else None,
        max=100,
        value=percent if known else None,
        aria_label="Progress",
    )
    far = f"{percent} % done. " if known else ""
    note = f"{told} {far}This page looks again after {seconds} s."
    return [bar, element("p", note, role="status")]


def _outcome(job: Job, shown: dict[str, Any]) -> list[Html]:
    if "error" in shown:
        return [element("h2", "Error"), _error(shown["error"])]
    if job.status is not Status.SUCCEEDED:
        return []
    link = element("p", element("a", "The result alone", href=shown["links"]["result"]))
    if job.result is None:
        return [element("h2", "Result"), link]
    text = msgspec.json.format(job.result, indent=2).decode()
    return [element("h2", "Result"), element("pre", element("code", text), tabindex=0), link]


def _error(error: dict[str, Any]) -> Html:
    last = error.get("last")
    return element(
        "section",
        element("p", element("a", error["title"], href=error["type"])),
        element("p", error["detail"]),
        element("p", f"Attempts: {error['attempts']}") if "attempts" in error else None,
        join([element("h3", "The last attempt"), _error(last)]) if last else None,
        class_="problem",
    )


def _actions(shown: dict[str, Any]) -> Html:
    links = shown["links"]
    buttons = [
        element("form", element("button", text, type="submit"), method="post", action=links[name])
        for name, text in (("cancel", "Cancel"), ("retry", "Do it again"))
        if name in links
    ]
    raw = element("a", "As JSON", href=f"{links['self']}?format=json")
    return element("div", *buttons, raw, class_="actions")


def _timeline(shown: dict[str, Any]) -> Html:
    entries = shown.get("timeline") or [["queued", shown["created_at"]]]
    return element("ol", *map(_entry, entries), class_="timeline")


def _entry(entry: list[Any]) -> Html:
    status, at, *attempt = entry
    number = f"attempt {attempt[0]}" if attempt and attempt[0] else None
    return element("li", page.badge(status), " ", page.time(at), " ", number)


def _facts(job: Job, shown: dict[str, Any]) -> Html:
    usage = shown.get("usage", {})
    tags = shown.get("tags", {})
    retry_of = shown.get("retry_of")
    return page.facts(
        {
            "Tags": join(element("span", f"{k}: {v}", class_="tag") for k, v in tags.items()),
            "Attempts": f"{shown['attempt']} of {shown['max_attempts']}",
            "Executed": _EXECUTED[shown["executed"]] if job.terminal else None,
            "Deadline": page.time(shown["deadline_at"]),
            "Kept until": page.time(shown["expires_at"]) if "expires_at" in shown else None,
            "Does again": element("a", retry_of.rpartition("/")[2], href=retry_of)
            if retry_of
            else None,
            "Callback": shown.get("callback", {}).get("state"),
            "Ran for": f"{usage['run_ms']} ms" if usage else None,
            "Write units": usage.get("write_units"),
        }
    )
