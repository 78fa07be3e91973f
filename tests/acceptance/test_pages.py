"""What a browser gets, and what it must not do."""

from __future__ import annotations

import html.parser
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.errors import PermanentError
from chalicelib.http.pages.assets import ASSETS
from chalicelib.task import TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ECHO = {"type": "echo", "input": 1}
LATE = {**ECHO, "delay_seconds": 900}
#: Whatever of these a page took for HTML would show as an element or an attribute of its own.
ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea><svg onload=alert(1)>",
    "</title><base href=//evil.example>",
    "<!--<iframe srcdoc='<b>'>",
    "&lt;script&gt;&#60;b&#62;",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u2028\u2029\x00\x1b[31m\x7f\u202e<b>",
]
ELEMENTS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main"),
    *("a", "h1", "h2", "h3", "p", "span", "strong", "code", "pre", "progress", "time", "section"),
    *("div", "dl", "dt", "dd", "ol", "li", "form", "button", "label", "select", "option"),
    *("textarea", "details", "summary", "input", "noscript", "table", "caption", "thead"),
    *("tbody", "tr", "th", "td"),
}


class Parsed(html.parser.HTMLParser):
    """A page's elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def references(self) -> list[str]:
        names = ("href", "src", "action")
        return [str(a[name]) for _, a in self.elements for name in names if name in a]


def page(client: Client, path: str, status: int = 200, **headers: str) -> Response:
    answer = client.get(path, headers={**BROWSER, **headers})
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "text/html; charset=utf-8",
    )
    return answer


def submitted(client: Client, body: Any = ECHO) -> str:
    return f"/jobs/{client.post('/jobs', json=body).json()['id']}"


def form(client: Client, path: str, **headers: str) -> Response:
    """What a browser sends for a form with a button alone."""
    sent = {
        **BROWSER,
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": "jobs.example",
        "Origin": "https://jobs.example",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return client.post(path, headers=sent)


@pytest.fixture
def attack(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """A text, and a task called so that fails saying it."""
    text: str = request.param

    def fail(value: Any, context: Any) -> None:
        raise PermanentError(text)

    # the service describes its tasks once
    bootstrap.service.cache_clear()
    bootstrap.service()
    monkeypatch.setitem(TASKS, text, Task(text, Any, fail))
    yield text
    bootstrap.service.cache_clear()


# --- pages and forms ------------------------------------------------------------------------------


def test_a_page_of_a_pending_job_looks_again_and_one_of_a_finished_job_does_not(
    client: Client, emulator: Emulator
) -> None:
    """As often as a program should ask."""
    path = submitted(client, {**ECHO, "delay_seconds": 2})
    pending = page(client, path)
    assert pending.headers["refresh"] == client.get(path).headers["retry-after"]
    assert "<progress" in pending.text
    emulator.run_until_idle()
    finished = page(client, path)
    assert "refresh" not in finished.headers
    assert "<progress" not in finished.text


def test_a_page_shows_what_became_of_the_job(client: Client, emulator: Emulator) -> None:
    good = submitted(client, {**ECHO, "input": {"a": [1, 2]}, "tags": {"order": "1138"}})
    bad = submitted(client, {"type": "csv.profile", "input": {"csv": "," * 1_001}})
    emulator.run_until_idle()
    text = Parsed(page(client, good).text).text
    assert '"a": [' in text
    assert "order: 1138" in text
    assert "the table has 1002 columns" in Parsed(page(client, bad).text).text


@pytest.mark.in_process("only an open stage shows jobs to everybody")
def test_the_index_lists_the_last_jobs_and_offers_every_task(client: Client) -> None:
    path = submitted(client)
    parsed = Parsed(page(client, "/").text)
    assert path.removeprefix("/") in parsed.references()
    offered = [a["value"] for tag, a in parsed.elements if tag == "option"]
    assert offered == client.get("/").json()["types"]


@pytest.mark.in_process("is called by a name of its own")
def test_a_form_cancels_and_leads_back_to_the_job(client: Client) -> None:
    """No script takes part: the page's own form is sent, and its answer followed."""
    path = submitted(client, LATE)
    (action,) = [
        a["action"] for tag, a in Parsed(page(client, path).text).elements if tag == "form"
    ]
    target = urllib.parse.urljoin(path, str(action))
    answer = form(client, target)
    assert answer.status_code == 303
    assert urllib.parse.urljoin(target, answer.headers["location"]) == path
    assert "canceled" in page(client, path).text


@pytest.mark.in_process("is called by a name of its own")
def test_a_form_does_a_failed_job_again_and_leads_to_the_new_one(
    client: Client, emulator: Emulator
) -> None:
    path = submitted(client, {"type": "csv.profile", "input": {"csv": "," * 1_001}})
    emulator.run_until_idle()
    answer = form(client, f"{path}/retry", Prefer="wait=5")
    new = urllib.parse.urljoin(f"{path}/retry", answer.headers["location"])
    assert answer.status_code == 303
    assert new != path
    assert path.rpartition("/")[2] in page(client, new).text


