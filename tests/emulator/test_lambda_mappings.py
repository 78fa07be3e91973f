"""Event source mappings that are made, changed and deleted through Lambda's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import bench, read, refused, zipped

from emulator.mapping.sqs import QueueMappingSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_bench import LambdaBench

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:work"
UUID = "b25cba6d-a4ea-4ac5-bb7a-1d2cf1bbc4e5"
INVALID = "InvalidParameterValueException"


class Calls:
    """A function that keeps the bodies of the messages it is called with, call by call."""

    def __init__(self) -> None:
        self.bodies: list[list[str]] = []

    def __call__(self, event: Any, _context: Any) -> None:
        self.bodies.append([record["body"] for record in event["Records"]])


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def cloud(calls: Calls) -> Iterator[LambdaBench]:
    """A function of the project with a timeout of 30 s, and a queue that no mapping reads yet."""
    with bench(work=calls) as made:
        made.declare(made.spec("work", timeout_seconds=30))
        made.queue("work")
        yield made


def connect(cloud: LambdaBench, **parameters: Any) -> Any:
    settings = {"FunctionName": "shop-dev-work", "EventSourceArn": QUEUE, **parameters}
    return cloud.aws.create_event_source_mapping(**settings)


def state(cloud: LambdaBench, mapping: Any) -> str:
    return str(cloud.aws.get_event_source_mapping(UUID=mapping["UUID"])["State"])


def update(cloud: LambdaBench, mapping: Any, **parameters: Any) -> Any:
    return cloud.aws.update_event_source_mapping(UUID=mapping["UUID"], **parameters)


def test_new_mapping_is_creating_then_enabled(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    made = connect(cloud)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (made["State"], made["StateTransitionReason"]) == ("Creating", "USER_INITIATED")
    assert state(cloud, made) == "Enabled"


def test_mapping_shows_its_defaults_and_no_setting_that_was_not_given(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    made = connect(cloud)
    shown = cloud.aws.get_event_source_mapping(UUID=made["UUID"])
    del shown["ResponseMetadata"]
    changed_at = shown.pop("LastModified")
    assert changed_at.timestamp() == cloud.clock.now_ms() / 1000
    assert shown == {
        "UUID": made["UUID"],
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": QUEUE,
        "EventSourceMappingArn": "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:"
        + made["UUID"],
        "FunctionArn": FUNCTION,
        "FunctionResponseTypes": [],
        "State": "Enabled",
        "StateTransitionReason": "USER_INITIATED",
    }


def test_mapping_shows_filters_and_scaling_that_were_given(cloud: LambdaBench) -> None:
    filters = {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}
    made = connect(cloud, FilterCriteria=filters, ScalingConfig={"MaximumConcurrency": 3})
    assert made["FilterCriteria"] == filters
    assert made["ScalingConfig"] == {"MaximumConcurrency": 3}
    changed = update(cloud, made, FilterCriteria={}, ScalingConfig={})
    assert not {"FilterCriteria", "ScalingConfig"} & changed.keys()


def test_messages_sent_before_the_mapping_are_delivered_by_it(
    cloud: LambdaBench, calls: Calls
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    cloud.send("early")
    cloud.emulator.advance(1)
    assert calls.bodies == []
    connect(cloud)
    cloud.emulator.advance(1)
    assert calls.bodies == [["early"]]
    assert cloud.counts().visible == cloud.counts().in_flight == 0


def test_nothing_runs_while_a_message_is_sent(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    connect(cloud)
    cloud.send("hello")
    assert calls.bodies == []


def test_disabled_mapping_delivers_nothing_until_it_is_enabled(
    cloud: LambdaBench, calls: Calls
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    made = connect(cloud, Enabled=False)
    assert state(cloud, made) == "Disabled"
    cloud.send("hello")
    cloud.emulator.advance(100)
    assert calls.bodies == []
    assert update(cloud, made, Enabled=True)["State"] == "Enabling"
    assert state(cloud, made) == "Enabled"
    cloud.emulator.advance(1)
    assert calls.bodies == [["hello"]]
    assert update(cloud, made, Enabled=False)["State"] == "Disabling"
    cloud.send("again")
    cloud.emulator.advance(100)
    assert calls.bodies == [["hello"]]


def test_changed_mapping_is_updating_then_enabled(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    made = connect(cloud)
    changed = update(cloud, made, BatchSize=1)
    assert (changed["State"], changed["BatchSize"]) == ("Updating", 1)
    assert state(cloud, made) == "Enabled"
    cloud.send("a")
    cloud.send("b")
    cloud.emulator.advance(1)
    assert calls.bodies == [["a"], ["b"]]


def test_mapping_may_be_pointed_to_another_function(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    made = connect(cloud)
    cloud.create("other", "def handler(event, context): raise ValueError('other')")
    changed = update(cloud, made, FunctionName="other")
    assert changed["FunctionArn"].endswith(":function:other")
    assert changed["State"] == "Updating"
    cloud.send("hello")
    cloud.emulator.advance(1)
    assert calls.bodies == []
    (entry,) = cloud.emulator.journal.entries(subject="other", action="result")
    assert entry.data["error"] == "ValueError"


def test_deleted_mapping_is_deleting_then_gone(cloud: LambdaBench, calls: Calls) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html"""
    made = connect(cloud)
    gone = cloud.aws.delete_event_source_mapping(UUID=made["UUID"])
    assert (gone["ResponseMetadata"]["HTTPStatusCode"], gone["State"]) == (202, "Deleting")
    cloud.send("hello")
    cloud.emulator.advance(100)
    assert calls.bodies == []
    assert cloud.aws.list_event_source_mappings()["EventSourceMappings"] == []


