"""The API's description for machines, and for people."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import msgspec
import pytest
from described import described
from openapi_spec_validator import validate

from chalicelib import bootstrap, tasks
from chalicelib.http import api
from chalicelib.http.openapi import schemas
from chalicelib.http.openapi.document import document
from chalicelib.http.openapi.operations import OPERATIONS
from chalicelib.jobs import problems
from chalicelib.task import Task, TaskInput

if TYPE_CHECKING:
    from emulator.test_client import Client


def served(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def test_the_document_is_openapi_3_1(client: Client) -> None:
    """https://spec.openapis.org/oas/v3.1.1.html"""
    validate(served(client))


@pytest.mark.in_process("asks the app for its routes")
def test_the_document_has_every_route_and_method(client: Client) -> None:
    routes = bootstrap.service().api.routes
    assert {(path, method) for path, methods in routes.items() for method in methods} == set(
        OPERATIONS
    )
    for path, item in served(client)["paths"].items():
        assert ("get" in item) == ("head" in item), path
        assert {method.upper() for method in item} <= set(api.METHODS)


def test_the_document_has_every_problem_that_is_an_answer() -> None:
    """405 and 404 of paths that are none stand for no route."""
    told = {slug for operation in OPERATIONS.values() for slug in operation.problems}
    of_answers = {slug for slug, known in problems.PROBLEM_TYPES.items() if known.status}
    assert told == of_answers - {"method-not-allowed"}


def test_every_reference_of_the_document_leads_somewhere(client: Client) -> None:
    """The validator looks into those only that it passes."""
    found = served(client)
    for reference in re.findall(r'"\$ref":"#/([^"]+)"', msgspec.json.encode(found).decode()):
        place = found
        for name in reference.split("/"):
            place = place[name]
    known = {o["operationId"] for item in found["paths"].values() for o in item.values()}
    assert {link["operationId"] for link in found["components"]["links"].values()} <= known


def test_a_task_is_in_the_document_by_being_there() -> None:
    """With its input, and its docstring."""

    class Height(TaskInput, frozen=True):
        metres: float
        name: str = ""

    def measure(given: Any, context: Any) -> None:
        """Measures."""

    known = {**tasks.discover(), "made up/this": Task("made up/this", Height, measure)}
    found = document(known, [])["components"]["schemas"]
    made = found["submit.made_up_this"]
    assert found["Submission"]["discriminator"]["mapping"]["made up/this"].endswith("made_up_this")
    assert made["description"] == "Measures."
    assert made["properties"]["type"] == {"enum": ["made up/this"]}
    assert made["properties"]["input"] == schemas.reference("Height")
    assert set(found["Height"]["properties"]) == {"metres", "name"}
    assert found["entry.made_up_this"]["properties"]["key"]["type"] == "string"


@pytest.mark.parametrize("name", sorted(tasks.discover()))
def test_every_example_is_accepted_and_fits_its_schema(client: Client, name: str) -> None:
    post = served(client)["paths"]["/jobs"]["post"]
    body = post["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    assert client.post("/jobs", json=body).status_code == 202
    schema = {**schemas.reference("Submission"), "components": described()["components"]}
    jsonschema_rs.Draft202012Validator(json.loads(json.dumps(schema))).validate(body)


def test_the_document_is_not_sent_twice(client: Client) -> None:
    etag = client.get("/openapi.json").headers["etag"]
    again = client.get("/openapi.json", headers={"If-None-Match": etag})
    assert (again.status_code, again.body) == (304, b"")


def test_the_page_of_the_api_has_every_operation_schema_and_target(client: Client) -> None:
    """Every link inside it leads to a place in it."""
    text = client.get("/docs").text
    places = set(re.findall(r' id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= places
    assert {operation.id for operation in OPERATIONS.values()} <= places
    assert {f"schema-{name}" for name in described()["components"]["schemas"]} <= places


def test_only_who_asks_for_the_description_pays_for_it() -> None:
    """Nothing imports it at start, because most cold starts are of no one who reads it."""
    folder = Path(bootstrap.__file__).parent
    modules = [path for path in folder.rglob("*.py") if path.parent.name != "openapi"]
    needing = re.compile(r"^(from|import) chalicelib\.(openapi|pages\.docs_page)", re.MULTILINE)
    assert len(modules) > 50
    assert not [path for path in modules if needing.search(path.read_text())]
