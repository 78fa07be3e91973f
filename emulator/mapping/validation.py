"""What Lambda refuses when a mapping is created or updated, in its own words.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, NamedTuple

from emulator.limits import (
    BATCH_SIZE_FIFO_MAX,
    BATCH_SIZE_MAX,
    BATCH_SIZE_WITHOUT_WINDOW_MAX,
    BATCHING_WINDOW_SECONDS_MAX,
    FILTERS_MAX,
    FUNCTION_TIMEOUT_SECONDS_MAX,
    MAXIMUM_CONCURRENCY_MAX,
    MAXIMUM_CONCURRENCY_MIN,
    MEMORY_MB_MAX,
    MEMORY_MB_MIN,
    RECORD_AGE_SECONDS_MAX,
    RETRY_ATTEMPTS_MAX,
)
from emulator.mapping import event_pattern
from emulator.mapping.filtering import Filters, InvalidFilterPatternError
from emulator.mapping.stream import INFINITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.mapping.sqs import QueueMappingSpec
    from emulator.mapping.stream import StreamMappingSpec
    from emulator.sqs.attributes import QueueAttributes

#: AWS's advice for a queue that feeds a function: six times its timeout, five receives or more.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT = 6
MAX_RECEIVE_COUNT = 5

INVALID_PARAMETER = "InvalidParameterValueException"
UNKNOWN_SOURCE = "Unrecognized event source."
UNKNOWN_FUNCTION = "Function does not exist"
UNKNOWN_MAPPING = "The resource you requested does not exist."
UNKNOWN_QUEUE = (
    "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService."
    "NonExistentQueue. SQS Error Message: The specified queue does not exist."
)


class MappingRefusedError(ValueError):
    """Lambda refuses a mapping: the text is the service's, ``code`` the name a client sees.

    ``setting`` is the property to change, by CloudFormation's name; ``VisibilityTimeout`` is the
    queue's, every other one the mapping's. ``hint`` is what we add, where the service says little.
    """

    def __init__(
        self,
        message: str,
        *,
        setting: str,
        code: str = INVALID_PARAMETER,
        status: int = http.HTTPStatus.BAD_REQUEST,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.setting = setting
        self.code = code
        self.status = status
        self.hint = hint


class Range(NamedTuple):
    """A number that the API itself bounds, of whatever resource."""

    #: the parameter and CloudFormation's property
    setting: str
    #: where it stands in a request, as the service names it
    path: str
    lowest: int
    highest: int

    def problem(self, value: int) -> str | None:
        """What is wrong with a number; None if nothing is."""
        if value < self.lowest:
            wanted = f"greater than or equal to {self.lowest}"
        elif value > self.highest:
            wanted = f"less than or equal to {self.highest}"
        else:
            return None
        return violation(value, self.path, f"Member must have value {wanted}")


def violation(value: object, path: str, constraint: str) -> str:
    """What the API says to a value outside its model; None is one that is missing."""
    shown = "null" if value is None else f"'{value}'"
    return (
        f"1 validation error detected: Value {shown} at '{path}' failed to satisfy "
        f"constraint: {constraint}"
    )


_BATCH_SIZE = Range("BatchSize", "batchSize", 1, BATCH_SIZE_MAX)
_WINDOW = Range(
    "MaximumBatchingWindowInSeconds", "maximumBatchingWindowInSeconds", 0,
    BATCHING_WINDOW_SECONDS_MAX,
)  # fmt: skip
_CONCURRENCY = Range(
    "MaximumConcurrency", "scalingConfig.maximumConcurrency",
    MAXIMUM_CONCURRENCY_MIN, MAXIMUM_CONCURRENCY_MAX,
)  # fmt: skip
_RETRIES = Range("MaximumRetryAttempts", "maximumRetryAttempts", INFINITE, RETRY_ATTEMPTS_MAX)
_AGE = Range(
    "MaximumRecordAgeInSeconds", "maximumRecordAgeInSeconds", INFINITE, RECORD_AGE_SECONDS_MAX
)
#: Not of a mapping: what a function itself may be given.
FUNCTION_TIMEOUT = Range("Timeout", "timeout", 1, FUNCTION_TIMEOUT_SECONDS_MAX)
FUNCTION_MEMORY = Range("MemorySize", "memorySize", MEMORY_MB_MIN, MEMORY_MB_MAX)


def check(spec: QueueMappingSpec, queue: QueueAttributes, *, function_timeout_seconds: int) -> None:
    """Raises the first of ``refusals``, as the API does."""
    for refusal in refusals(spec, queue, function_timeout_seconds=function_timeout_seconds):
        raise refusal


def refusals(
    spec: QueueMappingSpec, queue: QueueAttributes, *, function_timeout_seconds: int
) -> Iterator[MappingRefusedError]:
    """Everything Lambda would not take, in the order in which it would say so."""
    yield from out_of_range(_BATCH_SIZE, spec.batch_size)
    yield from out_of_range(_WINDOW, spec.window_seconds)
    if spec.maximum_concurrency is not None:
        yield from out_of_range(_CONCURRENCY, spec.maximum_concurrency)
    yield from _unbatchable(spec, fifo=queue.fifo)
    yield from _bad_filters(spec.filter_patterns)
    if queue.visibility_timeout_seconds < function_timeout_seconds:
        yield MappingRefusedError(
            f"Queue visibility timeout: {queue.visibility_timeout_seconds} seconds "
            f"is less than Function timeout: {function_timeout_seconds} seconds",
            setting="VisibilityTimeout",
        )


def stream_refusals(spec: StreamMappingSpec) -> Iterator[MappingRefusedError]:
    """The same for the mapping of a stream.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
    """
    yield from out_of_range(_BATCH_SIZE, spec.batch_size)
    yield from out_of_range(_WINDOW, spec.window_seconds)
    yield from out_of_range(_RETRIES, spec.maximum_retry_attempts)
    yield from out_of_range(_AGE, spec.maximum_record_age_seconds)
    yield from _bad_filters(spec.filter_patterns)


def advice(
    spec: QueueMappingSpec,
    queue: QueueAttributes,
    *,
    function_timeout_seconds: int,
    max_receive_count: int | None,
) -> Iterator[tuple[str, str]]:
    """What AWS takes and advises against, each with the queue's setting.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    seconds = VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT * function_timeout_seconds
    seconds += spec.window_seconds
    if queue.visibility_timeout_seconds < seconds:
        yield (
            "VisibilityTimeout",
            f"{queue.visibility_timeout_seconds} s is less than the {seconds} s that AWS advises: "
            "six times the function's timeout" + (" and the window" if spec.window_seconds else ""),
        )
    if max_receive_count is not None and max_receive_count < MAX_RECEIVE_COUNT:
        yield (
            "RedrivePolicy",
            f"maxReceiveCount {max_receive_count} is less than the {MAX_RECEIVE_COUNT} that AWS "
            "advises: throttles use up receives",
        )


