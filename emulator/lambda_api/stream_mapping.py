"""A stream's event source mapping between the API's words and the source that reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud import streams
from emulator.lambda_api.errors import LambdaError, invalid_parameter
from emulator.limits import BATCH_SIZE_MAX, BATCHING_WINDOW_SECONDS_MAX
from emulator.mapping.filtering import Filters, InvalidFilterPatternError, patterns_of
from emulator.mapping.stream import BATCH_SIZE_DEFAULT, INFINITE, StreamMapping, StreamMappingSpec

if TYPE_CHECKING:
    from emulator.invocation import Function
    from emulator.lambda_api.seated_function import Seat

#: Says that the function reports which records of a batch failed.
REPORTS = "ReportBatchItemFailures"
_POSITIONS = ("LATEST", "TRIM_HORIZON")
#: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
_RANGES = {
    "BatchSize": (1, BATCH_SIZE_MAX),
    "MaximumBatchingWindowInSeconds": (0, BATCHING_WINDOW_SECONDS_MAX),
    "MaximumRetryAttempts": (INFINITE, 10_000),
    "MaximumRecordAgeInSeconds": (INFINITE, 604_800),
}
_DEFAULTS = {
    "BatchSize": BATCH_SIZE_DEFAULT,
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRetryAttempts": INFINITE,
    "MaximumRecordAgeInSeconds": INFINITE,
    "BisectBatchOnFunctionError": False,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def is_stream(source_arn: str) -> bool:
    """Whether an ARN is that of a Kinesis stream or of a table's stream."""
    return source_arn.split(":")[2] in ("dynamodb", "kinesis")


def spec(parameters: dict[str, Any], *, uuid: str, function: str) -> StreamMappingSpec:
    """What CreateEventSourceMapping's parameters ask for. Raises LambdaError."""
    _check(parameters)
    given = {**_DEFAULTS, **parameters}
    try:
        patterns = patterns_of(parameters.get("FilterCriteria"))
        Filters(patterns)
    except InvalidFilterPatternError as error:
        raise invalid_parameter(str(error)) from None
    return StreamMappingSpec(
        uuid=uuid,
        stream_arn=parameters["EventSourceArn"],
        function=function,
        starting_position=parameters["StartingPosition"],
        batch_size=given["BatchSize"],
        window_seconds=given["MaximumBatchingWindowInSeconds"],
        report_batch_item_failures=REPORTS in (parameters.get("FunctionResponseTypes") or ()),
        bisect_batch_on_function_error=given["BisectBatchOnFunctionError"],
        maximum_retry_attempts=given["MaximumRetryAttempts"],
        maximum_record_age_seconds=given["MaximumRecordAgeInSeconds"],
        on_failure=_on_failure(parameters).get("Destination"),
        filter_patterns=patterns,
        enabled=parameters.get("Enabled", True),
    )


def parameters(spec: StreamMappingSpec) -> dict[str, Any]:
    """CreateEventSourceMapping's parameters for a mapping that a project declares."""
    filters = [{"Pattern": pattern} for pattern in spec.filter_patterns]
    shards = streams.shards(spec.stream_arn)
    failure = {"DestinationConfig": {"OnFailure": {"Destination": spec.on_failure}}}
    return {
        "EventSourceArn": shards[0].stream_arn if shards else spec.stream_arn,
        "StartingPosition": spec.starting_position,
        "BatchSize": spec.batch_size,
        "MaximumBatchingWindowInSeconds": spec.window_seconds,
        "FunctionResponseTypes": [REPORTS] if spec.report_batch_item_failures else [],
        "BisectBatchOnFunctionError": spec.bisect_batch_on_function_error,
        "MaximumRetryAttempts": spec.maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": spec.maximum_record_age_seconds,
        "Enabled": spec.enabled,
        **(failure if spec.on_failure else {}),
        **({"FilterCriteria": {"Filters": filters}} if filters else {}),
    }


def shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """What GetEventSourceMapping shows of a stream's mapping beside what every mapping has."""
    given = {name: parameters.get(name, default) for name, default in _DEFAULTS.items()}
    return {
        **given,
        "StartingPosition": parameters["StartingPosition"],
        "DestinationConfig": {"OnFailure": _on_failure(parameters)},
    }


def source(spec: StreamMappingSpec, function: Function, *, seat: Seat) -> StreamMapping:
    """What reads."""
    return StreamMapping(
        spec, function, streams.shards, send=seat.send,
        clock=seat.clock, condition=seat.condition, journal=seat.journal,
    )  # fmt: skip


def _check(parameters: dict[str, Any]) -> None:
    position = parameters.get("StartingPosition")
    if position not in _POSITIONS:
        value = "null" if position is None else f"'{position}'"
        constraint = "Member must not be null" if position is None else f"must be in {_POSITIONS}"
        raise LambdaError(
            "ValidationException",
            f"1 validation error detected: Value {value} at 'startingPosition' failed to satisfy "
            f"constraint: {constraint}",
        )
    for name, (least, most) in _RANGES.items():
        if not least <= parameters.get(name, _DEFAULTS[name]) <= most:
            raise invalid_parameter(f"{name} must be from {least} to {most}.")
    if not streams.shards(parameters["EventSourceArn"]):
        raise invalid_parameter(f"Stream not found: {parameters['EventSourceArn']}")


def _on_failure(parameters: dict[str, Any]) -> dict[str, Any]:
    destinations = parameters.get("DestinationConfig") or {}
    return dict(destinations.get("OnFailure") or {})
