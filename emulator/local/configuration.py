"""Mistakes in ``.chalice/config.json``, each as one line.

Chalice reads the file before it loads app.py, and answers a mistake with a traceback. So it is
looked at before: by ``make run``, at each reload, and by ``python -m emulator check``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator import json_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = ".chalice/config.json"
#: What may stand in the file as a whole, in a stage, and in a function of either.
_OBJECTS = ("environment_variables", "lambda_functions", "stages", "tags")


class _Mistake(NamedTuple):
    keys: list[str]
    text: str


def problem(directory: Path) -> str:
    """What keeps Chalice from using the file, with its place; nothing if it is good."""
    path = directory / PATH
    try:
        config = json_file.read(path)
    except FileNotFoundError:
        return f"there is no {PATH} in {directory}: go to a Chalice project"
    except json_file.JsonFileError as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    for keys, text in _mistakes(config):
        line = json_file.line_of(path.read_text(), keys)
        return f"{path}:{line}: {'.'.join(keys) or 'the file'} {text}"
    return ""


def _mistakes(config: Any) -> Iterator[_Mistake]:
    if not isinstance(config, dict):
        yield _Mistake([], "must be an object")
        return
    if not isinstance(config.get("app_name"), str):
        yield _Mistake(["app_name"], 'must be a text: the name of the app, as "orders"')
    yield from _in_scope(config, [])


def _in_scope(scope: Any, keys: list[str]) -> Iterator[_Mistake]:
    """Of the whole file, a stage or a function."""
    if not isinstance(scope, dict):
        yield _Mistake(keys, "must be an object")
        return
    for name in _OBJECTS:
        members = scope.get(name, {})
        if not isinstance(members, dict):
            yield _Mistake([*keys, name], "must be an object")
        elif name in ("lambda_functions", "stages"):
            for key, inner in members.items():
                yield from _in_scope(inner, [*keys, name, key])
    variables = scope.get("environment_variables")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        if not isinstance(value, str):
            yield _Mistake([*keys, "environment_variables", name], "must be a text, in quotes")


if __name__ == "__main__":
    if said := problem(Path.cwd()):
        sys.exit(said)
