"""A queue's event source mapping between the API's words and the source that polls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.lambda_api.errors import LambdaError
from emulator.limits import BATCH_SIZE_DEFAULT
from emulator.mapping import validation
from emulator.mapping.filtering import InvalidFilterPatternError, patterns_of
from emulator.mapping.parameters import WITHOUT_EFFECT, unfit_for_queue
from emulator.mapping.sqs import QueueMappingSpec, SqsMapping
from emulator.mapping.validation import MappingRefusedError
from emulator.sqs import backend as sqs_backend

if TYPE_CHECKING:
    from emulator.invocation import Function
    from emulator.lambda_api.seated_function import Seat
    from emulator.sqs.queue import Queue

#: Says that the function reports which messages of a batch failed.
REPORTS = "ReportBatchItemFailures"


def spec(parameters: dict[str, Any], *, uuid: str, function: str) -> QueueMappingSpec:
    """What CreateEventSourceMapping's parameters ask for. Raises LambdaError."""
    for refusal in unfit_for_queue(parameters):
        raise _refused(refusal)
    try:
        patterns = patterns_of(parameters.get("FilterCriteria"))
    except InvalidFilterPatternError as error:
        raise _refused(MappingRefusedError(str(error), setting="FilterCriteria")) from None
    return QueueMappingSpec(
        uuid=uuid,
        queue_name=parameters["EventSourceArn"].rpartition(":")[2],
        function=function,
        batch_size=parameters.get("BatchSize", BATCH_SIZE_DEFAULT),
        window_seconds=parameters.get("MaximumBatchingWindowInSeconds", 0),
        maximum_concurrency=(parameters.get("ScalingConfig") or {}).get("MaximumConcurrency"),
        report_batch_item_failures=REPORTS in (parameters.get("FunctionResponseTypes") or ()),
        filter_patterns=patterns,
        enabled=parameters.get("Enabled", True),
    )


def parameters(spec: QueueMappingSpec) -> dict[str, Any]:
    """CreateEventSourceMapping's parameters for a mapping that a project declares."""
    filters = [{"Pattern": pattern} for pattern in spec.filter_patterns]
    scaling = {"MaximumConcurrency": spec.maximum_concurrency}
    return {
        "EventSourceArn": sqs_backend.engine_queue(spec.queue_name).attributes.arn,
        "BatchSize": spec.batch_size,
        "MaximumBatchingWindowInSeconds": spec.window_seconds,
        "FunctionResponseTypes": [REPORTS] if spec.report_batch_item_failures else [],
        "Enabled": spec.enabled,
        **({"FilterCriteria": {"Filters": filters}} if filters else {}),
        **({"ScalingConfig": scaling} if spec.maximum_concurrency else {}),
    }


def check_source(source_arn: str) -> None:
    """Raises LambdaError if there is no such queue."""
    _queue(source_arn)


def check(spec: QueueMappingSpec, function: Function, source_arn: str) -> None:
    """Raises LambdaError for what Lambda does not take together, or if there is no such queue."""
    seconds = function.spec.timeout_seconds
    try:
        validation.check(spec, _queue(source_arn).attributes, function_timeout_seconds=seconds)
    except MappingRefusedError as refusal:
        raise _refused(refusal) from None


def _queue(source_arn: str) -> Queue:
    try:
        return sqs_backend.engine_queue(source_arn)
    except KeyError:
        unknown = MappingRefusedError(validation.UNKNOWN_QUEUE, setting="EventSourceArn")
        raise _refused(unknown) from None


def source(
    spec: QueueMappingSpec, function: Function, source_arn: str, *, seat: Seat
) -> SqsMapping:
    """What polls."""
    return SqsMapping(
        spec, _queue(source_arn), function,
        clock=seat.clock, condition=seat.condition, journal=seat.journal,
    )  # fmt: skip


def shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """The settings as the API shows them: of some only what was given."""
    settings = {
        "BatchSize": parameters.get("BatchSize", BATCH_SIZE_DEFAULT),
        "MaximumBatchingWindowInSeconds": parameters.get("MaximumBatchingWindowInSeconds", 0),
        "FunctionResponseTypes": parameters.get("FunctionResponseTypes") or [],
    }
    given = ("ScalingConfig", *WITHOUT_EFFECT)
    return settings | {name: parameters[name] for name in given if parameters.get(name)}


def already_exists(source_arn: str, function: str, uuid: str) -> LambdaError:
    return _refused(validation.already_exists(source_arn, function, uuid))


def _refused(refusal: MappingRefusedError) -> LambdaError:
    return LambdaError(refusal.code, str(refusal), status=refusal.status)
