"""The schedules of a project.

https://aws.github.io/chalice/api.html#Chalice.schedule
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import ScheduledEventConfig

from emulator.declared.queue_events import decorated_at
from emulator.declared.refusal import refused
from emulator.mapping.schedule import ScheduleSpec
from emulator.mapping.schedule_expression import ScheduleExpressionError, parse

if TYPE_CHECKING:
    from pathlib import Path

    from chalice import Chalice


def read(app: Chalice, directory: Path) -> list[ScheduleSpec]:
    """What ``app``'s decorators say. Raises DeployRefusedError for what is no schedule."""
    sources = [source for source in app.event_sources if isinstance(source, ScheduledEventConfig)]
    return [_spec(source, app, directory) for source in sources]


def _spec(source: ScheduledEventConfig, app: Chalice, directory: Path) -> ScheduleSpec:
    expression = source.schedule_expression
    text = expression if isinstance(expression, str) else str(expression.to_string())
    try:
        parse(text, starts_ms=0)
    except ScheduleExpressionError as error:
        place = decorated_at(app, source.name, directory)
        raise refused(f"{place}: {source.name}: {error}") from None
    return ScheduleSpec(name=source.name, expression=text, function=source.name)
