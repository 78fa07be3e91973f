"""Queue mappings as decorators and the merged template declare them, and what AWS refuses of them.

In the sources ``…`` stands for https://docs.aws.amazon.com/lambda/latest/dg.
"""
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from chalice import Chalice
from chalice.config import Config

from emulator.declared import project
from emulator.declared.refusal import DeployRefusedError
from emulator.template import Names

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.declared.project import Project

NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")


def described(
    folder: Path,
    *,
    decorator: dict[str, Any] | None = None,
    event: dict[str, Any] | None = None,
    queue: dict[str, Any] | None = None,
    event_name: str = "TakeOrderSqsEventSource",
    **stage: Any,
) -> Project:
    """A project of one function with its queue's properties and what the template merges."""
    app = Chalice(app_name="shop")
    name = (queue or {}).get("QueueName", "orders")

    @app.on_sqs_message(queue=name, **(decorator or {}))
    def take_order(event: Any) -> None: ...

    properties = {"QueueName": name, "VisibilityTimeout": 360, **(queue or {})}
    properties = {key: value for key, value in properties.items() if value is not None}
    resources: dict[str, Any] = {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": properties},
        "TakeOrder": {"Properties": {"Events": {event_name: {"Properties": event or {}}}}},
    }
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "resources.json").write_text(json.dumps({"Resources": resources}))
    config = Config(
        chalice_stage="dev",
        user_provided_params={"project_dir": str(folder)},
        config_from_disk={"app_name": "shop", "stages": {"dev": stage}},
    )
    return project.describe(app, config, NAMES)


def refusal(folder: Path, **parts: Any) -> str:
    with pytest.raises(DeployRefusedError) as refused:
        described(folder, **parts)
    return str(refused.value)


@pytest.mark.parametrize("argument", ["batch_size", "maximum_concurrency"])
def test_argument_that_is_no_number_is_named(tmp_path: Path, argument: str) -> None:
    """Chalice itself takes anything (https://aws.github.io/chalice/topics/events.html)."""
    said = refusal(tmp_path, decorator={argument: "many"})
    assert "test_queue_events.py:" in said
    assert "must be a whole number, not 'many'" in said


def test_template_sets_what_chalice_cannot_and_wins_over_the_decorator(tmp_path: Path) -> None:
    """Merged as ``chalice package`` does (https://aws.github.io/chalice/topics/cfn.html)."""
    event = {
        "BatchSize": "7",
        "MaximumBatchingWindowInSeconds": 3,
        "ScalingConfig": {"MaximumConcurrency": 4},
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": ["a"]}'}]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "Enabled": False,
    }
    (spec,) = described(tmp_path, decorator={"batch_size": 5}, event=event).queue_mappings

    assert (spec.batch_size, spec.window_seconds, spec.maximum_concurrency) == (7, 3, 4)
    assert spec.filter_patterns == ['{"body": ["a"]}']
    assert spec.report_batch_item_failures
    assert not spec.enabled


def test_default_visibility_timeout_is_too_short_for_a_default_function(tmp_path: Path) -> None:
    """30 s against Chalice's 60 s (…/services-sqs-configure.html)."""
    said = refusal(tmp_path, queue={"VisibilityTimeout": "30"})

    assert (
        "take_order <- orders: Queue visibility timeout: 30 seconds is less than Function" in said
    )
    assert ".chalice/resources.json: Orders.VisibilityTimeout, or .chalice/config.json" in said


def test_queue_without_a_visibility_timeout_has_thirty_seconds(tmp_path: Path) -> None:
    """SQS's default (…/services-sqs-configure.html)."""
    said = refusal(tmp_path, queue={"VisibilityTimeout": None})
    assert "visibility timeout: 30 seconds" in said


