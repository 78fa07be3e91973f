"""Every number and name of the template agrees with the code that relies on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib import limits
from chalicelib.aws import Clients
from chalicelib.callbacks import delivery
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from stage_package import Packaged

    from emulator.emulator import Emulator
    from emulator.test_client import Client

DAY_SECONDS = 86_400
#: AWS's advice. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
TIMEOUTS_IN_VISIBILITY = 6
#: Throttles use up receives, too: five or more, says the same page.
RECEIVES_FOR_NOTHING = 5
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html
RETENTION_SECONDS_DEFAULT = 4 * DAY_SECONDS


def queues(packaged: Packaged) -> dict[str, dict[str, Any]]:
    """By physical name."""
    return {q["QueueName"]: q for q in packaged.of_type("AWS::SQS::Queue").values()}


def mapped(packaged: Packaged) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each function that a queue triggers, with the queue."""
    return [
        (function, queues(packaged)[event["Properties"]["Queue"]["Fn::Sub"].rpartition(":")[2]])
        for function in packaged.functions.values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]


def seconds(rate: str) -> int:
    """Of an expression such as ``rate(5 minutes)``."""
    count, unit = rate.removeprefix("rate(").removesuffix(")").split()
    return int(count) * {"minute": 60, "hour": 3_600, "day": DAY_SECONDS}[unit.removesuffix("s")]


def test_a_message_stays_hidden_for_six_timeouts(packaged: Packaged) -> None:
    """.../lambda/latest/dg/services-sqs-configure.html."""
    pairs = mapped(packaged)
    assert len(pairs) == 3
    for function, queue in pairs:
        assert queue["VisibilityTimeout"] >= TIMEOUTS_IN_VISIBILITY * function["Timeout"]


def test_dead_letters_are_kept_longer_than_messages(packaged: Packaged) -> None:
    """A dead letter keeps the age of its message.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    resources = packaged.of_type("AWS::SQS::Queue")
    redriving = [queue for queue in resources.values() if "RedrivePolicy" in queue]
    assert len(redriving) == 2
    for queue in redriving:
        target = resources[queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        assert target["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


def test_a_job_uses_up_its_attempts_before_its_message_is_given_up(packaged: Packaged) -> None:
    count = queues(packaged)["accepted-jobs"]["RedrivePolicy"]["maxReceiveCount"]
    assert count == limits.RECEIVES_MAX == limits.ATTEMPTS_MAX + RECEIVES_FOR_NOTHING


def test_a_callback_is_received_more_often_than_it_is_tried(packaged: Packaged) -> None:
    queue = queues(packaged)["accepted-callbacks"]
    tries = len(delivery.SCHEDULE_SECONDS)
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= tries + RECEIVES_FOR_NOTHING
    waits = sum(delivery.SCHEDULE_SECONDS) * (1 + delivery.JITTER)
    assert queue["MessageRetentionPeriod"] > waits


def test_a_message_outlives_the_longest_deadline(packaged: Packaged) -> None:
    kept = queues(packaged)["accepted-jobs"]["MessageRetentionPeriod"]
    assert kept > limits.DEADLINE_SECONDS_MAX + limits.DELAY_SECONDS_MAX > RETENTION_SECONDS_DEFAULT


def test_a_result_in_the_bucket_outlives_its_job(packaged: Packaged) -> None:
    """S3 rounds up to the next midnight.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    (bucket,) = packaged.of_type("AWS::S3::Bucket").values()
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] * DAY_SECONDS >= limits.RETENTION_SECONDS + DAY_SECONDS
    assert rule["Prefix"] == "results/"


