"""What a Chalice app declares, read as Chalice deploys it."""
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from chalice import Chalice
from chalice.app import Cron
from chalice.config import Config

from emulator.declared import project
from emulator.declared.refusal import DeployRefusedError
from emulator.mapping.asynchronous import AsynchronousSettings
from emulator.push.subscription import BucketNotification, EventRule, TopicSubscription
from emulator.template import Names

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.declared.project import Project

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


def test_what_the_merged_template_says_of_a_function_wins(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/topics/cfn.html"""
    own = {"Timeout": "7", "MemorySize": 256, "ReservedConcurrentExecutions": 3}
    template = {"Resources": {"TakeOrder": {"Properties": own}}}

    function = described(tmp_path, template, lambda_timeout=20).functions[0]

    assert (function.timeout_seconds, function.memory_mb) == (7, 256)
    assert function.reserved_concurrency == 3


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"lambda_timeout": "soon"}, "lambda_timeout of take_order must be a whole number"),
        ({"lambda_timeout": 901}, "lambda_timeout of take_order is 1 to 900, not 901"),
        ({"lambda_timeout": 0}, "lambda_timeout of take_order is 1 to 900, not 0"),
        ({"lambda_memory_size": 64}, "lambda_memory_size of take_order is 128 to 10240, not 64"),
    ],
)
def test_number_that_no_function_can_have_is_refused_at_the_start(
    tmp_path: Path, settings: dict[str, Any], problem: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    with pytest.raises(DeployRefusedError, match=problem):
        described(tmp_path, **settings)


@pytest.mark.parametrize(
    "properties", [{"Events": []}, {"Environment": "x"}, {"Environment": {"Variables": []}}]
)
def test_what_must_be_an_object_is_refused_by_its_name(
    tmp_path: Path, properties: dict[str, Any]
) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html"""
    with pytest.raises(DeployRefusedError, match=rf"TakeOrder\.{next(iter(properties))}"):
        described(tmp_path, {"Resources": {"TakeOrder": {"Properties": properties}}})


def test_stage_that_the_configuration_does_not_have_is_said(tmp_path: Path) -> None:
    """Chalice takes any name: https://aws.github.io/chalice/topics/configfile.html"""
    mistyped = msgspec.structs.replace(NAMES, stage="prdo")
    config = Config(
        chalice_stage="prdo",
        user_provided_params={"project_dir": str(tmp_path)},
        config_from_disk={"app_name": "shop", "stages": {"prod": {}, "dev": {}}},
    )
    (note, *_) = [n for n in project.describe(app(), config, mistyped).notes if "stage" in n]
    assert "has no stage prdo" in note
    assert note.endswith("it has dev, prod")
    assert not [note for note in described(tmp_path).notes if "stage" in note]


def test_number_as_a_variable_is_the_text_that_a_function_sees(tmp_path: Path) -> None:
    """CloudFormation makes texts of them."""
    function = described(tmp_path, environment_variables={"LIMIT": 5}).functions[0]

    assert function.environment == {"LIMIT": "5"}


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


def test_schedule_that_is_none_is_refused_at_the_start_with_its_line(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html"""
    made = Chalice(app_name="shop")

    @made.schedule("rate(5 minute)")
    def tidy(event: Any) -> None: ...

    with pytest.raises(DeployRefusedError, match=r"py:\d+: tidy: .*write rate\(5 minutes\)"):
        described(tmp_path, made=made)


def test_queue_that_no_template_names_is_made_with_advised_settings(tmp_path: Path) -> None:
    found = described(tmp_path, lambda_timeout=10)

    queues = {r.name("QueueName", ""): r.properties for r in found.resources}
    assert queues["orders"]["VisibilityTimeout"] == 60
    assert queues["orders"]["RedrivePolicy"]["deadLetterTargetArn"].endswith(":orders-dead-letters")
    assert queues["bulk-dead-letters.fifo"]["FifoQueue"] is True
    assert '"QueueName": "orders"' in found.notes[0]


def test_queue_of_dead_letters_that_a_function_works_off_is_made_once(tmp_path: Path) -> None:
    made = app()
    made.on_sqs_message(queue="orders-dead-letters")(print)

    found = described(tmp_path, made=made, lambda_timeout=10)

    queues = [r.properties for r in found.resources if "orders" in r.name("QueueName", "")]
    assert sorted(queue["QueueName"] for queue in queues) == ["orders", "orders-dead-letters"]
    assert all(queue["VisibilityTimeout"] == 60 for queue in queues)


def test_queue_of_the_template_is_left_as_it_is(tmp_path: Path) -> None:
    properties = {"QueueName": "orders", "VisibilityTimeout": 99}
    queue = {"Type": "AWS::SQS::Queue", "Properties": properties}

    found = described(tmp_path, {"Resources": {"Orders": queue}})

    orders = [r for r in found.resources if r.properties.get("QueueName") == "orders"]
    assert [r.properties for r in orders] == [properties]


def test_template_adds_variables_for_the_function_behind_the_routes(tmp_path: Path) -> None:
    """Which Chalice calls APIHandler. https://aws.github.io/chalice/topics/cfn.html"""
    name = {"Fn::Sub": "files-${AWS::AccountId}-${AWS::Region}"}
    handler = {"Properties": {"Environment": {"Variables": {"BUCKET": name}}}}
    made = described(tmp_path, {"Resources": {"APIHandler": handler}})
    assert project.api_variables(made) == {"BUCKET": "files-123456789012-us-east-1"}


def test_websockets_are_said_not_to_run(tmp_path: Path) -> None:
    made = app()
    made.experimental_feature_flags.add("WEBSOCKETS")
    made.on_ws_message(name="chat")(print)

    notes = described(tmp_path, made=made).notes
    assert any(note == "chat: WebSockets do not run locally yet" for note in notes)


def listening() -> Chalice:
    """An app with one function for each source beside queues and schedules."""
    made = Chalice(app_name="shop")
    made.on_sns_message(topic="news", name="hear")(print)
    made.on_sns_message(topic="arn:aws:sns:us-east-1:123456789012:alerts", name="alert")(print)
    made.on_s3_event(bucket="files", prefix="in/", suffix=".csv", name="take_in")(print)
    made.on_cw_event({"source": ["shop"]}, name="notice")(print)
    made.on_kinesis_record(stream="clicks", batch_size=7, name="count")(print)
    table = "arn:aws:dynamodb:eu-west-1:1:table/orders/stream/2026"
    made.on_dynamodb_record(stream_arn=table, starting_position="TRIM_HORIZON", name="audit")(print)
    made.lambda_function(name="plain")(print)
    return made


def test_every_kind_of_function_is_one_of_the_project(tmp_path: Path) -> None:
    names = [function.name for function in described(tmp_path, made=listening()).functions]

    assert names == ["hear", "alert", "take_in", "notice", "count", "audit", "plain"]


def test_subscriptions_are_what_the_decorators_say(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/topics/events.html"""
    found = described(tmp_path, made=listening()).subscriptions

    topic = "arn:aws:sns:us-east-1:123456789012:"
    assert found == [
        TopicSubscription(function="hear", topic_arn=topic + "news"),
        TopicSubscription(function="alert", topic_arn=topic + "alerts"),
        BucketNotification(
            function="take_in", bucket="files", events=("s3:ObjectCreated:*",),
            prefix="in/", suffix=".csv",
        ),
        EventRule(
            function="notice", name="shop-dev-notice-event", pattern='{"source":["shop"]}'
        ),
    ]  # fmt: skip


def test_stream_mappings_are_what_the_decorators_say(tmp_path: Path) -> None:
    """https://aws.github.io/chalice/api.html#Chalice.on_kinesis_record"""
    clicks, orders = described(tmp_path, made=listening()).stream_mappings

    assert (clicks.stream_arn, clicks.batch_size, clicks.starting_position) == (
        "arn:aws:kinesis:us-east-1:123456789012:stream/clicks", 7, "LATEST",
    )  # fmt: skip
    assert (orders.stream_name, orders.batch_size, orders.starting_position) == (
        "orders", 100, "TRIM_HORIZON",
    )  # fmt: skip


def test_what_decorators_name_and_no_template_does_is_made_and_said_once(tmp_path: Path) -> None:
    found = described(tmp_path, made=listening())

    assert [(r.logical_id, r.type) for r in found.resources] == [
        ("NewsTopic", "AWS::SNS::Topic"),
        ("AlertsTopic", "AWS::SNS::Topic"),
        ("FilesBucket", "AWS::S3::Bucket"),
        ("ClicksStream", "AWS::Kinesis::Stream"),
        ("OrdersTable", "AWS::DynamoDB::Table"),
    ]
    (note,) = found.notes
    assert "does not name news, alerts, files, clicks, orders" in note
    assert "The table's key, id, is a guess" in note
    lines = json.loads(note[note.index("{") :])
    assert lines["Resources"]["FilesBucket"]["Properties"] == {"BucketName": "files"}


def test_what_the_template_names_is_not_made_again(tmp_path: Path) -> None:
    stream = {"StreamViewType": "KEYS_ONLY"}
    properties = {"TableName": "orders", "StreamSpecification": stream}
    table = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    template = {"Resources": {
        "News": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}},
        "Clicks": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "clicks"}},
        "Orders": table,
    }}  # fmt: skip
    found = described(tmp_path, template, made=listening())

    assert [r.logical_id for r in found.resources] == [
        "News", "Files", "Clicks", "Orders", "AlertsTopic",
    ]  # fmt: skip


