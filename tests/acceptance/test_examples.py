"""Every program of ``examples/`` gets its result, directly and through every proxy."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import proxy_processes
import pytest
from accepted_client import Client
from chalice_process import ROOT, free_port
from chaos_proxy import chaos_proxy
from jobs_api import jobs_api
from scripted_server import Scripted, scripted_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

PREFIX = "async-operation"
JOB = ("text.statistics", '{"text": "to be or not to be, Zoë"}')
#: More than the API takes, less than the proxies refuse to carry; and more than that.
TOO_LARGE_BYTES, FAR_TOO_LARGE_BYTES = 2 * 1024 * 1024, 11 * 1024 * 1024
PROGRAMS = {
    "client": (sys.executable, "-m", "accepted_client", "--url", "{url}", "submit"),
    "curl": ("sh", "examples/curl/submit.sh", "{url}"),
    "php": ("php", "examples/php/submit.php", "{url}"),
    "requests": (sys.executable, "examples/python-requests/submit.py", "{url}"),
    "fetch": ("node", "examples/javascript/submit.mjs", "{url}"),
}
#: The commands as a reader types them.
COMMANDS = re.findall(
    r"^.*submit.*$",
    (ROOT / "examples/README.md").read_text().partition("```sh")[2].partition("```")[0],
    re.MULTILINE,
)
#: A seed for which the very first exchange is lost.
FIRST_IS_LOST = 1
PROXIES = [
    "nginx strips-prefix",
    "nginx keeps-prefix",
    "apache strips-prefix",
    "apache keeps-prefix",
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its stage has the name that a proxy may keep in front; it holds requests for a second."""
    folder = tmp_path_factory.mktemp("api")
    with jobs_api(folder, stage=PREFIX, WAIT_SECONDS_MAX="1") as url:
        yield url


