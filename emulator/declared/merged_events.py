"""What the merged template adds to the functions and events that Chalice makes.

https://aws.github.io/chalice/topics/cfn.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from chalice.utils import to_cfn_resource_name

from emulator import template
from emulator.declared.refusal import refused
from emulator.invocation import RecursiveLoop
from emulator.mapping.asynchronous import (
    EVENT_AGE_SECONDS_MAX,
    EVENT_AGE_SECONDS_MIN,
    RETRY_AFTER_SECONDS,
    AsynchronousSettings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.template import Resource


#: Chalice's name for the function behind the routes, and for its resource.
API_HANDLER, _API_RESOURCE = "api_handler", "APIHandler"


def resource_id(function: str) -> str:
    """The logical id that Chalice gives a function, by its name in app.py."""
    is_api = function == API_HANDLER
    return _API_RESOURCE if is_api else str(to_cfn_resource_name(function))


def function_properties(function: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What the template adds to a function, by its name in app.py."""
    return resource_properties(resource_id(function), resources)


def resource_properties(logical_id: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What it adds to the resource that Chalice makes under that name."""
    return next((r.properties for r in resources if r.logical_id == logical_id), {})


def events(function: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What it adds to the events of a function, by their names. Raises DeployRefusedError."""
    return _object(function, "Events", function_properties(function, resources).get("Events"))


def variables(function: str, resources: Sequence[Resource]) -> dict[str, str]:
    """The environment variables that it adds to a function. Raises DeployRefusedError."""
    properties = function_properties(function, resources)
    environment = _object(function, "Environment", properties.get("Environment"))
    found = _object(function, "Environment.Variables", environment.get("Variables"))
    return {name: str(value) for name, value in found.items()}


def _object(function: str, name: str, value: Any) -> dict[str, Any]:
    if value is None or isinstance(value, dict):
        return value or {}
    raise refused(f"{template.PATH}: {resource_id(function)}.{name} must be an object.")


def event_properties(function: str, ending: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What it adds to the event that Chalice names after the function and ``ending``."""
    event = events(function, resources).get(to_cfn_resource_name(function) + ending)
    properties = event.get("Properties") if isinstance(event, dict) else {}
    return properties if isinstance(properties, dict) else {}


def is_true(value: Any) -> bool:
    """CloudFormation takes ``true`` and ``false`` as texts, too."""
    return str(value).lower() == "true"


def reports_failed_items(event: dict[str, Any]) -> bool:
    """Whether Lambda reads ``batchItemFailures`` in what the function of an event answers."""
    declared = event.get("FunctionResponseTypes")
    return isinstance(declared, list) and "ReportBatchItemFailures" in declared


def recursive_loop(function: str, resources: Sequence[Resource]) -> RecursiveLoop:
    """What becomes of a function that feeds itself. Raises DeployRefusedError.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    value = function_properties(function, resources).get("RecursiveLoop", "Terminate")
    if value not in (choices := get_args(RecursiveLoop)):
        raise refused(
            f"{template.PATH}: {to_cfn_resource_name(function)}.RecursiveLoop is "
            f"{' or '.join(choices)}, not {value}."
        )
    return cast("RecursiveLoop", value)


def asynchronous_settings(
    function: str, resources: Sequence[Resource]
) -> AsynchronousSettings | None:
    """How its asynchronous events are treated; None if the template says nothing of it.

    Raises DeployRefusedError for what cannot be read.
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
    """
    properties = function_properties(function, resources)
    config, letters = properties.get("EventInvokeConfig"), properties.get("DeadLetterQueue")
    if not config and not letters:
        return None
    try:
        return _settings(config or {}, letters or {})
    except (AttributeError, TypeError, ValueError) as error:
        raise refused(
            f"{template.PATH}: EventInvokeConfig or DeadLetterQueue of "
            f"{to_cfn_resource_name(function)}: {error}"
        ) from None


def _settings(config: dict[str, Any], letters: dict[str, Any]) -> AsynchronousSettings:
    destinations = config.get("DestinationConfig", {})
    retries = int(config.get("MaximumRetryAttempts", len(RETRY_AFTER_SECONDS)))
    if not 0 <= retries <= len(RETRY_AFTER_SECONDS):
        raise ValueError(f"MaximumRetryAttempts is 0, 1 or 2, not {retries}")
    age_seconds = int(config.get("MaximumEventAgeInSeconds", EVENT_AGE_SECONDS_MAX))
    if not EVENT_AGE_SECONDS_MIN <= age_seconds <= EVENT_AGE_SECONDS_MAX:
        raise ValueError(
            f"MaximumEventAgeInSeconds is {EVENT_AGE_SECONDS_MIN} to {EVENT_AGE_SECONDS_MAX}, "
            f"not {age_seconds}"
        )
    return AsynchronousSettings(
        maximum_retry_attempts=retries,
        maximum_event_age_seconds=age_seconds,
        on_success=destinations.get("OnSuccess", {}).get("Destination"),
        on_failure=destinations.get("OnFailure", {}).get("Destination"),
        dead_letter=letters.get("TargetArn"),
    )