def test_table_without_a_stream_is_refused_at_the_start(tmp_path: Path) -> None:
    """Its function would never be called; AWS has no stream of that ARN."""
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "orders"}}

    with pytest.raises(DeployRefusedError, match="table orders has no stream"):
        described(tmp_path, {"Resources": {"T": table}}, made=listening())


def merged(tmp_path: Path, function: str, **properties: Any) -> Project:
    """The listening app with properties merged into a function."""
    template = {"Resources": {function: {"Properties": properties}}}
    return described(tmp_path, template, made=listening())


def test_merged_template_sets_how_a_stream_is_read(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-kinesis.html"""
    settings = {
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": 60,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"n": [1]}}'}]},
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:1:q"}},
    }
    event = {"CountKinesisEventSource": {"Properties": settings}}
    clicks = merged(tmp_path, "Count", Events=event).stream_mappings[0]

    assert clicks.bisect_batch_on_function_error
    assert clicks.report_batch_item_failures
    assert (clicks.maximum_retry_attempts, clicks.maximum_record_age_seconds) == (3, 60)
    assert clicks.filter_patterns == ['{"data": {"n": [1]}}']
    assert clicks.on_failure == "arn:aws:sqs:us-east-1:1:q"


def test_template_may_write_false_as_a_text(tmp_path: Path) -> None:
    settings = {"BisectBatchOnFunctionError": "false", "Enabled": "false"}
    event = {"CountKinesisEventSource": {"Properties": settings}}
    clicks = merged(tmp_path, "Count", Events=event).stream_mappings[0]

    assert not clicks.bisect_batch_on_function_error
    assert not clicks.enabled


def test_merged_template_allows_a_function_to_feed_itself(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
    template = {"Resources": {"TakeOrder": {"Properties": {"RecursiveLoop": "Allow"}}}}
    functions = {f.name: f.recursive_loop for f in described(tmp_path, template).functions}

    assert functions["take_order"] == "Allow"
    assert functions["load"] == "Terminate"


def test_merged_template_sets_a_filter_policy(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sns.html"""
    event = {"HearSnsSubscription": {"Properties": {"FilterPolicy": {"kind": ["new"]}}}}
    topic = merged(tmp_path, "Hear", Events=event).subscriptions[0]

    assert isinstance(topic, TopicSubscription)
    assert json.loads(topic.settings) == {"FilterPolicy": {"kind": ["new"]}}


def test_merged_template_sets_what_becomes_of_asynchronous_events(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventinvokeconfiguration.html"""
    config = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    letters = {"Type": "SQS", "TargetArn": "arn:aws:sqs:us-east-1:1:q"}
    found = merged(tmp_path, "Hear", EventInvokeConfig=config, DeadLetterQueue=letters)

    assert found.asynchronous == {
        "hear": AsynchronousSettings(
            maximum_retry_attempts=0, maximum_event_age_seconds=60, dead_letter=letters["TargetArn"]
        )
    }


@pytest.mark.parametrize(
    ("function", "properties"),
    [
        ("Count", {"Events": {"CountKinesisEventSource": {"Properties": {"BatchSize": 0}}}}),
        ("Count", {"Events": {"CountKinesisEventSource": {"Properties": {"BatchSize": "x"}}}}),
        ("Count", {"Events": {"CountKinesisEventSource": {"Properties": {
            "FilterCriteria": {"Filters": [{"Pattern": "no JSON"}]}}}}}),
        ("Count", {"Events": {"CountKinesisEventSource": {"Properties": {
            "FilterCriteria": {"Filters": [{"Pattern": '{"data": [1]}'}] * 6}}}}}),
        ("Hear", {"RecursiveLoop": "Never"}),
        ("Hear", {"EventInvokeConfig": {"MaximumRetryAttempts": 9}}),
        ("Hear", {"EventInvokeConfig": {"MaximumEventAgeInSeconds": 59}}),
        ("Hear", {"EventInvokeConfig": "x"}),
    ],
)  # fmt: skip
def test_setting_that_aws_would_refuse_is_refused_at_the_start(
    tmp_path: Path, function: str, properties: dict[str, Any]
) -> None:
    with pytest.raises(DeployRefusedError, match="AWS would refuse to deploy this"):
        merged(tmp_path, function, **properties)


def test_stream_arn_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    made = Chalice(app_name="shop")
    made.on_dynamodb_record(stream_arn="orders", name="audit")(print)

    with pytest.raises(DeployRefusedError, match="stream_arn is like"):
        described(tmp_path, made=made)