@pytest.mark.parametrize(
    ("decorator", "argument"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 11}, "maximum_batching_window_in_seconds"),
        ({"maximum_batching_window_in_seconds": 301}, "maximum_batching_window_in_seconds"),
        ({"maximum_concurrency": 1}, "maximum_concurrency"),
    ],
)
def test_decorators_line_is_named_for_what_it_says(
    tmp_path: Path, decorator: dict[str, Any], argument: str
) -> None:
    """So that it can be changed (…/services-sqs-parameters.html)."""
    said = refusal(tmp_path, decorator=decorator)
    assert "test_queue_events.py:" in said
    assert f": take_order, {argument}." in said


@pytest.mark.parametrize(
    ("event", "setting"),
    [({"BatchSize": 10_001}, "BatchSize"),
     ({"ScalingConfig": {"MaximumConcurrency": 1001}}, "MaximumConcurrency"),
     ({"FilterCriteria": {"Filters": [{"Pattern": "null"}]}}, "FilterCriteria"),
     ({"FilterCriteria": "x"}, "FilterCriteria"),
     ({"BatchSize": "many"}, "BatchSize"), ({"BatchSize": 2.5}, "BatchSize"),
     ({"BatchSize": True}, "BatchSize"), ({"BatchSize": {"Fn::If": []}}, "BatchSize")],
)  # fmt: skip
def test_template_is_named_for_what_it_says(
    tmp_path: Path, event: dict[str, Any], setting: str
) -> None:
    """So that it can be changed (…/services-sqs-parameters.html)."""
    said = refusal(tmp_path, event=event)
    assert ".chalice/resources.json: TakeOrder.Events.TakeOrderSqsEventSource" in said
    assert setting in said


@pytest.mark.parametrize(
    "decorator", [{"batch_size": 11}, {"maximum_batching_window_in_seconds": 1}]
)
def test_fifo_queue_takes_neither_large_batches_nor_a_window(
    tmp_path: Path, decorator: dict[str, Any]
) -> None:
    """FIFO rules (…/services-sqs-parameters.html)."""
    queue = {"QueueName": "orders.fifo", "FifoQueue": True}
    assert "orders.fifo: " in refusal(tmp_path, decorator=decorator, queue=queue)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """One start, all there is to correct."""
    said = refusal(tmp_path, decorator={"batch_size": 11}, queue={"VisibilityTimeout": 5})
    assert said.count("Change ") == 2


def test_merged_event_of_another_name_is_refused(tmp_path: Path) -> None:
    """It would have no type (https://aws.github.io/chalice/topics/cfn.html)."""
    assert "called TakeOrderSqsEventSource" in refusal(tmp_path, event_name="Orders")


def test_what_aws_only_advises_is_a_note(tmp_path: Path) -> None:
    """Six times the timeout, five receives (…/services-sqs-configure.html)."""
    policy = {
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead",
        "maxReceiveCount": 3,
    }
    queue = {"VisibilityTimeout": 100, "RedrivePolicy": policy}
    notes = described(tmp_path, queue=queue).notes

    assert [note.split(":")[1] for note in notes] == [
        " Orders.VisibilityTimeout", " Orders.RedrivePolicy",
    ]  # fmt: skip
    assert "the 360 s that AWS advises" in notes[0]


def test_advised_settings_are_no_news(tmp_path: Path) -> None:
    """Nothing is said of a queue as AWS advises it (…/services-sqs-configure.html)."""
    assert described(tmp_path, queue={"VisibilityTimeout": 360}).notes == []


def test_setting_without_effect_is_said(tmp_path: Path) -> None:
    """Provisioned pollers are taken (…/services-sqs-scaling.html)."""
    (note,) = described(tmp_path, event={"ProvisionedPollerConfig": {"MinimumPollers": 2}}).notes
    assert "ProvisionedPollerConfig is taken and has no effect locally" in note


def test_filter_on_what_it_cannot_see_is_said(tmp_path: Path) -> None:
    """Only the body (…/with-sqs-filtering.html)."""
    pattern = {"Pattern": json.dumps({"messageAttributes": {"a": [1]}, "body": ["x"]})}
    (note,) = described(tmp_path, event={"FilterCriteria": {"Filters": [pattern]}}).notes
    assert "messageAttributes matches nothing, and what does not match is deleted" in note
