"""The stream events of a project: what decorators and the merged template say.

https://aws.github.io/chalice/api.html#Chalice.on_kinesis_record
https://aws.github.io/chalice/api.html#Chalice.on_dynamodb_record
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from chalice.app import DynamoDBEventConfig, KinesisEventConfig

from emulator import template
from emulator.declared import merged_events
from emulator.declared.missing_resources import table_name
from emulator.declared.queue_events import mapping_uuid
from emulator.declared.refusal import DeployRefusedError, refused
from emulator.mapping import validation
from emulator.mapping.filtering import InvalidFilterPatternError, patterns_of
from emulator.mapping.stream import INFINITE, StreamMappingSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalice import Chalice

    from emulator.template import Names, Resource

StreamEventConfig: TypeAlias = KinesisEventConfig | DynamoDBEventConfig

#: What Chalice ends the names of the events with.
_KINESIS, _TABLE = "KinesisEventSource", "DynamodbEventSource"
_POSITIONS = ("LATEST", "TRIM_HORIZON")


def read(app: Chalice, resources: Sequence[Resource], names: Names) -> list[StreamMappingSpec]:
    """The mappings of ``app``. Raises DeployRefusedError for what AWS would refuse."""
    tables = {r.name("TableName", ""): r for r in resources if r.type == "AWS::DynamoDB::Table"}
    sources = [source for source in app.event_sources if isinstance(source, StreamEventConfig)]
    for source in sources:
        if isinstance(source, DynamoDBEventConfig):
            _check_stream(source, tables.get(table_name(source)))
    return [_spec(source, resources, names) for source in sources]


def _check_stream(source: DynamoDBEventConfig, table: Resource | None) -> None:
    """A table of the template has a stream only if the template says so."""
    if table is not None and "StreamSpecification" not in table.properties:
        raise _refused(
            source,
            f"table {table_name(source)} has no stream. Add to {table.logical_id} in "
            f'{template.PATH}: "StreamSpecification": {{"StreamViewType": "NEW_AND_OLD_IMAGES"}}',
        )


def _spec(
    source: StreamEventConfig, resources: Sequence[Resource], names: Names
) -> StreamMappingSpec:
    ending = _KINESIS if isinstance(source, KinesisEventConfig) else _TABLE
    merged = merged_events.event_properties(source.name, ending, resources)
    arn = _arn(source, names)
    position = merged.get("StartingPosition", source.starting_position)
    if position not in _POSITIONS:
        known = " or ".join(_POSITIONS)
        raise _refused(source, f"starting_position is {known} here, not {position}.")
    try:
        spec = StreamMappingSpec(
            # a mapping that starts elsewhere is another one
            uuid=mapping_uuid(f"{names.physical(source.name)} {position} {arn}"),
            stream_arn=arn,
            function=source.name,
            starting_position=position,
            filter_patterns=patterns_of(merged.get("FilterCriteria")),
            **_settings(source, merged),
        )
    except InvalidFilterPatternError as error:
        raise _refused(source, f"{error} {error.reason}.") from None
    except (TypeError, ValueError) as error:
        raise _refused(source, str(error)) from None
    if problems := [f"{source.name}: {r} {r.hint}" for r in validation.stream_refusals(spec)]:
        raise refused(*(problem.rstrip() for problem in problems))
    return spec


def _refused(source: StreamEventConfig, why: str) -> DeployRefusedError:
    return refused(f"{source.name}: {why}")


def _settings(source: StreamEventConfig, merged: dict[str, Any]) -> dict[str, Any]:
    window_seconds = source.maximum_batching_window_in_seconds
    failure = (merged.get("DestinationConfig") or {}).get("OnFailure") or {}
    return {
        "batch_size": int(merged.get("BatchSize", source.batch_size)),
        "window_seconds": int(merged.get("MaximumBatchingWindowInSeconds", window_seconds)),
        "report_batch_item_failures": merged_events.reports_failed_items(merged),
        "bisect_batch_on_function_error": merged_events.is_true(
            merged.get("BisectBatchOnFunctionError")
        ),
        "maximum_retry_attempts": int(merged.get("MaximumRetryAttempts", INFINITE)),
        "maximum_record_age_seconds": int(merged.get("MaximumRecordAgeInSeconds", INFINITE)),
        "on_failure": failure.get("Destination"),
        "enabled": merged_events.is_true(merged.get("Enabled", True)),
    }


def _arn(source: StreamEventConfig, names: Names) -> str:
    """In this account, whatever account an ARN of a deployed stage names."""
    where = f"{names.region}:{names.account_id}"
    if isinstance(source, KinesisEventConfig):
        return f"arn:aws:kinesis:{where}:stream/{source.stream}"
    name = table_name(source)
    if not name:
        example = f"arn:aws:dynamodb:{where}:table/orders/stream/2026-01-01T00:00:00.000"
        raise _refused(source, f"stream_arn is like {example}, not {source.stream_arn!r}.")
    return f"arn:aws:dynamodb:{where}:table/{name}/stream/local"