@pytest.fixture(scope="module")
def nginx(api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    with proxy_processes.nginx(tmp_path_factory.mktemp("nginx"), urlsplit(api).netloc) as it:
        yield it


@pytest.fixture(scope="module")
def apache(api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    with proxy_processes.apache(tmp_path_factory.mktemp("apache"), urlsplit(api).netloc) as it:
        yield it


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The API's address behind a proxy."""

    def find(site: str) -> str:
        server, form = site.split()
        return f"http://127.0.0.1:{request.getfixturevalue(server)[form]}/{PREFIX}"

    return find


def run(name: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program, *rest = PROGRAMS[name]
    return finished(
        proxy_processes.program(program), *(part.format(url=url) for part in rest), *arguments
    )


def finished(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of a reader who is in the project's folder."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "examples/client", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def follow(url: str) -> list[str]:
    """The result, and the number of redirects on the way to it."""
    curl = proxy_processes.program("curl")
    return finished(curl, "-fsSLw", " %{num_redirects}", url).stdout.split()


def post(url: str, body: bytes) -> tuple[int, Message, Any]:
    """Status, headers and document of a problem."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.netloc, timeout=20)
    try:
        head = {"Content-Type": "application/json", "Expect": "100-continue"}
        connection.request("POST", f"{split.path}/jobs", body, head)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.status, answer.headers, document
    finally:
        connection.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_readme_gives_a_result(command: str, api: str) -> None:
    """Directly, without a proxy."""
    for program in re.findall(r"^(php|node)|submit[.]sh", command):
        proxy_processes.program(program or "curl")
    command = re.sub(r"(?:[.]venv/bin/)?python3? ", f"{sys.executable} ", command)
    done = finished("sh", "-c", command.replace("http://localhost:8000", api), JOBS_URL=api)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_readme_has_a_command_for_every_program() -> None:
    assert len(COMMANDS) == len(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_follows_a_large_result_to_where_it_lies(name: str, api: str) -> None:
    """Which is not in the API, but behind a link into S3."""
    large = random.Random(1).randbytes(20_000).hex()
    done = run(name, api, "echo", json.dumps(large))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == large


@pytest.mark.parametrize("site", PROXIES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_gets_the_result_through_a_proxy(
    name: str, site: str, address: Callable[[str], str]
) -> None:
    """Submitted, found by its Location, waited for, fetched."""
    done = run(name, address(site), *JOB)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["words"] == 7
    assert f"{address(site)}/jobs/" in done.stderr


def test_redirects_and_pages_lead_back_through_every_proxy(address: Callable[[str], str]) -> None:
    """One command waits for a result by following redirects; a list goes on where it says."""
    clients = [Client(address(site)) for site in PROXIES]
    jobs = [client.submit("echo", n, delay_seconds=2) for n, client in enumerate(clients)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        results = list(pool.map(follow, [f"{job.url}/result?follow=1" for job in jobs]))

    assert [int(result) for result, redirects in results] == [0, 1, 2, 3]
    assert all(int(redirects) >= 1 for result, redirects in results)
    for client in clients:
        newest = client.jobs(limit="1")
        assert {next(newest)["id"], next(newest)["id"]} < {job.id for job in jobs}


def test_buttons_of_pages_work_behind_every_proxy(address: Callable[[str], str]) -> None:
    """Over plain HTTP a browser sends no ``Sec-Fetch-Site``, so the proxy must tell its own name.

    https://www.w3.org/TR/fetch-metadata/#fetch-metadata-headers
    """
    curl = proxy_processes.program("curl")
    form = [
        curl,
        "-sS",
        "-o",
        os.devnull,
        "-w",
        "%{http_code}",
        "-X",
        "POST",
        "-H",
        "Accept: text/html",
    ]
    for site in PROXIES:
        url = address(site)
        cancel = f"{Client(url).submit('echo', 1, delay_seconds=60).url}/cancel"
        own = "http://" + urlsplit(url).netloc
        assert finished(*form, "-H", "Origin: http://another.example", cancel).stdout == "403"
        assert finished(*form, "-H", f"Origin: {own}", cancel).stdout == "303"


@pytest.mark.parametrize("location", ["jobs/7", "/v1/jobs/7", "{url}/v1/jobs/7"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_resolves_any_location(name: str, location: str) -> None:
    """An API that is set up otherwise, or a proxy, may send another form of reference.

    https://www.rfc-editor.org/rfc/rfc3986#section-5
    """
    job = {"status": "succeeded", "finished_at": "-", "links": {"result": "../jobs/7/result"}}
    with scripted_server() as server:
        accepted = Scripted(202, {}, {"Location": location.format(url=server.url)})
        # the script asks for the result at once, the others for the job first
        looks = [] if name == "curl" else [Scripted(200, job)]
        server.script = [accepted, *looks, Scripted(200, 42)]
        done = run(name, f"{server.url}/v1", "echo", "42")

    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    paths = [asked.path for asked in server.asked]
    assert paths[0] == "/v1/jobs"
    assert paths[-1] == "/v1/jobs/7/result"


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_sends_its_token_to_the_api_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large result is elsewhere, and its link is all that opens it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
    """
    monkeypatch.setenv("JOBS_TOKEN", "a.b.c")
    job = {"status": "succeeded", "finished_at": "-", "links": {"result": "../jobs/7/result"}}
    with scripted_server() as api, scripted_server() as storage:
        looks = [] if name == "curl" else [Scripted(200, job)]
        moved = Scripted(303, job, {"Location": f"{storage.url}/7.json"})
        api.script = [Scripted(202, {}, {"Location": "jobs/7"}), *looks, moved]
        storage.script = [Scripted(200, 42)]
        done = run(name, api.url, "echo", "42")

    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    assert {asked.headers.get("authorization") for asked in api.asked} == {"Bearer a.b.c"}
    assert [asked.headers.get("authorization") for asked in storage.asked] == [None]


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_says_why_it_was_refused(name: str, api: str) -> None:
    """With the API's own words, and an exit code."""
    done = run(name, api, "text.statistics", '{"txt": ""}')

    assert (done.returncode, done.stdout) == (1, "")
    assert "/input/text" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_makes_one_job_although_the_first_answer_is_lost(name: str, api: str) -> None:
    """The second try has the same key."""
    before = {job["id"] for job in Client(api).jobs()}
    with chaos_proxy(urlsplit(api).netloc, loss="response", seed=FIRST_IS_LOST) as proxy:
        done = run(name, proxy.url, *JOB)

    assert proxy.lost_methods[0] == "POST"
    assert json.loads(done.stdout)["words"] == 7
    assert len({job["id"] for job in Client(api).jobs()} - before) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_says_how_it_is_used(name: str) -> None:
    done = run(name, "http://localhost:8000")

    assert done.returncode in (1, 2)
    assert done.stderr.lower().startswith("usage: ")


@pytest.mark.parametrize("site", PROXIES)
def test_body_too_large_for_the_api_is_refused_in_the_api_s_form(
    site: str, address: Callable[[str], str]
) -> None:
    """The proxy carries it, so that the answer says what is allowed."""
    status, _, problem = post(address(site), b" " * TOO_LARGE_BYTES)
    assert (status, problem["actual"]) == (413, TOO_LARGE_BYTES)


def test_nginx_s_own_answers_are_problems_too(
    nginx: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A body beyond what it carries, and an API that is not there."""
    url = f"http://127.0.0.1:{nginx['keeps-prefix']}/{PREFIX}"
    status, _, problem = post(url, b" " * FAR_TOO_LARGE_BYTES)
    assert (status, problem["title"]) == (413, "Content Too Large")

    nobody = f"127.0.0.1:{free_port()}"
    with proxy_processes.nginx(tmp_path_factory.mktemp("alone"), nobody) as ports:
        url = f"http://127.0.0.1:{ports['strips-prefix']}/{PREFIX}"
        status, headers, problem = post(url, b"{}")
    assert (status, problem["title"]) == (503, "Service Unavailable")
    assert headers["Retry-After"] == "1"


def test_missing_program_fails_in_ci_and_is_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that CI cannot pass for having tested nothing."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no such-program on this machine"):
        proxy_processes.program("such-program")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        proxy_processes.program("such-program")
