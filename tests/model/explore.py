"""Prints how much the model explores, and what goes wrong without each rule.

Run from the project's folder: ``PYTHONPATH=. .venv/bin/python tests/model/explore.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from checker import Exploration
from job_life import Life, Rule, Scope, Shared
from promises import LIVENESS, SAFETY

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Where the rules' faults are looked for, the smaller scope first.
SCOPES = (
    Scope(canceler=False, late=False, deleter=False),
    Scope(late=False, deleter=False),
    Scope(canceler=False, deleter=False),
)


def main() -> None:
    life = Life(Scope())
    explored = Exploration(life.actors, Shared(), SAFETY)
    broken = [*explored.broken, *(name for name in LIVENESS if _stranded(explored, name))]
    click.echo(f"{explored.states:,} states and {explored.steps:,} steps")
    click.echo(f"broken promises: {', '.join(broken) or 'none'}")
    for rule in Rule:
        click.echo(f"\nwithout: {rule.value}")
        promise, trace = next(_broken(rule), ("nothing is broken", []))
        click.echo(f"  {promise}")
        for number, event in enumerate(trace, 1):
            click.echo(f"  {number:3}. {event}")


def _broken(rule: Rule) -> Iterator[tuple[str, list[str]]]:
    """The promises broken without a rule, with the shortest way there."""
    for scope in SCOPES:
        explored = Exploration(Life(scope, without={rule}).actors, Shared(), SAFETY)
        yield from explored.broken.items()
        # without a deadline nothing ends a record that nobody was promised
        for name in sorted(LIVENESS.keys() - (set() if scope.late else {"every_record_ends"})):
            if trace := _stranded(explored, name):
                yield name, trace


def _stranded(explored: Exploration, name: str) -> list[str]:
    return explored.stranded(LIVENESS[name])


if __name__ == "__main__":
    main()
