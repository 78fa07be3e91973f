"""The documents are held to the code: links, commands, tables, and every example runs."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import json
import re
import shlex
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import msgspec
import pytest

from chalicelib import bootstrap, metrics, tasks
from chalicelib.http import api
from chalicelib.jobs import model, problems
from chalicelib.jobs.transitions import TRANSITIONS
from chalicelib.task import TASKS
from emulator import pytest_plugin, settings, terminal
from emulator.checking import rules
from emulator.costs import prices
from operate.__main__ import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from chalice.config import Config

    from emulator.test_client import Client, Response

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("examples/*.md")])
README_LINES_MAX = 120
#: Where examples that run stand.
TAUGHT = ["README.md", "docs/tasks.md", "docs/testing.md"]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?<![\w/.-])(?:\.chalice|chalicelib|docs|emulator|examples|tests)/[\w./-]*\w")
_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|opt|usr|work|Users|private)/|\b(?:TODO|FIXME)\b")
_BODY = re.compile(r"curl[^\n]*localhost:8000/jobs [^\n]*\\\n  -d '([^']*)'")


class Block(NamedTuple):
    """A fenced block of a document."""

    document: str
    language: str
    text: str

    @property
    def path(self) -> str:
        """The file that the first line of a Python block names."""
        return self.text.partition("\n")[0].removeprefix("# ")


def read(name: str) -> str:
    return (ROOT / name).read_text()


@functools.cache
def blocks(language: str) -> list[Block]:
    return [
        Block(str(path.relative_to(ROOT)), *found)
        for path in DOCS
        for found in _BLOCK.findall(path.read_text())
        if found[0] == language
    ]


def rows(name: str, head: str) -> list[list[str]]:
    """The cells of the table that starts with ``head``, without the backticks of the first."""
    table = re.split(r"\n(?!\|)", read(name).partition(f"\n| {head} |")[2], maxsplit=1)[0]
    assert table, f"{name} has no table {head}"
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")]
    return [[row[0].strip("`"), *row[1:]] for row in cells[2:]]


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def imported(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The block as the module it says it is, for the length of one test."""
    name = f"example_{Path(block.path).stem}"
    file = folder / f"{name}.py"
    file.write_text(block.text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def examples() -> list[Any]:
    """Every test function of the documents that teach."""
    return [
        pytest.param(block, name, id=f"{block.document}-{name}")
        for block in blocks("python")
        if block.document in TAUGHT and block.path.startswith("tests/")
        for name in re.findall(r"^def (test_\w+)", block.text, re.MULTILINE)
    ]


def accepted(client: Client, body: bytes) -> Response:
    return client.post("/jobs", body=body, headers={"content-type": "application/json"})


@pytest.fixture
def taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tasks that the documents add, beside those that are there."""
    known = tasks.discover()
    before = set(known)
    for block in blocks("python"):
        if block.path.startswith("chalicelib/tasks/"):
            imported(block, tmp_path, monkeypatch)
    yield
    for name in known.keys() - before:
        del TASKS[name]


@pytest.mark.parametrize(("block", "name"), examples())
@pytest.mark.usefixtures("taught")
def test_every_test_of_the_documents_passes(
    block: Block, name: str, request: pytest.FixtureRequest, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """On the tasks that the documents add."""
    function = getattr(imported(block, tmp_path, monkeypatch), name)
    wanted = inspect.signature(function).parameters
    function(**{fixture: request.getfixturevalue(fixture) for fixture in wanted})


def test_every_document_that_teaches_has_an_example() -> None:
    """So that the test above does not pass for having found nothing."""
    assert {example.values[0].document for example in examples()} == set(TAUGHT)


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.path)
def test_every_python_block_says_its_file_and_compiles(block: Block) -> None:
    """Its first line is the file that a reader puts it into."""
    assert re.fullmatch(r"[\w/]+\.py", block.path), block.text
    compile(block.text, block.path, "exec")


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.document)
def test_every_json_block_is_json(block: Block) -> None:
    """A reader may copy it."""
    assert json.loads(block.text)


@pytest.mark.usefixtures("taught")
def test_every_job_that_the_documents_submit_runs_unless_it_shows_an_error(client: Client) -> None:
    """But the one with the typing error, and the callback that needs a setting of development."""
    bodies = [body for path in DOCS for body in _BODY.findall(path.read_text())]
    refused = [body for body in bodies if accepted(client, body.encode()).status_code != 202]
    assert len(bodies) >= 4
    assert refused == [
        '{"type":"echo","input":1,"callback":{"url":"http://localhost:9000/"}}',
        '{"type":"text.statistics","input":{"txt":""}}',
    ]


def test_the_command_that_posts_a_file_makes_a_body_that_is_accepted(client: Client) -> None:
    """As it stands in the README and beside the file."""
    commands = {b.text for b in blocks("sh") if b.text.startswith("python3 -c")}
    assert len(commands) == 1
    (make, post) = commands.pop().split(" |\n")
    assert "--data-binary @-" in post
    command = [sys.executable, *shlex.split(make)[1:]]
    body = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert accepted(client, body).status_code == 202


def test_the_readme_shows_the_answer_that_comes(client: Client) -> None:
    """Header by header, member by member; only ids and times differ."""
    (shown,) = [block for block in blocks("http") if block.document == "README.md"]
    head, _, body = shown.text.partition("\n\n")
    status, *headers = head.splitlines()
    (sent,) = [body for body in _BODY.findall(read("README.md")) if "to be" in body]
    answer = accepted(client, sent.encode())
    assert status == f"HTTP/1.1 {answer.status_code} Accepted"
    assert {line.partition(":")[0].lower() for line in headers} <= set(answer.headers)
    assert list(json.loads(body)) == list(answer.json())


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    """To a file, and to a heading in it."""
    for link in _LINK.findall(path.read_text()):
        file, _, anchor = link.partition("#")
        if urllib.parse.urlsplit(link).scheme:
            continue
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_make_target_and_file_that_is_named_exists(path: Path) -> None:
    """Except the files that a reader is told to make."""
    told = {block.path for block in blocks("python")}
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    text = path.read_text()
    assert set(re.findall(r"`make (\w+)|^make (\w+)", text)) <= {(t, "") for t in targets}
    for block in blocks("sh"):
        assert set(re.findall(r"^make (\w+)", block.text, re.MULTILINE)) <= targets
    named = {found for found in _FILE.findall(text) if found not in told}
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_no_document_knows_a_machine_or_has_loose_ends(path: Path) -> None:
    assert not _MACHINE.search(path.read_text())


def test_function_says_it_reports_failures_where_its_mapping_reads_them() -> None:
    """One without the other would lose messages, or fail batches for nothing."""
    resources = json.loads(read(".chalice/resources.json"))["Resources"]
    functions = [r["Properties"] for r in resources.values() if "Type" not in r]
    mapped = [function for function in functions if "Events" in function]
    assert len(mapped) == 3
    for function in mapped:
        (event,) = function["Events"].values()
        assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert function["Environment"]["Variables"]["REPORTS_BATCH_ITEM_FAILURES"] == "true"


def test_verifier_of_the_document_is_that_of_the_example() -> None:
    """Which has tests of its own."""
    (block,) = [block for block in blocks("python") if block.document == "docs/callbacks.md"]
    assert block.text.partition("\n")[2] in read(block.path)


def test_readme_is_short_and_its_first_command_starts_everything() -> None:
    assert len(read("README.md").splitlines()) <= README_LINES_MAX
    assert next(b for b in blocks("sh") if b.document == "README.md").text == "make run\n"


@pytest.mark.usefixtures("emulator")
def test_routes_of_the_document_are_those_of_the_app(chalice_config: Config) -> None:
    """Chalice declares every method of each, so that the app can say which there are."""
    routes = bootstrap.service().api.routes
    assert {row[0] for row in rows("docs/http-api.md", "Route | Does | Answers")} == {
        f"{method} {path}" for path, methods in routes.items() for method in methods
    }
    declared = chalice_config.chalice_app.routes
    assert {path: list(methods) for path, methods in declared.items()} == dict.fromkeys(
        [*routes, "/{proxy+}"], api.METHODS
    )


def test_problems_of_the_document_are_those_of_the_service() -> None:
    """With their statuses; those without one stand in jobs only."""
    answers = rows("docs/http-api.md", "Problem | Status | When | Adds")
    in_jobs = rows("docs/http-api.md", "Problem | When")
    assert {row[0]: int(row[1]) for row in answers} | {row[0]: None for row in in_jobs} == {
        slug: problem.status for slug, problem in problems.PROBLEM_TYPES.items()
    }


def test_transitions_of_the_document_are_those_of_the_service() -> None:
    """Row by row, in the words that DynamoDB is sent."""
    documented = rows("docs/reliability.md", "Event | From | To | Who | If")
    assert len(documented) == len(TRANSITIONS)
    for row, made in zip(documented, TRANSITIONS, strict=True):
        sources = ", ".join(status.value for status in made.sources) or "no record"
        target = made.target.value if made.target else "unchanged"
        assert row[:4] == [made.event, sources, target, made.actor]
        for condition in made.conditions:
            assert condition.text() in row[4]


def test_members_of_a_job_are_those_of_the_document(client: Client) -> None:
    text = read("docs/http-api.md")
    job = accepted(client, b'{"type":"echo","input":1,"tags":{"a":"b"}}').json()
    assert not [member for member in job if f"`{member}`" not in text]
    assert not [status for status in model.Status if f"`{status.value}`" not in text]


def test_settings_of_the_service_are_documented_and_configured() -> None:
    """In the table, in the code, in the configuration."""
    config = json.loads(read(".chalice/config.json"))
    configured = {**config["environment_variables"]}
    configured.update(config["stages"]["dev"]["environment_variables"])
    for resource in json.loads(read(".chalice/resources.json"))["Resources"].values():
        environment = resource.get("Properties", {}).get("Environment", {})
        configured.update(environment.get("Variables", {}))
    documented = {row[0] for row in rows("docs/architecture.md", "Setting | Meaning")}
    read_by_code = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+|AUTH)"', read("chalicelib/settings.py")))
    # where AWS is found, and who runs the service, are not its own settings
    own = {name for name in read_by_code if not name.startswith(("AWS_", "LAMBDA_"))}
    assert documented == own == set(configured)


def test_dollars_of_the_document_are_those_that_its_command_prints() -> None:
    """Which computes them from the counts that tests/acceptance/test_service_costs.py holds."""
    (block,) = [block for block in blocks("sh") if block.document == "docs/costs.md"]
    command = [sys.executable, *shlex.split(block.text)[1:]]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert printed in read("docs/costs.md")
    assert prices.PRICES_DATE in read("docs/costs.md")


def test_commands_of_an_operator_are_documented() -> None:
    """Each with its options, but those that every one has."""
    table = rows("docs/operations.md", "Command | Does")
    documented = {name: row[1] for row in table for name in re.findall(r"\b([a-z]+)\b", row[0])}
    for name, command in cli.commands.items():
        own = {option for param in command.params for option in param.opts if "--" in option}
        shown = set(re.findall(r"`(--[a-z-]+)", documented[name]))
        assert own - {"--endpoint", "--account", "--stage"} == shown, name


def test_metrics_of_the_document_are_those_of_the_log() -> None:
    documented = {row[0]: row[1] for row in rows("docs/operations.md", "Metric | By | Is")}
    assert documented == {
        metric["Name"]: ", ".join(f"`{name}`" for name in directive["Dimensions"][0])
        for directive in (*metrics.ENDED, *metrics.RETRIED)
        for metric in directive["Metrics"]
    }


def test_settings_of_the_pytest_plugin_are_documented() -> None:
    source = inspect.getsource(pytest_plugin.pytest_addoption)
    documented = {row[0] for row in rows("docs/testing.md", "Setting | Meaning | Default")}
    assert documented == set(re.findall(r'addini\(\s*"(\w+)"', source))


def test_settings_of_the_emulator_are_documented() -> None:
    """Each with its values, the default first."""
    documented: dict[str, list[str]] = {}
    for name, value, _ in rows("docs/emulator.md", "Variable | Value | Meaning"):
        documented.setdefault(name or list(documented)[-1], []).append(value.strip("`"))
    assert documented == {name: list(get_args(kind)) for name, kind in settings.CHOICES.items()}
    defaults = list(msgspec.to_builtins(settings.Settings()).values())
    assert defaults == [values[0] for values in documented.values()]


def test_rules_of_the_check_are_documented() -> None:
    documented = {row[0] for row in rows("docs/emulator.md", "Rule | Finds")}
    assert documented == rules.PAGES.keys()


def test_words_of_the_terminal_are_documented() -> None:
    documented = {row[0] for row in rows("docs/emulator.md", "Word | Meaning")}
    assert documented - {"dead"} == terminal._TEXTS.keys() - {"dead-letter"}


def test_every_library_has_its_reason() -> None:
    """Those that were chosen; constraints.txt has what they bring along."""
    text = read("docs/architecture.md").partition("## Libraries")[2]
    for file in ROOT.glob("requirements*.txt"):
        for name in re.findall(r"^([\w-]+)[\[=]", file.read_text(), re.MULTILINE):
            assert f"`{name}`" in text, f"docs/architecture.md does not say what {name} is for"


def test_every_module_stands_in_a_layer_of_the_document() -> None:
    """The service's modules, and the emulator's packages and single modules."""
    text = read("docs/architecture.md").partition("## Layers")[2].partition("## Tree")[0]
    parts = [*(ROOT / "chalicelib").iterdir(), *(ROOT / "emulator").iterdir()]
    names = {path.stem for path in parts if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert not [name for name in names - {"__init__"} if f"`{name}`" not in text]


def test_what_the_gateway_answers_by_itself_is_a_problem_too() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html"""
    api = json.loads(read(".chalice/resources.json"))["Resources"]["RestAPI"]["Properties"]
    responses = api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert {"THROTTLED", "REQUEST_TOO_LARGE", "INTEGRATION_TIMEOUT"} <= set(responses)
    for response in responses.values():
        (template,) = response["responseTemplates"].values()
        filled = template.replace("$context.error.messageString", '"why"')
        body = json.loads(filled)
        assert {"type", "title", "detail", "instance"} <= set(body)
        assert body.get("status") == response.get("statusCode")
        kind = response["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert kind == "'application/problem+json'"
