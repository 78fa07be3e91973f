"""What a Chalice app declares, read as Chalice deploys it."""
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from chalice import Chalice
from chalice.app import Cron
from chalice.config import Config

from emulator import project
from emulator.template import Names

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.project import Project

NAMES = Names(app="shop", stage="dev", region="us-east-1", account_id="123456789012")


def app() -> Chalice:
    made = Chalice(app_name="shop")

    @made.on_sqs_message(queue="orders")
    def take_order(event: Any) -> None: ...

    @made.on_sqs_message(
        queue_arn="arn:aws:sqs:us-east-1:123456789012:bulk.fifo",
        batch_size=7,
        maximum_concurrency=3,
    )
    def load(event: Any) -> None: ...

    @made.schedule(Cron(0, 3, "*", "*", "?", "*"))
    def nightly(event: Any) -> None: ...

    @made.on_sns_message(topic="news")
    def hear(event: Any) -> None: ...

    return made


def described(
    folder: Path,
    template: dict[str, Any] | None = None,
    *,
    made: Chalice | None = None,
    **stage: Any,
) -> Project:
    (folder / ".chalice").mkdir()
    if template is not None:
        (folder / ".chalice" / "resources.json").write_text(json.dumps(template))
    config = Config(
        chalice_stage="dev",
        user_provided_params={"project_dir": str(folder)},
        config_from_disk={"app_name": "shop", "stages": {"dev": stage}},
    )
    return project.describe(made or app(), config, NAMES)


def test_function_has_the_defaults_that_chalice_deploys(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/topics/configfile.html"""
    function = described(tmp_path).functions[0]

    assert (function.name, function.function_name) == ("take_order", "shop-dev-take_order")
    assert (function.timeout_seconds, function.memory_mb) == (60, 128)


def test_function_has_its_own_settings_over_those_of_its_stage(tmp_path: Path) -> None:
    own = {
        "lambda_timeout": 5,
        "reserved_concurrency": 2,
        "environment_variables": {"WHO": "me", "MORE": "1"},
    }
    function = described(
        tmp_path,
        lambda_timeout=20,
        environment_variables={"WHO": "all"},
        lambda_functions={"take_order": own},
    ).functions[0]

    assert (function.timeout_seconds, function.reserved_concurrency) == (5, 2)
    assert function.environment == {"WHO": "me", "MORE": "1"}


def test_queue_mapping_defaults_to_a_batch_of_one_without_a_window(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/api.html#Chalice.on_sqs_message"""
    mapping = described(tmp_path).queue_mappings[0]

    assert (mapping.queue_name, mapping.batch_size, mapping.window_seconds) == ("orders", 1, 0)
    assert mapping.maximum_concurrency is None
    assert not mapping.report_batch_item_failures


def test_queue_mapping_by_arn_keeps_every_setting(tmp_path: Path) -> None:
    mapping = described(tmp_path).queue_mappings[1]

    assert (mapping.queue_name, mapping.batch_size) == ("bulk.fifo", 7)
    assert (mapping.window_seconds, mapping.maximum_concurrency) == (0, 3)


def test_batch_item_failures_are_declared_by_the_merged_template(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/topics/cfn.html"""
    event = {"Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}}
    events = {"TakeOrderSqsEventSource": event}
    template = {"Resources": {"TakeOrder": {"Properties": {"Events": events}}}}

    mappings = described(tmp_path, template).queue_mappings

    assert [m.report_batch_item_failures for m in mappings] == [True, False]


def test_schedule_is_read_as_the_expression_that_chalice_deploys(tmp_path: Path) -> None:
    (schedule,) = described(tmp_path).schedules

    assert schedule.expression == "cron(0 3 * * ? *)"


def test_queue_that_no_template_names_is_made_with_advised_settings(tmp_path: Path) -> None:
    found = described(tmp_path, lambda_timeout=10)

    queues = {r.properties["QueueName"]: r.properties for r in found.resources}
    assert queues["orders"]["VisibilityTimeout"] == 60
    assert queues["orders"]["RedrivePolicy"]["deadLetterTargetArn"].endswith(":orders-dead-letters")
    assert queues["bulk-dead-letters.fifo"]["FifoQueue"] is True
    assert '"QueueName": "orders"' in found.notes[0]


def test_queue_of_dead_letters_that_a_function_works_off_is_made_once(tmp_path: Path) -> None:
    made = app()
    made.on_sqs_message(queue="orders-dead-letters")(print)

    found = described(tmp_path, made=made, lambda_timeout=10)

    queues = [r.properties for r in found.resources if "orders" in r.properties["QueueName"]]
    assert sorted(queue["QueueName"] for queue in queues) == ["orders", "orders-dead-letters"]
    assert all(queue["VisibilityTimeout"] == 60 for queue in queues)


def test_queue_of_the_template_is_left_as_it_is(tmp_path: Path) -> None:
    properties = {"QueueName": "orders", "VisibilityTimeout": 99}
    queue = {"Type": "AWS::SQS::Queue", "Properties": properties}

    found = described(tmp_path, {"Resources": {"Orders": queue}})

    orders = [r for r in found.resources if r.properties.get("QueueName") == "orders"]
    assert [r.properties for r in orders] == [properties]


@pytest.mark.parametrize("name", ["hear"])
def test_event_source_that_does_not_run_yet_is_said(tmp_path: Path, name: str) -> None:
    assert any(name in note for note in described(tmp_path).notes)
