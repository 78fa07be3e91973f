"""What Lambda refuses of a queue mapping, with its texts.

In the sources ``…`` stands for https://docs.aws.amazon.com.
"""

from __future__ import annotations

from typing import Any

import pytest

from emulator.mapping import validation
from emulator.mapping.sqs import QueueMappingSpec
from emulator.mapping.validation import MappingRefusedError
from emulator.sqs.attributes import QueueAttributes

CONSTRAINT = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member "


def refusals(
    *, fifo: bool = False, visibility_seconds: int = 30, timeout_seconds: int = 30, **spec: Any
) -> list[tuple[str, str, str]]:
    queue = QueueAttributes(
        name="q", arn="arn:aws:sqs:us-east-1:123456789012:q", fifo=fifo,
        visibility_timeout_seconds=visibility_seconds,
    )  # fmt: skip
    asked = QueueMappingSpec(uuid="1", queue_name="q", function="work", **spec)
    found = validation.refusals(asked, queue, function_timeout_seconds=timeout_seconds)
    return [(error.code, str(error), error.setting) for error in found]


def test_mapping_takes_ten_messages_at_a_time_without_a_window_if_nothing_is_said() -> None:
    """The defaults (…/lambda/latest/dg/services-sqs-parameters.html)."""
    spec = QueueMappingSpec(uuid="1", queue_name="q", function="work")
    assert (spec.batch_size, spec.window_seconds, spec.maximum_concurrency) == (10, 0, None)


@pytest.mark.parametrize(
    "spec",
    [{}, {"batch_size": 1}, {"batch_size": 10_000, "window_seconds": 1}, {"window_seconds": 300},
     {"maximum_concurrency": 2}, {"maximum_concurrency": 1_000}, {"batch_size": 10, "fifo": True},
     {"filter_patterns": ['{"body": ["a"]}'] * 5}],
)  # fmt: skip
def test_mapping_within_every_range_is_taken(spec: dict[str, Any]) -> None:
    """The ranges of the parameters (…/lambda/latest/dg/services-sqs-parameters.html)."""
    assert refusals(**spec) == []


@pytest.mark.parametrize(
    ("spec", "path", "bound", "setting"),
    [
        ({"batch_size": 0}, "batchSize", "greater than or equal to 1", "BatchSize"),
        ({"batch_size": 10_001, "window_seconds": 1}, "batchSize",
         "less than or equal to 10000", "BatchSize"),
        ({"window_seconds": -1}, "maximumBatchingWindowInSeconds", "greater than or equal to 0",
         "MaximumBatchingWindowInSeconds"),
        ({"window_seconds": 301}, "maximumBatchingWindowInSeconds", "less than or equal to 300",
         "MaximumBatchingWindowInSeconds"),
        ({"maximum_concurrency": 1}, "scalingConfig.maximumConcurrency",
         "greater than or equal to 2", "MaximumConcurrency"),
        ({"maximum_concurrency": 1001}, "scalingConfig.maximumConcurrency",
         "less than or equal to 1000", "MaximumConcurrency"),
    ],
)  # fmt: skip
def test_number_out_of_its_range_is_refused(
    spec: dict[str, Any], path: str, bound: str, setting: str
) -> None:
    """The API's own bounds (…/lambda/latest/api/API_CreateEventSourceMapping.html)."""
    text = CONSTRAINT.format(next(iter(spec.values())), path) + f"must have value {bound}"
    assert refusals(**spec) == [("ValidationException", text, setting)]


def test_batch_above_ten_needs_a_window() -> None:
    """One second at least (…/lambda/latest/dg/services-sqs-parameters.html)."""
    text = (
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
        "than 10"
    )
    setting = "MaximumBatchingWindowInSeconds"
    assert refusals(batch_size=11) == [("InvalidParameterValueException", text, setting)]
    assert refusals(batch_size=11, window_seconds=1) == []


def test_fifo_queue_takes_no_window() -> None:
    """For standard queues only (…/lambda/latest/dg/services-sqs-parameters.html)."""
    text = "Batching window is not supported for FIFO queues"
    setting = "MaximumBatchingWindowInSeconds"
    found = refusals(fifo=True, window_seconds=1)
    assert found == [("InvalidParameterValueException", text, setting)]


def test_fifo_queue_takes_batches_of_ten_at_most() -> None:
    """10,000 is for standard queues (…/lambda/latest/dg/services-sqs-parameters.html)."""
    text = "Maximum batch size must be between 1 and 10 inclusive"
    found = refusals(fifo=True, batch_size=11)
    assert found == [("InvalidParameterValueException", text, "BatchSize")]


def test_visibility_timeout_shorter_than_the_function_timeout_is_refused() -> None:
    """Equal is enough (…/lambda/latest/dg/services-sqs-configure.html)."""
    text = "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"
    found = refusals(timeout_seconds=31)
    assert found == [("InvalidParameterValueException", text, "VisibilityTimeout")]
    assert refusals(timeout_seconds=30) == []


def test_sixth_filter_is_refused() -> None:
    """Five, unless the quota is raised (…/lambda/latest/dg/invocation-eventfiltering.html)."""
    ((code, _, setting),) = refusals(filter_patterns=['{"body": ["a"]}'] * 6)
    assert (code, setting) == ("InvalidParameterValueException", "FilterCriteria")


@pytest.mark.parametrize("pattern", ["null", "text", '{"body": "a"}', '{"body": []}'])
def test_invalid_filter_pattern_is_refused(pattern: str) -> None:
    """With its text (…/lambda/latest/api/API_CreateEventSourceMapping.html)."""
    text = "Invalid filter pattern definition."
    found = refusals(filter_patterns=[pattern])
    assert found == [("InvalidParameterValueException", text, "FilterCriteria")]


def test_all_that_is_wrong_is_told_and_the_first_is_raised() -> None:
    """The API stops at the first; who starts locally wants to know everything."""
    spec = {"batch_size": 11, "window_seconds": 1, "timeout_seconds": 60}
    settings = [setting for _, _, setting in refusals(fifo=True, **spec)]
    assert settings == ["MaximumBatchingWindowInSeconds", "BatchSize", "VisibilityTimeout"]

    queue = QueueAttributes(name="q", arn="arn:aws:sqs:us-east-1:123456789012:q")
    asked = QueueMappingSpec(uuid="1", queue_name="q", function="work", batch_size=11)
    with pytest.raises(MappingRefusedError, match="Maximum batch window") as raised:
        validation.check(asked, queue, function_timeout_seconds=60)
    assert raised.value.status == 400


def test_second_mapping_of_queue_and_function_is_a_conflict() -> None:
    """With the blanks of the service (…/lambda/latest/api/API_CreateEventSourceMapping.html)."""
    error = validation.already_exists("arn:aws:sqs:us-east-1:123456789012:q", "work", "uuid-1")
    assert (error.status, error.code) == (409, "ResourceConflictException")
    assert str(error) == (
        'An event source mapping with SQS arn (" arn:aws:sqs:us-east-1:123456789012:q ") and '
        'function (" work ") already exists. Please update or delete the existing mapping with '
        "UUID uuid-1"
    )
