"""Which parameters a mapping takes depends on its source, whatever their values.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.limits import POLLERS_MAX, POLLERS_MIN_MAX
from emulator.mapping.validation import MappingRefusedError, Range, out_of_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: What a queue's mapping takes, keeps and shows, and what changes nothing here.
WITHOUT_EFFECT = ("KMSKeyArn", "LoggingConfig", "MetricsConfig", "ProvisionedPollerConfig")

_OF_STREAMS = (
    "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts",
    "ParallelizationFactor", "TumblingWindowInSeconds",
)  # fmt: skip
_OF_QUEUES = ("ScalingConfig",)
_POLLERS = (
    Range("MinimumPollers", "provisionedPollerConfig.minimumPollers", 1, POLLERS_MIN_MAX),
    Range("MaximumPollers", "provisionedPollerConfig.maximumPollers", 1, POLLERS_MAX),
)


def unfit_for_queue(parameters: Mapping[str, Any]) -> Iterator[MappingRefusedError]:
    """What Lambda says of a queue's mapping with these parameters."""
    if parameters.get("StartingPosition"):
        yield MappingRefusedError(
            "StartingPosition is not valid for SQS event sources.", setting="StartingPosition"
        )
    if (parameters.get("DestinationConfig") or {}).get("OnFailure"):
        yield _unsupported("DestinationConfig")
    yield from _unfit(parameters, _OF_STREAMS)
    pollers = parameters.get("ProvisionedPollerConfig") or {}
    for bounds in _POLLERS:
        if bounds.setting in pollers:
            yield from out_of_range(bounds, pollers[bounds.setting])
    if pollers and parameters.get("ScalingConfig"):
        # AWS documents the rule and not the text
        yield MappingRefusedError(
            "A mapping takes ScalingConfig or ProvisionedPollerConfig, not both.",
            setting="ProvisionedPollerConfig",
        )


def unfit_for_stream(parameters: Mapping[str, Any]) -> Iterator[MappingRefusedError]:
    """The same for the mapping of a stream."""
    yield from _unfit(parameters, _OF_QUEUES)


def _unfit(parameters: Mapping[str, Any], settings: Sequence[str]) -> Iterator[MappingRefusedError]:
    for setting in settings:
        value = parameters.get(setting)
        # false and an empty object ask for nothing; 0 does
        if value or (value == 0 and value is not False):
            yield _unsupported(setting)


def _unsupported(setting: str) -> MappingRefusedError:
    return MappingRefusedError(
        f"Unsupported {setting} parameter for given event source mapping type.", setting=setting
    )
