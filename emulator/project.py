"""What a Chalice app declares, as plain values: functions, event sources, resources.

Made in the process that has imported ``app.py`` and sent to the emulator's process, which never
imports the project itself.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import ScheduledEventConfig, SQSEventConfig
from chalice.utils import to_cfn_resource_name

from emulator import queue_events, template
from emulator.invocation import FunctionSpec
from emulator.mapping.schedule import ScheduleSpec
from emulator.mapping.sqs import QueueMappingSpec
from emulator.mapping.validation import (
    MAX_RECEIVE_COUNT,
    VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT,
)
from emulator.queue_events import queue_name
from emulator.template import Names, Resource

if TYPE_CHECKING:
    from chalice import Chalice
    from chalice.config import Config

#: what Chalice deploys when the configuration says nothing
#: https://aws.github.io/chalice/topics/configfile.html
TIMEOUT_SECONDS_DEFAULT = 60
MEMORY_MB_DEFAULT = 128
#: Chalice's name for the function behind the routes
API_HANDLER = "api_handler"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A Chalice project as the emulator runs it."""

    names: Names
    directory: str
    functions: list[FunctionSpec]
    queue_mappings: list[QueueMappingSpec]
    schedules: list[ScheduleSpec]
    resources: list[Resource]
    #: what to tell the user once: what is not run locally, what the template does not name
    notes: list[str]


def describe(app: Chalice, config: Config, names: Names) -> Project:
    """The project as Chalice would deploy it for ``config``'s stage.

    Raises template.TemplateError if ``.chalice/resources.json`` cannot be used, and
    queue_events.DeployRefusedError for what AWS would refuse.
    """
    directory = Path(config.project_dir)
    resources = template.read(directory / template.PATH, names)
    functions = {
        source.name: _function(source, config, names, resources)
        for source in (*app.event_sources, *app.pure_lambda_functions)
    }
    if app.routes:
        functions[API_HANDLER] = _api_function(config, names, resources)
    queue_sources = [s for s in app.event_sources if isinstance(s, SQSEventConfig)]
    missing = _missing_queues(queue_sources, functions, resources)
    resources = [*resources, *template.resources({"Resources": missing}, names)]
    events = queue_events.read(
        queue_sources, functions, resources, app=app, names=names, directory=directory
    )
    queue_events.check(events)
    return Project(
        names=names,
        directory=str(directory),
        functions=list(functions.values()),
        queue_mappings=[event.spec for event in events],
        schedules=[
            ScheduleSpec(name=s.name, expression=_expression(s), function=s.name)
            for s in app.event_sources
            if isinstance(s, ScheduledEventConfig)
        ],
        resources=resources,
        notes=[*_missing_notes(missing), *queue_events.notes(events), *_not_run(app)],
    )


def _function(source: Any, config: Config, names: Names, resources: list[Resource]) -> FunctionSpec:
    scoped = config.scope(names.stage, source.name)
    merged = _merged(to_cfn_resource_name(source.name), resources)
    return FunctionSpec(
        name=source.name,
        function_name=names.physical(source.name),
        handler=source.handler_string,
        timeout_seconds=scoped.lambda_timeout or TIMEOUT_SECONDS_DEFAULT,
        memory_mb=scoped.lambda_memory_size or MEMORY_MB_DEFAULT,
        environment={**scoped.environment_variables, **_variables(merged)},
        reserved_concurrency=scoped.reserved_concurrency,
        region=names.region,
        account_id=names.account_id,
        recursive_loop=_merged(source.name, resources).get("RecursiveLoop", "Terminate"),
    )


def _api_function(config: Config, names: Names, resources: list[Resource]) -> FunctionSpec:
    """The function behind the routes. ``chalice local`` serves them itself: it is for callers."""
    handler = SimpleNamespace(name=API_HANDLER, handler_string="app.app")
    function = _function(handler, config, names, resources)
    merged = _merged("APIHandler", resources)
    return msgspec.structs.replace(
        function,
        function_name=f"{names.app}-{names.stage}",
        environment={**function.environment, **_variables(merged)},
    )


def _merged(logical_id: str, resources: list[Resource]) -> dict[str, Any]:
    """What the merged template adds to a function that Chalice makes."""
    return next((r.properties for r in resources if r.logical_id == logical_id), {})


def _variables(merged: dict[str, Any]) -> dict[str, str]:
    variables = merged.get("Environment", {}).get("Variables", {})
    return {name: str(value) for name, value in variables.items()}


def _expression(source: ScheduledEventConfig) -> str:
    expression = source.schedule_expression
    return expression if isinstance(expression, str) else str(expression.to_string())


def _missing_queues(
    sources: list[SQSEventConfig], functions: dict[str, FunctionSpec], resources: list[Resource]
) -> dict[str, Any]:
    """A template of a queue and a dead-letter queue for each that only a decorator names."""
    ids = {r.name("QueueName", ""): r.logical_id for r in resources if r.type == "AWS::SQS::Queue"}
    timeouts = {queue_name(s): functions[s.name].timeout_seconds for s in sources}
    wanted = {name: seconds for name, seconds in timeouts.items() if name not in ids}
    # a function may work off the dead letters of another: their queue needs no further one
    redriving = wanted.keys() - {_dead_letters(name) for name in wanted}
    unmapped = sorted({_dead_letters(name) for name in redriving} - wanted.keys() - ids.keys())
    ids |= {name: _logical_id(name) for name in (*unmapped, *wanted)}
    queues = {name: _queue(name) for name in unmapped}
    for name, seconds in wanted.items():
        queues[name] = _queue(
            name, VisibilityTimeout=VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT * seconds
        )
        if name in redriving:
            queues[name]["Properties"]["RedrivePolicy"] = {
                "deadLetterTargetArn": {"Fn::GetAtt": [ids[_dead_letters(name)], "Arn"]},
                "maxReceiveCount": MAX_RECEIVE_COUNT,
            }
    return {ids[name]: queue for name, queue in queues.items()}


def _dead_letters(name: str) -> str:
    return name.removesuffix(".fifo") + "-dead-letters" + (".fifo" if _is_fifo(name) else "")


def _logical_id(name: str) -> str:
    return str(to_cfn_resource_name(name.removesuffix(".fifo").replace("-", "_"))) + "Queue"


def _is_fifo(name: str) -> bool:
    return name.endswith(".fifo")


def _queue(name: str, **properties: Any) -> dict[str, Any]:
    kind = {"FifoQueue": True} if _is_fifo(name) else {}
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **kind, **properties}}


def _missing_notes(missing: dict[str, Any]) -> list[str]:
    if not missing:
        return []
    text = msgspec.json.format(msgspec.json.encode({"Resources": missing}), indent=2).decode()
    names = ", ".join(queue["Properties"]["QueueName"] for queue in missing.values())
    return [
        f"{template.PATH} does not name {names}: created here with AWS's advised settings. "
        f"To deploy the same, put this into {template.PATH}:\n{text}"
    ]


def _not_run(app: Chalice) -> list[str]:
    """A sentence for each event source that this version does not run."""
    return [
        f"{source.name}: {type(source).__name__.removesuffix('EventConfig')} events "
        "do not run locally yet"
        for source in app.event_sources
        if not isinstance(source, (SQSEventConfig, ScheduledEventConfig))
    ]
