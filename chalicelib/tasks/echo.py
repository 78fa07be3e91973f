"""``echo``: the simplest task there can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec  # noqa: TC002 (the decorator reads the annotation)

from chalicelib.task import task

if TYPE_CHECKING:
    from chalicelib.task import TaskContext


@task("echo")
def echo(value: msgspec.Raw, context: TaskContext) -> msgspec.Raw:
    """Answers its input, letter by letter."""
    return value
