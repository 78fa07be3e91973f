"""A bar for a person who waits; nothing where nobody looks."""

from __future__ import annotations

import sys
from typing import Any

import click


def bar(label: str, length: int) -> Any:
    """A context whose ``update`` takes how many more are done. On standard error."""
    is_seen = sys.stderr.isatty()
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not is_seen)
