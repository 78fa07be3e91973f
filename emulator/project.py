"""What a Chalice app declares, as plain values: functions, event sources, resources.

Made in the process that has imported ``app.py`` and sent to the emulator's process, which never
imports the project itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from chalice.app import ScheduledEventConfig, SQSEventConfig
from chalice.utils import to_cfn_resource_name

from emulator import template
from emulator.http.gateway_responses import KEY as GATEWAY_RESPONSES
from emulator.invocation import FunctionSpec
from emulator.mapping.schedule import ScheduleSpec
from emulator.mapping.sqs import QueueMappingSpec
from emulator.template import Names, Resource

if TYPE_CHECKING:
    from chalice import Chalice
    from chalice.config import Config

#: AWS's advice for a queue that feeds a function: six times its timeout, five receives or more.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT = 6
MAX_RECEIVE_COUNT = 5

#: what Chalice deploys when the configuration says nothing
#: https://aws.github.io/chalice/topics/configfile.html
TIMEOUT_SECONDS_DEFAULT = 60
MEMORY_MB_DEFAULT = 128


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

    Raises template.TemplateError if ``.chalice/resources.json`` cannot be used.
    """
    directory = Path(config.project_dir)
    resources = template.read(directory / template.PATH, names)
    functions = {
        source.name: _function(source, config, names, resources)
        for source in app.event_sources
        if isinstance(source, (SQSEventConfig, ScheduledEventConfig))
    }
    queue_sources = [s for s in app.event_sources if isinstance(s, SQSEventConfig)]
    missing = _missing_queues(queue_sources, functions, resources)
    return Project(
        names=names,
        directory=str(directory),
        functions=list(functions.values()),
        queue_mappings=[_queue_mapping(source, names, resources) for source in queue_sources],
        schedules=[
            ScheduleSpec(name=s.name, expression=_expression(s), function=s.name)
            for s in app.event_sources
            if isinstance(s, ScheduledEventConfig)
        ],
        resources=[*resources, *template.resources({"Resources": missing}, names)],
        notes=[*_missing_notes(missing), *_not_run(app, functions)],
    )


def _function(source: Any, config: Config, names: Names, resources: list[Resource]) -> FunctionSpec:
    scoped = config.scope(names.stage, source.name)
    return FunctionSpec(
        name=source.name,
        function_name=names.physical(source.name),
        handler=source.handler_string,
        timeout_seconds=scoped.lambda_timeout or TIMEOUT_SECONDS_DEFAULT,
        memory_mb=scoped.lambda_memory_size or MEMORY_MB_DEFAULT,
        environment={**scoped.environment_variables, **_merged_variables(source.name, resources)},
        reserved_concurrency=scoped.reserved_concurrency,
        region=names.region,
        account_id=names.account_id,
    )


def _merged(function: str, resources: list[Resource]) -> dict[str, Any]:
    """What the merged template adds to a function that Chalice makes."""
    logical_id = to_cfn_resource_name(function)
    return next((r.properties for r in resources if r.logical_id == logical_id), {})


def _merged_variables(function: str, resources: list[Resource]) -> dict[str, str]:
    variables = _merged(function, resources).get("Environment", {}).get("Variables", {})
    return {name: str(value) for name, value in variables.items()}


def _queue_mapping(
    source: SQSEventConfig, names: Names, resources: list[Resource]
) -> QueueMappingSpec:
    return QueueMappingSpec(
        uuid=f"{names.physical(source.name)}-{_queue_name(source)}",
        queue_name=_queue_name(source),
        function=source.name,
        batch_size=source.batch_size,
        window_seconds=source.maximum_batching_window_in_seconds,
        maximum_concurrency=source.maximum_concurrency,
        report_batch_item_failures=_reports_batch_item_failures(source.name, resources),
    )


def _queue_name(source: SQSEventConfig) -> str:
    return str(source.queue or source.queue_arn.rsplit(":", 1)[-1])


def _expression(source: ScheduledEventConfig) -> str:
    expression = source.schedule_expression
    return expression if isinstance(expression, str) else str(expression.to_string())


def _reports_batch_item_failures(function: str, resources: list[Resource]) -> bool:
    """Whether the merged template adds ReportBatchItemFailures to the function's SQS event."""
    events = _merged(function, resources).get("Events", {})
    return any(
        "ReportBatchItemFailures" in event.get("Properties", {}).get("FunctionResponseTypes", [])
        for event in events.values()
    )


def _missing_queues(
    sources: list[SQSEventConfig], functions: dict[str, FunctionSpec], resources: list[Resource]
) -> dict[str, Any]:
    """A template of a queue and a dead-letter queue for each that only a decorator names."""
    ids = {r.name("QueueName", ""): r.logical_id for r in resources if r.type == "AWS::SQS::Queue"}
    timeouts = {_queue_name(s): functions[s.name].timeout_seconds for s in sources}
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


def _not_run(app: Chalice, functions: dict[str, FunctionSpec]) -> list[str]:
    """A sentence for each event source that this version does not run."""
    return [
        f"{source.name}: {type(source).__name__.removesuffix('EventConfig')} events "
        "do not run locally yet"
        for source in app.event_sources
        if source.name not in functions
    ] + [
        f"{function.name}: functions that only a caller invokes do not run locally yet"
        for function in app.pure_lambda_functions
    ]


def api_variables(project: Project) -> dict[str, str]:
    """What the merged template adds for the function behind the routes, "APIHandler" to Chalice.

    ``chalice local`` serves the routes itself, and knows config.json only.
    """
    merged = [r.properties for r in project.resources if r.logical_id == "APIHandler"]
    return {
        name: str(value)
        for properties in merged
        for name, value in properties.get("Environment", {}).get("Variables", {}).items()
    }


def gateway_responses(project: Project) -> dict[str, Any]:
    """How the merged template changes what API Gateway answers by itself."""
    merged = [r.properties for r in project.resources if r.logical_id == "RestAPI"]
    return {
        kind: definition
        for properties in merged
        for kind, definition in properties.get("DefinitionBody", {})
        .get(GATEWAY_RESPONSES, {})
        .items()
    }