def test_second_mapping_of_the_same_queue_and_function_is_a_conflict(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    made = connect(cloud)
    with refused() as refusal:
        connect(cloud, BatchSize=5)
    assert (refusal.status, refusal.code) == (409, "ResourceConflictException")
    assert refusal.text == (
        f'An event source mapping with SQS arn (" {QUEUE} ") and function (" shop-dev-work ") '
        f"already exists. Please update or delete the existing mapping with UUID {made['UUID']}"
    )


def test_two_functions_may_share_a_queue(cloud: LambdaBench, calls: Calls) -> None:
    connect(cloud)
    cloud.create("other")
    connect(cloud, FunctionName="other")
    for body in "abcd":
        cloud.send(body)
        cloud.emulator.advance(1)
    others = cloud.emulator.journal.entries(subject="other", action="invoke")
    assert len(others) + len(calls.bodies) == 4


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("shop-dev-work", FUNCTION),
        ("123456789012:function:shop-dev-work", FUNCTION),
        (FUNCTION, FUNCTION),
        ("shop-dev-work:$LATEST", FUNCTION + ":$LATEST"),
        (FUNCTION + ":$LATEST", FUNCTION + ":$LATEST"),
    ],
)
def test_mapping_takes_every_form_of_a_name_and_shows_the_qualifier(
    cloud: LambdaBench, name: str, shown: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    assert connect(cloud, FunctionName=name)["FunctionArn"] == shown


def test_mapping_to_a_version_goes_on_calling_it(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"""
    failing = "def handler(event, context): raise {}('no')"
    cloud.create("made", failing.format("KeyError"), Publish=True)
    cloud.aws.create_alias(FunctionName="made", Name="live", FunctionVersion="1")
    cloud.queue("other")
    for name, queue in (("made:1", "work"), ("made:live", "other")):
        source = QUEUE.replace("work", queue)
        made = connect(cloud, FunctionName=name, EventSourceArn=source)
        assert made["FunctionArn"].endswith(name)
    package = zipped({"app.py": failing.format("IndexError")})
    cloud.aws.update_function_code(FunctionName="made", ZipFile=package)
    for queue in ("work", "other"):
        cloud.send("hello", queue)
    cloud.emulator.advance(1)
    results = cloud.emulator.journal.entries(subject="made", action="result")
    assert [entry.data["error"] for entry in results] == ["KeyError", "KeyError"]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"EventSourceArn": QUEUE + "-none"},
        INVALID,
        "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does "
        "not exist.",
    ),
    ({"FunctionName": "none"}, INVALID, "Function does not exist"),
    ({"FunctionName": "shop-dev-work:7"}, INVALID, "Function does not exist"),
    ({"EventSourceArn": "arn:aws:mq:us-east-1:123456789012:x:y"}, INVALID,
     "Unrecognized event source."),
    ({"EventSourceArn": "work"}, INVALID, "Unrecognized event source."),
    (
        {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
        INVALID,
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    ),
    (
        {"BatchSize": 11},
        INVALID,
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
        "greater than 10",
    ),
    (
        {"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1},
        "ValidationException",
        "1 validation error detected: Value '10001' at 'batchSize' failed to satisfy "
        "constraint: Member must have value less than or equal to 10000",
    ),
    (
        {"MaximumBatchingWindowInSeconds": 301},
        "ValidationException",
        "1 validation error detected: Value '301' at 'maximumBatchingWindowInSeconds' failed to "
        "satisfy constraint: Member must have value less than or equal to 300",
    ),
    (
        {"ScalingConfig": {"MaximumConcurrency": 1001}},
        "ValidationException",
        "1 validation error detected: Value '1001' at 'scalingConfig.maximumConcurrency' failed "
        "to satisfy constraint: Member must have value less than or equal to 1000",
    ),
    *(
        (
            {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}},
            INVALID,
            "Invalid filter pattern definition.",
        )
        for pattern in ("null", "word", '{"body": 1}', '{"body": []}')
    ),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "code", "text"), REFUSED, ids=lambda value: None)
def test_what_lambda_refuses_of_a_mapping(
    cloud: LambdaBench, parameters: dict[str, Any], code: str, text: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    with refused() as refusal:
        connect(cloud, **parameters)
    assert (refusal.status, refusal.code, refusal.text) == (400, code, text)
    assert cloud.aws.list_event_source_mappings()["EventSourceMappings"] == []


def test_mapping_without_a_source_is_refused(cloud: LambdaBench) -> None:
    with refused() as refusal:
        cloud.aws.create_event_source_mapping(FunctionName="shop-dev-work")
    assert (refusal.code, refusal.text) == (INVALID, "Unrecognized event source.")


def test_sixth_filter_is_refused(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
    filters = [{"Pattern": f'{{"body": {{"a": [{number}]}}}}'} for number in range(6)]
    connect(cloud, FilterCriteria={"Filters": filters[:5]}, Enabled=False)
    with refused() as refusal:
        connect(cloud, FunctionName=FUNCTION + ":$LATEST", FilterCriteria={"Filters": filters})
    assert refusal.code == INVALID


def test_visibility_timeout_below_the_functions_is_refused_when_made_and_when_changed(
    cloud: LambdaBench,
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    connect(cloud)
    cloud.create("slow", Timeout=31)
    text = "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"
    with refused() as refusal:
        connect(cloud, FunctionName="slow")
    assert (refusal.status, refusal.code, refusal.text) == (400, INVALID, text)
    (mapping,) = cloud.aws.list_event_source_mappings()["EventSourceMappings"]
    with refused() as refusal:
        update(cloud, mapping, FunctionName="slow")
    assert refusal.text == text
    assert cloud.aws.get_event_source_mapping(UUID=mapping["UUID"])["FunctionArn"] == FUNCTION


def test_queues_visibility_timeout_may_be_lowered_afterwards(cloud: LambdaBench) -> None:
    made = connect(cloud)
    url = cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"]
    cloud.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    assert state(cloud, made) == "Enabled"


@pytest.mark.parametrize("parameters", [{"BatchSize": 11}, {"MaximumBatchingWindowInSeconds": 1}])
def test_fifo_queue_takes_ten_messages_and_no_window(
    cloud: LambdaBench, parameters: dict[str, Any]
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"""
    source = cloud.queue("work.fifo", FifoQueue="true")
    with refused() as refusal:
        connect(cloud, EventSourceArn=source, **parameters)
    assert refusal.code == INVALID


def test_change_that_lambda_refuses_changes_nothing(cloud: LambdaBench) -> None:
    made = connect(cloud)
    with refused() as refusal:
        update(cloud, made, BatchSize=20)
    assert refusal.text.startswith("Maximum batch window in seconds must be greater than 0")
    shown = cloud.aws.get_event_source_mapping(UUID=made["UUID"])
    assert (shown["BatchSize"], shown["State"]) == (10, "Enabled")


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
def test_unknown_mapping_is_not_found(cloud: LambdaBench, operation: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    with refused() as refusal:
        getattr(cloud.aws, f"{operation}_event_source_mapping")(UUID=UUID)
    assert (refusal.status, refusal.code, refusal.text) == (
        404,
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )


def test_mappings_are_listed_by_source_and_function_and_unknown_ones_list_nothing(
    cloud: LambdaBench,
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html"""
    made = connect(cloud)

    def listed(**filters: str) -> list[str]:
        answer = cloud.aws.list_event_source_mappings(**filters)
        return [mapping["UUID"] for mapping in answer["EventSourceMappings"]]

    assert listed() == listed(EventSourceArn=QUEUE) == [made["UUID"]]
    assert listed(FunctionName="shop-dev-work") == listed(FunctionName=FUNCTION) == [made["UUID"]]
    assert listed(EventSourceArn=QUEUE + "-none") == listed(FunctionName="none") == []


def test_mapping_outlives_its_function_and_takes_it_up_again(
    cloud: LambdaBench, calls: Calls
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html"""
    cloud.create("made")
    made = connect(cloud, FunctionName="made")
    cloud.aws.delete_function(FunctionName="made")
    assert state(cloud, made) == "Enabled"
    cloud.send("hello")
    cloud.emulator.advance(1)
    assert cloud.counts().in_flight == 1
    (entry,) = cloud.emulator.journal.entries(action="result")
    assert entry.data["error"] == "ResourceNotFoundException"
    cloud.create("made")
    cloud.emulator.advance(30)
    assert cloud.counts().visible == cloud.counts().in_flight == 0


def test_mapping_outlives_its_queue(cloud: LambdaBench) -> None:
    made = connect(cloud)
    url = cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"]
    cloud.sqs.delete_queue(QueueUrl=url)
    cloud.aws.update_function_configuration(FunctionName="shop-dev-work", Timeout=9)
    assert state(cloud, made) == "Enabled"
    cloud.aws.delete_event_source_mapping(UUID=made["UUID"])


@pytest.mark.parametrize("meanwhile", [{}, {"Timeout": 9}])
def test_mapping_reads_a_queue_that_is_made_again(
    cloud: LambdaBench, calls: Calls, meanwhile: Any
) -> None:
    connect(cloud)
    cloud.sqs.delete_queue(QueueUrl=cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"])
    if meanwhile:
        cloud.aws.update_function_configuration(FunctionName="shop-dev-work", **meanwhile)
    cloud.queue("work")
    cloud.send("again")
    cloud.emulator.advance(1)
    assert calls.bodies == [["again"]]


def test_disabled_mapping_does_not_read_a_queue_that_is_made_again(
    cloud: LambdaBench, calls: Calls
) -> None:
    connect(cloud, Enabled=False)
    cloud.sqs.delete_queue(QueueUrl=cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"])
    cloud.queue("work")
    cloud.send("again")
    cloud.emulator.advance(1)
    assert calls.bodies == []


def test_partial_batch_response_counts_once_the_mapping_declares_it(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""
    source = """
def handler(event, context):
    return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
"""
    cloud.create("made", source)
    made = connect(cloud, FunctionName="made")
    cloud.send("deleted")
    cloud.emulator.advance(1)
    assert cloud.counts().in_flight == 0
    shown = update(cloud, made, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert shown["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    cloud.send("kept")
    cloud.emulator.advance(1)
    assert cloud.counts().in_flight == 1


def declare_mapping(cloud: LambdaBench, **settings: Any) -> list[str]:
    mapping = QueueMappingSpec(uuid=UUID, queue_name="work", function="work", **settings)
    return cloud.declare(cloud.spec("work", timeout_seconds=30), mappings=[mapping])


def test_mapping_of_the_project_is_shown_and_changed_through_the_api(
    cloud: LambdaBench, calls: Calls
) -> None:
    declare_mapping(cloud, batch_size=5)
    (mapping,) = cloud.aws.list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["FunctionArn"], mapping["BatchSize"]) == (FUNCTION, 5)
    update(cloud, mapping, Enabled=False)
    cloud.send("hello")
    cloud.emulator.advance(1)
    assert calls.bodies == []


def test_reload_keeps_what_was_changed_until_the_declaration_changes(cloud: LambdaBench) -> None:
    declare_mapping(cloud)
    (mapping,) = cloud.aws.list_event_source_mappings()["EventSourceMappings"]
    update(cloud, mapping, Enabled=False)
    cloud.create("made")
    other = connect(cloud, FunctionName="made")
    declare_mapping(cloud)
    assert state(cloud, mapping) == "Disabled"
    declare_mapping(cloud, batch_size=3)
    assert (state(cloud, mapping), state(cloud, other)) == ("Enabled", "Enabled")
    cloud.declare(cloud.spec("work"))
    (left,) = cloud.aws.list_event_source_mappings()["EventSourceMappings"]
    assert left["UUID"] == other["UUID"]


def test_reload_tells_what_lambda_refuses_and_leaves_the_mapping_as_it_was(
    cloud: LambdaBench,
) -> None:
    declare_mapping(cloud)
    url = cloud.sqs.get_queue_url(QueueName="work")["QueueUrl"]
    cloud.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    (note,) = declare_mapping(cloud, batch_size=3)
    assert "Queue visibility timeout: 5 seconds is less than Function timeout: 30" in note
    (mapping,) = cloud.aws.list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["State"]) == (10, "Enabled")


def test_batch_in_flight_finishes_when_its_mapping_is_disabled(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    made: Any = None

    def disable(_event: Any, _context: Any) -> None:
        update(cloud, made, Enabled=False)

    cloud.handlers["work"] = disable
    made = connect(cloud)
    cloud.send("hello")
    cloud.emulator.advance(1)
    assert cloud.counts().visible == cloud.counts().in_flight == 0
    cloud.send("later")
    cloud.emulator.advance(1)
    assert cloud.counts().visible == 1


def test_invocation_beside_a_mapping_uses_up_the_same_concurrency(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    statuses: list[int] = []

    def invoke_itself(_event: Any, _context: Any) -> None:
        with refused() as refusal:
            cloud.invoke()
        statuses.append(refusal.status)

    cloud.handlers["work"] = invoke_itself
    cloud.aws.put_function_concurrency(FunctionName="shop-dev-work", ReservedConcurrentExecutions=1)
    connect(cloud)
    cloud.send("hello")
    cloud.emulator.advance(1)
    assert statuses == [429]


def test_throttled_mapping_goes_on_when_the_reservation_is_raised(
    cloud: LambdaBench, calls: Calls
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""
    cloud.aws.put_function_concurrency(FunctionName="shop-dev-work", ReservedConcurrentExecutions=0)
    connect(cloud)
    cloud.send("hello")
    cloud.emulator.advance(5)
    assert calls.bodies == []
    cloud.aws.delete_function_concurrency(FunctionName="shop-dev-work")
    cloud.emulator.run_until_idle(60)
    assert calls.bodies == [["hello"]]


def test_invoked_function_is_the_one_that_the_mapping_calls(
    cloud: LambdaBench, calls: Calls
) -> None:
    connect(cloud)
    cloud.invoke(payload=b'{"Records": [{"body": "by hand"}]}')
    cloud.send("by queue")
    cloud.emulator.advance(1)
    assert calls.bodies == [["by hand"], ["by queue"]]
    assert read(cloud.invoke(payload=b'{"Records": []}')) is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"MaximumRetryAttempts": 0}, {"MaximumRecordAgeInSeconds": 60},
        {"BisectBatchOnFunctionError": True}, {"ParallelizationFactor": 2},
        {"TumblingWindowInSeconds": 9},
    ],
)  # fmt: skip
def test_queue_takes_no_setting_of_streams(cloud: LambdaBench, parameters: dict[str, Any]) -> None:
    """Made or changed (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html)."""
    (name,) = parameters
    text = f"Unsupported {name} parameter for given event source mapping type."
    with refused() as refusal:
        connect(cloud, **parameters)
    assert (refusal.status, refusal.code, refusal.text) == (400, INVALID, text)
    made = connect(cloud, BisectBatchOnFunctionError=False, DestinationConfig={"OnFailure": {}})
    with refused() as refusal:
        update(cloud, made, **parameters)
    assert refusal.text == text


def test_queue_has_no_starting_position(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    with refused() as refusal:
        connect(cloud, StartingPosition="LATEST")
    assert refusal.text == "StartingPosition is not valid for SQS event sources."


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            {"FunctionResponseTypes": ["Report"]},
            "Value '[Report]' at 'functionResponseTypes' failed to satisfy constraint: Member must "
            "satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]",
        ),
        (
            {"StartingPosition": "FIRST"},
            "Value 'FIRST' at 'startingPosition' failed to satisfy constraint: Member must satisfy "
            "enum value set: [TRIM_HORIZON, LATEST, AT_TIMESTAMP]",
        ),
    ],
)
def test_word_that_a_parameter_does_not_have_is_refused(
    cloud: LambdaBench, parameters: dict[str, Any], text: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    with refused() as refusal:
        connect(cloud, **parameters)
    assert (refusal.status, refusal.code) == (400, "ValidationException")
    assert refusal.text == f"1 validation error detected: {text}"


def test_provisioned_pollers_are_kept_and_said_to_have_no_effect(cloud: LambdaBench) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
    pollers = {"MinimumPollers": 2, "MaximumPollers": 5}
    made = connect(cloud, ProvisionedPollerConfig=pollers, MetricsConfig={"Metrics": []})
    shown = cloud.aws.get_event_source_mapping(UUID=made["UUID"])
    assert shown["ProvisionedPollerConfig"] == pollers
    (warning,) = cloud.emulator.journal.entries(action="warning")
    assert "MetricsConfig, ProvisionedPollerConfig of its mapping" in warning.data["text"]
    with refused() as refusal:
        update(cloud, made, ScalingConfig={"MaximumConcurrency": 2})
    assert refusal.code == INVALID
    with refused() as refusal:
        update(cloud, made, ProvisionedPollerConfig={"MinimumPollers": 201})
    assert refusal.text.endswith("Member must have value less than or equal to 200")


def test_dead_letter_queue_and_retries_of_the_function_are_none_of_a_mapping(
    cloud: LambdaBench,
) -> None:
    """For asynchronous events (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html)."""
    failures = cloud.queue("failures")
    source = "def handler(event, context): raise ValueError('no')"
    cloud.create("made", source, DeadLetterConfig={"TargetArn": failures})
    cloud.aws.put_function_event_invoke_config(
        FunctionName="made", MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )  # fmt: skip
    connect(cloud, FunctionName="made")
    cloud.send("poison")
    cloud.emulator.advance(95)
    assert len(cloud.emulator.journal.entries(subject="made", action="result")) == 4
    assert cloud.counts("failures").visible == 0
