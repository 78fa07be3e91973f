"""Finds the AWS clients that exist already.

A client keeps the endpoint and the credentials that were there when it was made.
"""

from __future__ import annotations

import ast
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

#: What holds a client while this module looks at it.
_OUR_OWN = {"frame", "generator", "list"}


def existing_clients() -> list[str]:
    """The boto3 clients and resources of this process, each by where it was made.

    ``app.py:12 table`` for what a module holds, else the service and what kind of object holds it.
    """
    base = _loaded("botocore.client", "BaseClient")
    if base is None or not _instances(base):
        return []
    gc.collect()  # what nobody holds any more is no danger
    return sorted(_where(client) for client in _instances(base))


def _instances(base: type[Any]) -> list[Any]:
    # type(), not isinstance(): that would ask proxy objects for their class, and run their code
    return [thing for thing in gc.get_objects() if issubclass(type(thing), base)]


def _where(client: Any) -> str:
    found = [_place(module, name) for module, name in _globals_holding(client)]
    # a module that only imports the client has no line that makes it
    if found:
        return max(found, key=lambda place: ":" in place)
    service = client.meta.service_model.service_name
    holders = {type(holder).__name__ for holder in gc.get_referrers(client)} - _OUR_OWN
    return f"a client of {service}, held by a {' and a '.join(sorted(holders)) or 'local variable'}"


def _globals_holding(client: Any) -> list[tuple[ModuleType, str]]:
    resource = _loaded("boto3.resources.base", "ServiceResource")
    return [
        (module, name)
        for module in list(sys.modules.values())
        for name, value in list(getattr(module, "__dict__", {}).items())
        if value is client
        or (resource and issubclass(type(value), resource) and value.meta.client is client)
    ]


def _place(module: ModuleType, name: str) -> str:
    path = Path(getattr(module, "__file__", None) or module.__name__)
    line = _line_of_assignment(path, name)
    return f"{path.name}:{line} {name}" if line else f"{path.name} {name}"


def _line_of_assignment(path: Path, name: str) -> int | None:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return node.lineno
    return None


def _loaded(module: str, name: str) -> type[Any] | None:
    """A class of a module, if the process has imported it."""
    return getattr(sys.modules.get(module), name, None)