def test_programs_get_json_and_a_link_can_ask_for_either(client: Client) -> None:
    """``format`` counts more than Accept, in problems too."""
    path = submitted(client, LATE)
    for accept in ("*/*", "", "application/json", "application/json, text/plain, */*"):
        assert client.get(path, headers={"Accept": accept}).json()["status"] == "queued"
    assert client.get(f"{path}?format=json", headers=BROWSER).json()["status"] == "queued"
    page(client, f"{path}?format=html", Accept="application/json")
    assert client.get("/jobs/x?format=json", headers=BROWSER).json()["status"] == 404
    for query in ("format=xml", "format=json&format=html", "format"):
        assert client.get(f"{path}?{query}").json()["parameter"] == "format"
    assert client.get("/jobs?format=json").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"), [("/jobs/x", 404), ("/nowhere/at/all", 404), ("/jobs?limit=0", 400)]
)
def test_a_problem_is_a_page_for_a_browser(client: Client, path: str, status: int) -> None:
    """With the link to what its type means, which is a page too."""
    answer = page(client, path, status)
    assert answer.headers["cache-control"] == "no-store"
    (kind,) = [r for r in Parsed(answer.text).references() if "problems/" in r]
    page(client, urllib.parse.urljoin(path, kind))


def test_a_job_that_is_gone_is_a_page_for_a_browser(client: Client, emulator: Emulator) -> None:
    path = submitted(client)
    emulator.run_until_idle()
    client.request("DELETE", path)
    page(client, path, 410)


# --- what pages must not do -----------------------------------------------------------------------


@pytest.mark.parametrize("attack", ATTACKS, indirect=True)
def test_whatever_jobs_bring_along_is_shown_as_text(
    client: Client, emulator: Emulator, attack: str
) -> None:
    """Type, tags, input, result and error; in the page of the job, the index and problems."""
    tags = {attack[:20]: attack}
    paths = ["/"]
    for body in ({"type": attack, "input": attack, "tags": tags}, {**ECHO, "input": [attack]}):
        paths.append(submitted(client, body))
        emulator.run_until_idle()
    harmless = [Parsed(page(client, path).text) for path in paths]
    refused = [
        page(client, f"/jobs/{urllib.parse.quote(attack, safe='')}", 404),
        page(client, f"/jobs?{urllib.parse.urlencode({attack: attack})}", 400),
        client.post("/jobs", json={"type": f"{attack}!", "input": 1, attack: 1}, headers=BROWSER),
        client.post("/jobs", json={"type": f"{attack}!", "input": 1}, headers=BROWSER),
    ]
    assert [answer.status_code for answer in refused] == [404, 400, 422, 422]
    for parsed in (*harmless, *(Parsed(answer.text) for answer in refused)):
        for tag, attributes in parsed.elements:
            assert tag in ELEMENTS
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert not [r for r in parsed.references() if re.match(r"[a-z]+:|//", r)]
    visible = attack.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\x7f", "\ufffd")
    assert visible in harmless[1].text


OPEN = pytest.mark.in_process("only an open stage offers a form to everybody")


@pytest.mark.parametrize(
    "path", [pytest.param("/", marks=OPEN), "/docs", "/problems/gone", "/jobs/x", "{job}"]
)
def test_a_page_lets_nothing_foreign_in(client: Client, path: str) -> None:
    """No other host, no script or style inside it, no frame around it; scripts only with a form."""
    path = path.replace("{job}", submitted(client))
    answer = client.get(path, headers=BROWSER)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert ("script-src" in policy) == (path == "/")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "Accept" in answer.headers["vary"]
    for tag, attributes in Parsed(answer.text).elements:
        assert tag != "style"
        assert tag != "script" or attributes["src"]


@pytest.mark.parametrize("path", ["/", "/docs", "/problems/gone", "/nowhere/at/all", "{job}"])
def test_every_reference_of_a_page_works_below_any_path(client: Client, path: str) -> None:
    """They are relative, and lead somewhere, as a browser behind a proxy resolves them."""
    path = path.replace("{job}", submitted(client))
    for reference in Parsed(client.get(path, headers=BROWSER).text).references():
        assert not reference.startswith("/"), reference
        if reference.startswith("#"):
            continue
        url = urllib.parse.urljoin(f"https://proxy.example/any/prefix{path}", reference)
        target = urllib.parse.urlsplit(url).path
        assert target.startswith("/any/prefix/"), reference
        found = client.get(target.removeprefix("/any/prefix"), headers=BROWSER)
        is_button = found.status_code == 405 and target.endswith("/cancel")
        assert found.status_code == 200 or is_button, reference


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec_Fetch_Site": "none"}, 303),
        ({"Host": "10.0.0.1", "X_Forwarded_Host": "jobs.example"}, 303),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "unheard-of"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://jobs.example.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Host": "10.0.0.1"}, 403),
    ],
)
@pytest.mark.in_process("is called by a name of its own")
def test_no_other_site_can_make_a_browser_change_a_job(
    client: Client, headers: dict[str, str], status: int
) -> None:
    """https://www.w3.org/TR/fetch-metadata/"""
    path = submitted(client, LATE)
    assert form(client, f"{path}/cancel", **headers).status_code == status
    assert client.get(path).json()["status"] == ("canceled" if status == 303 else "queued")


def test_programs_and_readers_need_no_origin(client: Client) -> None:
    """Looking changes nothing, and only browsers send these headers."""
    path = submitted(client, LATE)
    assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert client.post(f"{path}/cancel").status_code == 200


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ASSETS)
def test_a_file_is_of_its_type_and_not_sent_twice(client: Client, name: str) -> None:
    answer = client.get(f"/assets/{name}", headers={"Accept": "text/css,*/*;q=0.1"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, ASSETS[name])
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    known = client.get(f"/assets/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304


@pytest.mark.parametrize("name", ["none.css", "..%2Fpage.py", "%2e%2e", "style.css%00"])
def test_no_other_file_is_served(client: Client, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404
