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

from emulator import template
from emulator.api_gateway.gateway_responses import KEY as GATEWAY_RESPONSES
from emulator.api_gateway.gateway_responses import Definition
from emulator.declared import (
    merged_events,
    missing_resources,
    push_events,
    queue_events,
    stream_events,
)
from emulator.declared.queue_events import QueueEvent
from emulator.invocation import FunctionSpec
from emulator.mapping.asynchronous import AsynchronousSettings
from emulator.mapping.schedule import ScheduleSpec
from emulator.mapping.sqs import QueueMappingSpec
from emulator.mapping.stream import StreamMappingSpec
from emulator.push.subscription import BucketNotification, EventRule, TopicSubscription
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
_API_RESOURCE = "APIHandler"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A Chalice project as the emulator runs it."""

    names: Names
    directory: str
    functions: list[FunctionSpec]
    queue_mappings: list[QueueMappingSpec]
    stream_mappings: list[StreamMappingSpec] = []
    subscriptions: list[TopicSubscription | BucketNotification | EventRule] = []
    schedules: list[ScheduleSpec]
    #: of functions whose asynchronous events are not treated as usual, by name
    asynchronous: dict[str, AsynchronousSettings] = {}
    resources: list[Resource]
    #: what to tell the user once: what is not run locally, what the template does not name
    notes: list[str]


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What decorators, configuration and template say, before anybody asks what AWS would."""

    functions: dict[str, FunctionSpec]
    #: what decorators name and no template does
    missing: dict[str, Any]
    resources: list[Resource]
    queue_events: list[QueueEvent]


def declared(app: Chalice, config: Config, names: Names) -> Declared:
    """Raises template.TemplateError and refusal.DeployRefusedError for what is unreadable."""
    directory = Path(config.project_dir)
    resources = template.read(directory / template.PATH, names)
    functions = {
        source.name: _function(source, config, names, resources)
        for source in (*app.event_sources, *app.pure_lambda_functions)
    }
    if app.routes:
        functions[API_HANDLER] = _api_function(config, names, resources)
    queue_sources = [s for s in app.event_sources if isinstance(s, SQSEventConfig)]
    missing = missing_resources.resources(app, functions, resources)
    resources = [*resources, *template.resources({"Resources": missing}, names)]
    events = queue_events.read(
        queue_sources, functions, resources, app=app, names=names, directory=directory
    )
    return Declared(functions=functions, missing=missing, resources=resources, queue_events=events)


def describe(app: Chalice, config: Config, names: Names) -> Project:
    """The project as Chalice would deploy it for ``config``'s stage.

    Raises template.TemplateError if ``.chalice/resources.json`` cannot be used, and
    refusal.DeployRefusedError for what AWS would refuse.
    """
    found = declared(app, config, names)
    functions, resources, events = found.functions, found.resources, found.queue_events
    queue_events.check(events)
    return Project(
        names=names,
        directory=str(Path(config.project_dir)),
        functions=list(functions.values()),
        queue_mappings=[event.spec for event in events],
        stream_mappings=stream_events.read(app, resources, names),
        subscriptions=push_events.read(app, resources, names),
        schedules=[
            ScheduleSpec(name=s.name, expression=_expression(s), function=s.name)
            for s in app.event_sources
            if isinstance(s, ScheduledEventConfig)
        ],
        asynchronous={
            name: settings
            for name in functions
            if (settings := merged_events.asynchronous_settings(name, resources)) is not None
        },
        resources=resources,
        notes=[
            *missing_resources.notes(found.missing),
            *queue_events.notes(events),
            *_not_run(app),
        ],
    )


def _function(source: Any, config: Config, names: Names, resources: list[Resource]) -> FunctionSpec:
    scoped = config.scope(names.stage, source.name)
    merged = merged_events.function_properties(source.name, resources)
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
        recursive_loop=merged_events.recursive_loop(source.name, resources),
    )


def _api_function(config: Config, names: Names, resources: list[Resource]) -> FunctionSpec:
    """The function behind the routes. ``chalice local`` serves them itself: it is for callers."""
    handler = SimpleNamespace(name=API_HANDLER, handler_string="app.app")
    function = _function(handler, config, names, resources)
    merged = merged_events.resource_properties(_API_RESOURCE, resources)
    return msgspec.structs.replace(
        function,
        function_name=f"{names.app}-{names.stage}",
        environment={**function.environment, **_variables(merged)},
    )


def _variables(merged: dict[str, Any]) -> dict[str, str]:
    variables = merged.get("Environment", {}).get("Variables", {})
    return {name: str(value) for name, value in variables.items()}


def _expression(source: ScheduledEventConfig) -> str:
    expression = source.schedule_expression
    return expression if isinstance(expression, str) else str(expression.to_string())


def _not_run(app: Chalice) -> list[str]:
    """A sentence for each handler that this version does not run."""
    return [
        f"{handler.name}: WebSockets do not run locally yet"
        for handler in app.websocket_handlers.values()
    ]


def api_variables(project: Project) -> dict[str, str]:
    """What the merged template adds for the function behind the routes.

    ``chalice local`` serves the routes itself, and knows config.json only.
    """
    return _variables(merged_events.resource_properties(_API_RESOURCE, project.resources))


def gateway_responses(project: Project) -> dict[str, Definition]:
    """How the merged template changes what API Gateway answers by itself.

    Raises template.TemplateError.
    """
    body = merged_events.resource_properties("RestAPI", project.resources).get("DefinitionBody", {})
    try:
        return msgspec.convert(body, _ApiDocument).gateway_responses
    except msgspec.ValidationError as error:
        raise template.TemplateError(
            f"{template.PATH}: RestAPI's DefinitionBody: {error}"
        ) from None


class _ApiDocument(msgspec.Struct):
    gateway_responses: dict[str, Definition] = msgspec.field(default={}, name=GATEWAY_RESPONSES)
