"""A closed stage: who gets in, and that tenants learn nothing of each other."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from chalice.local import ARNMatcher
from jobs_api import jobs_api
from tokens import token

from chalicelib import bootstrap, limits
from chalicelib.http import api, identity
from emulator.api_gateway.local_gateway import Gateway, described
from emulator.declared import project
from emulator.test_client import Client, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalice.config import Config

    from emulator.emulator import Emulator

ROOT = Path(__file__).parents[2]
TENANTS = ("acme", "zenith", "public")
GOOD = {"type": "echo", "input": 1}
JUNK_ID = "01938f2e-7b3a-7c44-9d21-6f0e5a1b2c3d"
#: Every way to ask about one job.
ABOUT_ONE = [
    ("GET", ""),
    ("HEAD", ""),
    ("DELETE", ""),
    ("GET", "/result"),
    ("GET", "/result?follow=1"),
    ("POST", "/cancel"),
    ("POST", "/retry"),
    ("POST", "/callback"),
]


class Closed(NamedTuple):
    """The app as a closed stage imports it."""

    app: Any
    anybody: Client
    #: a client of the app as it is now
    again: Callable[[], Client]

    def client(self, authorization: str | None = None) -> Client:
        sent = {} if authorization is None else {"Authorization": authorization}
        return self.anybody.with_headers(sent)

    def as_tenant(self, tenant: str | None, **more: Any) -> Client:
        """A client with a token for the tenant; None: without the claim."""
        return self.client(f"Bearer {token(tenant, **more)}")


@pytest.fixture
def closed(
    emulator: Emulator,
    chalice_config: Config,
    chalice_project: project.Project,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Closed]:
    monkeypatch.setenv("AUTH", "jwt")
    bootstrap.service.cache_clear()
    spec = importlib.util.spec_from_file_location("closed_app", ROOT / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    responses = project.gateway_responses(chalice_project)

    def made() -> Client:
        api = described(module.app, responses)
        return Client(Gateway(module.app, chalice_config, definition=api))

    yield Closed(module.app, made(), made)
    bootstrap.service.cache_clear()


def entries(closed: Closed) -> list[tuple[str, str, Any]]:
    return [
        (method, path, entry)
        for path, methods in closed.app.routes.items()
        for method, entry in methods.items()
    ]


def address(route: str) -> str:
    return route.replace("{job_id}", JUNK_ID).replace("{slug}", "gone").replace("{proxy+}", "a/b")


def without_request_id(answer: Response) -> tuple[int, dict[str, str], str]:
    """What a client can compare."""
    ids = {"x-request-id", "x-amzn-requestid"}
    headers = {name: value for name, value in answer.headers.items() if name not in ids}
    return answer.status_code, headers, re.sub(r'"instance":"[^"]*"', "", answer.text)


def test_every_route_has_the_authorizer_but_a_few_that_tell_nothing(closed: Closed) -> None:
    """The list is the one by which the API itself refuses whom no authorizer has seen."""
    without = {path for _, path, entry in entries(closed) if entry.authorizer is None}
    assert without == identity.OPEN_ROUTES
    assert len(entries(closed)) > len(api.METHODS) * len(identity.OPEN_ROUTES)


def test_a_closed_route_answers_401_to_who_has_no_valid_token(closed: Closed) -> None:
    """On every route, by every method, as a problem that says which scheme is wanted.

    https://www.rfc-editor.org/rfc/rfc9110#name-401-unauthorized
    """
    expired = f"Bearer {token('acme', seconds=-limits.TOKEN_LEEWAY_SECONDS - 1)}"
    foreign = f"Bearer {token('acme', iss='https://elsewhere.example/')}"
    wrong = [None, "", "Bearer", "Basic YTpi", "Bearer a.b.c", expired, foreign]
    guarded = [(method, path) for method, path, entry in entries(closed) if entry.authorizer]
    for (method, path), authorization in itertools.product(guarded, wrong):
        answer = closed.client(authorization).request(method, address(path))
        assert answer.status_code == 401, (method, path, authorization)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 401
        assert answer.json()["instance"] == answer.headers["x-amzn-requestid"]


def test_a_caller_without_a_tenant_is_403_everywhere(closed: Closed) -> None:
    """Who it is, is known; what it may, is nothing."""
    for method, path, entry in entries(closed):
        if entry.authorizer:
            for tenant in (None, "a#b"):
                answer = closed.as_tenant(tenant).request(method, address(path))
                assert answer.status_code == answer.json()["status"] == 403
                assert answer.headers["content-type"] == "application/problem+json"


def test_open_routes_need_no_token_and_are_not_led_astray_by_one(closed: Closed) -> None:
    for authorization in (None, "Bearer nonsense"):
        client = closed.client(authorization)
        assert client.get("/healthz").status_code == 200
        assert client.get("/problems/gone").status_code == 200
        assert client.get("/").json()["types"]
        assert client.get("/openapi.json").status_code == 200
        assert client.get("/a/b").status_code == 404


def test_the_first_page_of_a_closed_stage_shows_no_jobs_and_no_form(closed: Closed) -> None:
    """Whoever asks: no authorizer sees that request, and a page's form could send no token."""
    job_id = closed.as_tenant("acme").post("/jobs", json=GOOD).json()["id"]
    for client in (closed.client(), closed.as_tenant("acme")):
        answer = client.get("/", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert "Send a token" in answer.text
        assert job_id not in answer.text
        assert "<form" not in answer.text


def test_the_policy_is_good_for_every_route(closed: Closed) -> None:
    """API Gateway uses it for all of them while it is cached, whichever was asked for first.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    authorizer = closed.app.routes["/jobs"]["GET"].authorizer
    assert authorizer.config.ttl_seconds == limits.AUTHORIZER_CACHE_SECONDS
    asked = [(method, path) for method, path, entry in entries(closed) if entry.authorizer]
    arns = [f"arn:aws:execute-api:eu-west-1:1:a/v1/{m}{address(path)}" for m, path in asked]
    for arn, tenant in itertools.product(arns, ("acme", None)):
        event = {
            "type": "TOKEN",
            "authorizationToken": f"Bearer {token(tenant)}",
            "methodArn": arn,
        }
        (statement,) = authorizer(event, None)["policyDocument"]["Statement"]
        matches = [ARNMatcher(a).does_any_resource_match(statement["Resource"]) for a in arns]
        assert matches == [tenant is not None] * len(arns)


def test_a_route_that_lost_its_authorizer_answers_401_itself(
    closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not as the tenant of those who need none."""
    for _, _, entry in entries(closed):
        monkeypatch.setattr(entry, "authorizer", None)
    client = closed.again()
    for method, path, _ in entries(closed):
        answer = client.request(method, address(path))
        assert (answer.status_code == 401) == (path not in identity.OPEN_ROUTES), (method, path)
    answer = client.get("/jobs")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "problems/unauthorized"


def test_another_tenants_job_is_answered_as_one_that_never_was(
    closed: Closed, emulator: Emulator
) -> None:
    """Byte by byte, on every route, for every pair of three tenants, before and after its end."""
    clients = {tenant: closed.as_tenant(tenant) for tenant in TENANTS}
    submitted = {tenant: clients[tenant].post("/jobs", json=GOOD) for tenant in TENANTS}
    ids = {tenant: answer.json()["id"] for tenant, answer in submitted.items()}

    def compare() -> None:
        for asking, owner in itertools.permutations(TENANTS, 2):
            for method, suffix in ABOUT_ONE:
                foreign, unknown = (
                    without_request_id(clients[asking].request(method, f"/jobs/{job}{suffix}"))
                    for job in (ids[owner], JUNK_ID)
                )
                assert foreign == unknown
                assert foreign[0] == 404

    compare()
    emulator.run_until_idle()
    compare()
    for tenant in TENANTS:
        (job,) = clients[tenant].get("/jobs").json()["jobs"]
        assert (job["id"], job["status"]) == (ids[tenant], "succeeded")


def test_every_route_about_one_job_is_compared(closed: Closed) -> None:
    """So that a new one is not forgotten above."""
    compared = {(method, suffix.partition("?")[0]) for method, suffix in ABOUT_ONE}
    prefix = "/jobs/{job_id}"
    routes = bootstrap.service().api.routes
    assert compared - {("HEAD", "")} == {
        (method, path.removeprefix(prefix))
        for path, methods in routes.items()
        for method in methods
        if path.startswith(prefix)
    }


def test_the_same_key_of_two_tenants_makes_two_jobs(closed: Closed) -> None:
    """Neither sees the other's job, nor that the key was used."""
    one, two = (closed.as_tenant(tenant) for tenant in TENANTS[:2])
    key = {"Idempotency-Key": "k"}
    first = one.post("/jobs", json=GOOD, headers=key)
    for body in (GOOD, {**GOOD, "input": 2}):
        theirs = two.post("/jobs", json=body, headers={"Idempotency-Key": f"k{body['input']}"})
        assert theirs.status_code == 202
    theirs = two.post("/jobs", json={**GOOD, "input": 2}, headers=key)
    assert theirs.status_code == 202
    assert "idempotency-replayed" not in theirs.headers
    assert theirs.json()["id"] != first.json()["id"]
    entry = {"jobs": [{**GOOD, "key": "b"}]}
    batches = [client.post("/batches", json=entry).json()["jobs"][0] for client in (one, two)]
    assert batches[0]["job"]["id"] != batches[1]["job"]["id"]
    assert "replayed" not in batches[1]


def test_a_cursor_opens_its_own_tenants_list_only(closed: Closed) -> None:
    clients = [closed.as_tenant(tenant) for tenant in TENANTS]
    for client in clients:
        client.post("/jobs", json=GOOD)
        client.post("/jobs", json=GOOD)
    following = "/" + clients[0].get("/jobs?limit=1").json()["next"]
    assert [client.get(following).status_code for client in clients] == [200, 400, 400]


IMPORTED = """
import json, os
from chalice.cli.factory import CLIFactory
os.environ["AWS_CHALICE_CLI_MODE"] = "true"
from chalice.deploy import packager
def no_bundle(self, project_dir, python_version, package_filename=None, **more):
    return os.path.join(OUT, "empty.zip")
packager.LambdaDeploymentPackager.create_deployment_package = no_bundle
OUT = {out!r}
open(os.path.join(OUT, "empty.zip"), "wb").close()
factory = CLIFactory({root!r}, environ=os.environ)
config = factory.create_config_obj({stage!r})
options = factory.create_package_options()
merge = ".chalice/resources.json"
made = factory.create_app_packager(config, options, "cloudformation", "json", merge)
made.package_app(config, OUT, {stage!r})
"""


@pytest.mark.parametrize(("stage", "is_closed"), [("prod", True), ("dev", False)])
def test_what_is_packaged_shows_whether_the_stage_is_closed(
    tmp_path: Path, stage: str, is_closed: bool
) -> None:
    """Method by method, as chalice package writes it; only the bundle itself is left out."""
    script = IMPORTED.format(root=str(ROOT), out=str(tmp_path), stage=stage)
    command = [sys.executable, "-c", script]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    resources = json.loads((tmp_path / "sam.json").read_text())["Resources"]
    rest_api = resources["RestAPI"]["Properties"]
    swagger = rest_api["DefinitionBody"]
    secured = {
        path: {"authorize" in str(method.get("security", "")) for method in methods.values()}
        for path, methods in swagger["paths"].items()
    }
    assert secured == {path: {is_closed and path not in identity.OPEN_ROUTES} for path in secured}
    assert ("authorize" in swagger.get("securityDefinitions", {})) == is_closed
    assert ("Authorize" in resources) == is_closed
    variables = resources["APIHandler"]["Properties"]["Environment"]["Variables"]
    assert variables["AUTH"] == ("jwt" if is_closed else "open")
    assert variables["JOB_ID_KEY"].startswith("{{resolve:secretsmanager:") == is_closed
    assert rest_api["MethodSettings"][0]["ThrottlingRateLimit"] > 0


def test_chalice_local_closed_is_tried_with_a_token_of_the_tool(tmp_path: Path) -> None:
    """As the document says, in real processes."""
    with jobs_api(tmp_path, AUTH="jwt") as url:
        made = subprocess.run(
            [sys.executable, str(ROOT / "examples" / "tokens" / "make_token.py"), "acme"],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        curl = ["curl", "-s", "-i", "-H", "Content-Type: application/json", f"{url}/v1/jobs"]
        body = ["-d", json.dumps(GOOD)]
        refused, accepted = (
            subprocess.run(
                [*curl, *body, *more], check=True, capture_output=True, text=True, timeout=30
            ).stdout
            for more in ([], ["-H", f"Authorization: Bearer {made}"])
        )
        client = [sys.executable, "-m", "accepted_client", "--url", url, "submit", "echo", "2"]
        known = {**os.environ, "PYTHONPATH": str(ROOT / "examples" / "client")}
        stranger, acme = (
            subprocess.run(
                client, env={**known, **more}, capture_output=True, text=True, timeout=60
            )
            for more in ({}, {"JOBS_TOKEN": made})
        )
    assert (stranger.returncode, acme.returncode, acme.stdout) == (1, 0, "2\n")
    assert "The caller is not known" in stranger.stderr
    assert refused.startswith("HTTP/1.1 401")
    assert "\nWWW-Authenticate: Bearer" in refused
    assert '"status":401' in refused
    assert accepted.startswith("HTTP/1.1 202")
    assert '"status":"queued"' in accepted
