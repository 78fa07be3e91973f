"""What the merged template adds to the functions and events that Chalice makes.

https://aws.github.io/chalice/topics/cfn.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.utils import to_cfn_resource_name

from emulator import template
from emulator.declared.queue_events import DeployRefusedError
from emulator.mapping.asynchronous import (
    EVENT_AGE_SECONDS_MAX,
    RETRY_AFTER_SECONDS,
    AsynchronousSettings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.template import Resource


def function_properties(function: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What the template adds to a function, by its name in app.py."""
    logical_id = to_cfn_resource_name(function)
    return next((r.properties for r in resources if r.logical_id == logical_id), {})


def event_properties(function: str, ending: str, resources: Sequence[Resource]) -> dict[str, Any]:
    """What it adds to the event that Chalice names after the function and ``ending``."""
    events = function_properties(function, resources).get("Events")
    event = events.get(to_cfn_resource_name(function) + ending) if isinstance(events, dict) else {}
    properties = event.get("Properties") if isinstance(event, dict) else {}
    return properties if isinstance(properties, dict) else {}


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
        raise DeployRefusedError(
            f"AWS would refuse to deploy this:\n  {template.PATH}: EventInvokeConfig or "
            f"DeadLetterQueue of {to_cfn_resource_name(function)}: {error}"
        ) from None


def _settings(config: dict[str, Any], letters: dict[str, Any]) -> AsynchronousSettings:
    destinations = config.get("DestinationConfig", {})
    retries = int(config.get("MaximumRetryAttempts", len(RETRY_AFTER_SECONDS)))
    if not 0 <= retries <= len(RETRY_AFTER_SECONDS):
        raise ValueError(f"MaximumRetryAttempts is 0, 1 or 2, not {retries}")
    return AsynchronousSettings(
        maximum_retry_attempts=retries,
        maximum_event_age_seconds=int(
            config.get("MaximumEventAgeInSeconds", EVENT_AGE_SECONDS_MAX)
        ),
        on_success=destinations.get("OnSuccess", {}).get("Destination"),
        on_failure=destinations.get("OnFailure", {}).get("Destination"),
        dead_letter=letters.get("TargetArn"),
    )
