"""How a function's asynchronous events are treated, from moto's configuration to our queue of them.

https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.mapping.asynchronous import AsynchronousSettings

if TYPE_CHECKING:
    from emulator.lambda_api.seated_function import SeatedFunction


def apply(function: SeatedFunction) -> None:
    """Have the events of ``function`` treated as its configuration now says."""
    configs = function.event_invoke_config
    settings = _settings(configs[0].config if configs else {}, function.dead_letter_config or {})
    function.seat.asynchronous.configure(function.event_name, settings)


def _settings(config: dict[str, Any], dead_letter: dict[str, Any]) -> AsynchronousSettings:
    default = AsynchronousSettings()
    destinations = config.get("DestinationConfig") or {}
    return AsynchronousSettings(
        maximum_retry_attempts=config.get("MaximumRetryAttempts", default.maximum_retry_attempts),
        maximum_event_age_seconds=config.get(
            "MaximumEventAgeInSeconds", default.maximum_event_age_seconds
        ),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        dead_letter=dead_letter.get("TargetArn") or None,
    )
