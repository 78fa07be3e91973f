"""What must not be in the service's code, and what must not come out of it."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.http import api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalice.config import Config

    from emulator.emulator import Emulator
    from emulator.test_client import Client, Response

ROOT = Path(__file__).parent.parent
SERVICE = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]
#: What makes code or objects of input, or runs programs.
MODULES = {"pickle", "marshal", "shelve", "dill", "yaml", "subprocess", "ctypes", "code", "xml"}
FUNCTIONS = {"eval", "exec", "compile", "__import__", "globals", "locals", "open", "input"}
#: Nothing of what a client sends stands in its form anywhere else.
CANARY = "canary-7f3a9c"


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").partition(".")[0]}
    return set()


@pytest.mark.parametrize("path", SERVICE, ids=lambda path: path.name)
def test_nothing_makes_code_or_objects_of_what_was_sent(path: Path) -> None:
    """Input is JSON, and stays data."""
    for node in nodes(path):
        assert not imported(node) & MODULES
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FUNCTIONS, node.lineno


def expressions(path: Path) -> Iterator[ast.expr]:
    """Whatever is given to DynamoDB as an expression, as an argument or in a dictionary."""
    for node in nodes(path):
        pairs: list[tuple[Any, ast.expr]] = []
        if isinstance(node, ast.Call):
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [(getattr(k, "value", None), v) for k, v in zip(node.keys, node.values)]  # noqa: B905
        for name, value in pairs:
            if str(name).endswith("Expression"):
                yield value


def test_dynamodb_expressions_are_constants_or_the_tables_own() -> None:
    """Values go beside them, under names: so no input can become a part of one.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeValues.html
    """
    found = [value for path in SERVICE for value in expressions(path)]
    assert len(found) >= 4
    for value in found:
        is_text = (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and (value.func.attr, value.args, value.keywords) == ("text", [], [])
        )
        assert is_text or isinstance(value, ast.Constant), ast.unparse(value)


def test_a_bug_shows_no_traceback_to_clients(chalice_config: Config) -> None:
    assert chalice_config.chalice_app.debug is False


def planted() -> list[dict[str, Any]]:
    """Requests with something secret in every field that a client can fill."""
    good = {"type": "echo", "input": {CANARY: CANARY}}
    key = {"Idempotency-Key": CANARY}
    bodies: list[Any] = [
        {**good, "tags": {CANARY: CANARY}, "retain_input": True},
        {**good, "type": "test.fails"},
        {**good, "type": CANARY},
        {**good, "callback": {"url": f"https://{CANARY}.example/{CANARY}"}},
        {**good, "callback": {"url": f"http://user:{CANARY}@127.0.0.1/"}},
        {**good, CANARY: CANARY},
        {"type": "text.statistics", "input": {"text": [CANARY]}},
        {"type": "csv.profile", "input": {"csv": f'a,b\n"{CANARY}'}},
        {"type": "demo.slow", "input": {"seconds": CANARY}},
        CANARY,
    ]
    posted = [{"method": "POST", "path": "/jobs", "json": body, "headers": key} for body in bodies]
    batch = {"jobs": [{**good, "key": CANARY}, {"type": CANARY}]}
    odd: dict[str, str] = {
        "Authorization": f"Bearer {CANARY}",
        "Cookie": CANARY,
        "Accept": f"text/{CANARY}",
        "Prefer": f"wait={CANARY}",
        "If-None-Match": CANARY,
        "Content-Type": f"text/{CANARY}",
        "Content-Encoding": CANARY,
        "Idempotency-Key": f"{CANARY}\x7f",
    }
    return [
        *posted,
        {"method": "POST", "path": "/batches", "json": batch},
        {"method": "POST", "path": "/jobs", "body": f'{{"{CANARY}'.encode()},
        *(
            {"method": method, "path": "/jobs", "json": body, "headers": {name: value}}
            for method, body in (("POST", good), ("GET", None))
            for name, value in odd.items()
        ),
        {"method": "GET", "path": f"/jobs/{CANARY}"},
        {"method": "GET", "path": f"/jobs?cursor={CANARY}&{CANARY}={CANARY}"},
        {"method": "GET", "path": f"/problems/{CANARY}"},
        {"method": "GET", "path": f"/{CANARY}"},
        {"method": "GET", "path": "/jobs", "headers": {CANARY: CANARY}},
    ]  # fmt: skip


def test_the_log_shows_nothing_of_what_clients_send(
    client: Client, emulator: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever happens to it: accepted, refused, worked on, failed, told, tried again."""
    statuses = [client.request(**request).status_code for request in planted()]
    emulator.advance(3_600)
    (job,) = client.get("/jobs?status=succeeded&limit=1").json()["jobs"]
    client.post(f"/jobs/{job['id']}/retry")
    client.request("DELETE", f"/jobs/{job['id']}")
    emulator.run_until_idle()
    written = "".join(capfd.readouterr())
    assert {200, 202, 400, 404, 406, 415, 422} <= set(statuses)
    assert max(statuses) < 500
    assert '"action":"accepted"' in written
    assert '"action":"refused"' in written
    assert CANARY not in written


CONTROL = [*range(0x20), 0x7F, 0x85, 0x2028]


@pytest.mark.parametrize("code", CONTROL, ids=hex)
def test_a_control_character_in_an_id_or_a_key_comes_to_nothing(client: Client, code: int) -> None:
    """No id has one, and none comes back in a header."""
    character = chr(code)
    path = f"/jobs/a%{code % 256:02x}b"
    unknown: list[Response] = [client.get(path), client.get(f"{path}/result")]
    assert {answer.status_code for answer in unknown} == {404}
    body = {"type": "echo", "input": 1}
    key = {"Idempotency-Key": f"a{character}b"}
    refused = client.post("/jobs", json=body, headers=key)
    assert refused.status_code == 400
    assert refused.json()["type"] == "problems/bad-header"
    for answer in (*unknown, refused):
        assert not [v for v in answer.headers.values() if character in v and code]


def test_a_tag_with_control_characters_stays_json(client: Client) -> None:
    """It comes back as it was sent, escaped, and in no header."""
    tags = {"a\r\nSet-Cookie: x": "".join(map(chr, CONTROL))}
    answer = client.post("/jobs", json={"type": "echo", "input": 1, "tags": tags})
    assert answer.json()["tags"] == tags
    assert json.loads(answer.body)["tags"] == tags
    assert "set-cookie" not in answer.headers


def test_methods_of_every_route_are_those_that_the_api_knows(chalice_config: Config) -> None:
    """None is left to the gateway, which would say more or less than the API does."""
    for methods in chalice_config.chalice_app.routes.values():
        assert list(methods) == api.METHODS