def test_waits_and_leases_fit_into_the_functions_timeouts(packaged: Packaged) -> None:
    """API Gateway gives up after 29 s.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    """
    api = packaged.functions["APIHandler"]
    longest = int(api["Environment"]["Variables"]["WAIT_SECONDS_MAX"])
    assert longest <= limits.WAIT_SECONDS_MAX
    assert longest * 1000 + limits.ANSWER_MARGIN_MS < api["Timeout"] * 1000 <= 29_000
    worker = packaged.functions["ProcessJobs"]
    assert worker["Timeout"] * 1000 > limits.FINISH_MARGIN_MS + limits.LEASE_MARGIN_MS
    sender = packaged.functions["SendCallbacks"]
    assert sender["Timeout"] > limits.CALLBACK_SECONDS_MAX
    for function in packaged.functions.values():
        assert function["Timeout"] <= limits.CALLBACK_LATE_SECONDS
    (source,) = packaged.functions["Sweep"]["Events"].values()
    assert packaged.functions["Sweep"]["Timeout"] <= seconds(source["Properties"]["Schedule"])


def test_an_alarm_tells_waiting_from_waiting_on_purpose(packaged: Packaged) -> None:
    alarm = packaged.of_type("AWS::CloudWatch::Alarm")["OldestJobAlarm"]
    assert alarm["Threshold"] == limits.DELAY_SECONDS_MAX + limits.BACK_OFF_SECONDS_MAX


def test_variables_name_what_the_template_creates(packaged: Packaged) -> None:
    """And the service takes them."""
    (table,) = packaged.of_type("AWS::DynamoDB::Table").values()
    for function in packaged.functions.values():
        texts = {name: str(value) for name, value in function["Environment"]["Variables"].items()}
        secrets = {name: "k" * 32 for name in texts if "resolve:" in texts[name]}
        settings = Settings.from_environment({**texts, **secrets})
        assert settings.jobs_table == table["TableName"]
        named = {settings.jobs_queue, settings.dead_letter_queue, settings.callbacks_queue}
        assert named < set(queues(packaged))
    (bucket,) = packaged.of_type("AWS::S3::Bucket").values()
    for name in ("APIHandler", "ProcessJobs"):
        variables = packaged.functions[name]["Environment"]["Variables"]
        assert variables["RESULTS_BUCKET"] == bucket["BucketName"]


def test_dead_letter_queues_of_the_settings_are_those_of_the_template(packaged: Packaged) -> None:
    resources = packaged.of_type("AWS::SQS::Queue")
    target = queues(packaged)["accepted-jobs"]["RedrivePolicy"]["deadLetterTargetArn"]
    variables = packaged.functions["APIHandler"]["Environment"]["Variables"]
    dead_letters = resources[target["Fn::GetAtt"][0]]["QueueName"]
    assert dead_letters == variables["JOBS_DEAD_LETTER_QUEUE"]


def test_functions_that_report_failed_items_say_so(packaged: Packaged) -> None:
    for function in packaged.functions.values():
        reports = "ReportBatchItemFailures" in json.dumps(function.get("Events", {}))
        variables = function["Environment"]["Variables"]
        assert variables.get("REPORTS_BATCH_ITEM_FAILURES", "false") == str(reports).lower()


def test_every_item_has_what_the_table_forgets_by_and_its_keys(
    packaged: Packaged, client: Client, emulator: Emulator
) -> None:
    """Seconds since 1970, as a number: DynamoDB keeps an item with anything else for ever.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    (table,) = packaged.of_type("AWS::DynamoDB::Table").values()
    large = {"type": "echo", "input": "a" * 3_000, "retain_input": True}
    client.post("/jobs", json=large, headers={"Idempotency-Key": "one"})
    emulator.run_until_idle()
    items = Clients().dynamodb.scan(TableName=table["TableName"])["Items"]
    assert len(items) >= 3
    for item in items:
        assert item.keys() >= {key["AttributeName"] for key in table["KeySchema"]}
        expires = int(item[table["TimeToLiveSpecification"]["AttributeName"]]["N"])
        assert 0 < expires - emulator.clock.now_ms() / 1000 <= 2 * limits.RETENTION_SECONDS
