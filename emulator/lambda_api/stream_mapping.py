"""A stream's event source mapping between the API's words and the source that reads it.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.cloud import streams
from emulator.lambda_api.configuration import validation_error
from emulator.lambda_api.errors import LambdaError, invalid_parameter
from emulator.mapping import validation
from emulator.mapping.filtering import InvalidFilterPatternError, patterns_of
from emulator.mapping.parameters import unfit_for_stream
from emulator.mapping.stream import BATCH_SIZE_DEFAULT, INFINITE, StreamMapping, StreamMappingSpec

if TYPE_CHECKING:
    from emulator.invocation import Function
    from emulator.lambda_api.seated_function import Seat

_REPORTS = "ReportBatchItemFailures"
_POSITIONS = ("LATEST", "TRIM_HORIZON")
#: what a mapping of a stream shows where nothing was said
_DEFAULTS: dict[str, Any] = {
    "BatchSize": BATCH_SIZE_DEFAULT,
    "MaximumBatchingWindowInSeconds": 0,
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "FunctionResponseTypes": [],
    "MaximumRetryAttempts": INFINITE,
    "MaximumRecordAgeInSeconds": INFINITE,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def spec(parameters: dict[str, Any], *, uuid: str, function: str) -> StreamMappingSpec:
    """What CreateEventSourceMapping's parameters ask for. Raises LambdaError."""
    for refusal in unfit_for_stream(parameters):
        raise LambdaError(refusal.code, str(refusal), status=refusal.status)
    given = _DEFAULTS | parameters
    try:
        patterns = patterns_of(given.get("FilterCriteria"))
    except InvalidFilterPatternError as error:
        raise invalid_parameter(str(error)) from None
    return StreamMappingSpec(
        uuid=uuid,
        stream_arn=given["EventSourceArn"],
        function=function,
        starting_position=_position(given.get("StartingPosition")),
        batch_size=given["BatchSize"],
        window_seconds=given["MaximumBatchingWindowInSeconds"],
        report_batch_item_failures=_REPORTS in given["FunctionResponseTypes"],
        bisect_batch_on_function_error=given["BisectBatchOnFunctionError"],
        maximum_retry_attempts=given["MaximumRetryAttempts"],
        maximum_record_age_seconds=given["MaximumRecordAgeInSeconds"],
        on_failure=(given["DestinationConfig"].get("OnFailure") or {}).get("Destination"),
        filter_patterns=patterns,
        enabled=given.get("Enabled", True),
    )


def _position(given: str | None) -> str:
    if given is None:
        raise validation_error(None, "startingPosition", "Member must not be null")
    if given not in _POSITIONS:
        raise invalid_parameter(
            f"Starting position {given} does not run here: LATEST and TRIM_HORIZON do."
        )
    return given


def parameters(spec: StreamMappingSpec) -> dict[str, Any]:
    """CreateEventSourceMapping's parameters for a mapping that a project declares."""
    filters = [{"Pattern": pattern} for pattern in spec.filter_patterns]
    shards = streams.shards(spec.stream_arn)
    failure = {"Destination": spec.on_failure} if spec.on_failure else {}
    return {
        # a project cannot know the label of a table's stream
        "EventSourceArn": shards[0].stream_arn if shards else spec.stream_arn,
        "StartingPosition": spec.starting_position,
        "BatchSize": spec.batch_size,
        "MaximumBatchingWindowInSeconds": spec.window_seconds,
        "FunctionResponseTypes": [_REPORTS] if spec.report_batch_item_failures else [],
        "BisectBatchOnFunctionError": spec.bisect_batch_on_function_error,
        "MaximumRetryAttempts": spec.maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": spec.maximum_record_age_seconds,
        "DestinationConfig": {"OnFailure": failure},
        "Enabled": spec.enabled,
        **({"FilterCriteria": {"Filters": filters}} if filters else {}),
    }


def check_source(source_arn: str) -> None:
    """Raises LambdaError if there is no such stream."""
    if not streams.shards(source_arn):
        raise invalid_parameter(f"Stream not found: {source_arn}")


def check(spec: StreamMappingSpec, _function: Function, _source_arn: str) -> None:
    """Raises LambdaError for what Lambda does not take; any stream fits any function."""
    for refusal in validation.stream_refusals(spec):
        raise LambdaError(refusal.code, str(refusal), status=refusal.status)


def source(
    spec: StreamMappingSpec, function: Function, source_arn: str, *, seat: Seat
) -> StreamMapping:
    """What reads."""
    return StreamMapping(
        spec, function, streams.shards, send=seat.send,
        clock=seat.clock, condition=seat.condition, journal=seat.journal,
    )  # fmt: skip


def shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """The settings as the API shows them."""
    names = (*_DEFAULTS, "StartingPosition")
    return {name: (_DEFAULTS | parameters)[name] for name in names}