def unseen_by_filters(spec: QueueMappingSpec) -> list[str]:
    """What the filters of a checked mapping ask for beside the body, which is all they see.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
    """
    patterns = [event_pattern.decode(pattern) for pattern in spec.filter_patterns]
    return sorted({key for pattern in patterns for key in pattern} - {"body", "$or"})


def already_exists(source_arn: str, function: str, uuid: str) -> MappingRefusedError:
    """The refusal of a second mapping of the same queue and function; a conflict."""
    return MappingRefusedError(
        f'An event source mapping with SQS arn (" {source_arn} ") and function (" {function} ") '
        f"already exists. Please update or delete the existing mapping with UUID {uuid}",
        setting="EventSourceArn",
        code="ResourceConflictException",
        status=http.HTTPStatus.CONFLICT,
    )


def out_of_range(bounds: Range, value: int) -> Iterator[MappingRefusedError]:
    """What the API says to a number that is too low or too high."""
    if problem := bounds.problem(value):
        yield MappingRefusedError(problem, setting=bounds.setting, code="ValidationException")


def _unbatchable(spec: QueueMappingSpec, *, fifo: bool) -> Iterator[MappingRefusedError]:
    if fifo and spec.window_seconds:
        yield MappingRefusedError(
            "Batching window is not supported for FIFO queues", setting=_WINDOW.setting
        )
    if fifo and spec.batch_size > BATCH_SIZE_FIFO_MAX:
        # the text of the time in which this was the limit of every queue
        yield MappingRefusedError(
            f"Maximum batch size must be between 1 and {BATCH_SIZE_FIFO_MAX} inclusive",
            setting=_BATCH_SIZE.setting,
        )
    if not fifo and spec.batch_size > BATCH_SIZE_WITHOUT_WINDOW_MAX and not spec.window_seconds:
        yield MappingRefusedError(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            f"greater than {BATCH_SIZE_WITHOUT_WINDOW_MAX}",
            setting=_WINDOW.setting,
        )


def _bad_filters(patterns: list[str]) -> Iterator[MappingRefusedError]:
    if len(patterns) > FILTERS_MAX:
        # AWS documents the limit and not the text
        yield MappingRefusedError(
            f"A mapping takes at most {FILTERS_MAX} filters, not {len(patterns)}.",
            setting="FilterCriteria",
        )
    try:
        Filters(patterns)
    except InvalidFilterPatternError as error:
        yield MappingRefusedError(
            str(error), setting="FilterCriteria", hint=f"What is wrong: {error.reason}. "
        )
