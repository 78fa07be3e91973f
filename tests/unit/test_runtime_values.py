"""What a function is told and what is said about it: variables, log lines, errors, traces."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from emulator.clock import VirtualClock
from emulator.invocation import FunctionSpec, Invocation, LogSettings, Usage
from emulator.journal import Journal
from emulator.runtime import failures, log_lines, trace_header
from emulator.runtime.concurrency import CONCURRENCY_MAX, Concurrency
from emulator.runtime.environment_log import EnvironmentLog
from emulator.runtime.environment_variables import environment_variables
from emulator.runtime.lambda_context import LambdaContext

SPEC = FunctionSpec(
    name="work", function_name="shop-dev-work", handler="app.work", environment={"COLOUR": "blue"}
)


def variables(spec: FunctionSpec = SPEC, **inherited: str) -> dict[str, str]:
    return environment_variables(
        spec,
        Path("/project"),
        log_stream_name="stream",
        inherited=inherited,
        pinned={"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
    )


def test_function_sees_the_variables_lambda_defines() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    seen = variables()
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "shop-dev-work"
    assert seen["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert seen["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/shop-dev-work"
    assert seen["AWS_LAMBDA_LOG_STREAM_NAME"] == "stream"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "us-east-1"
    assert seen["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert seen["AWS_EXECUTION_ENV"].startswith("AWS_Lambda_python3.")
    assert seen["_HANDLER"] == "app.work"
    assert seen["LAMBDA_TASK_ROOT"] == "/project"
    assert (seen["TZ"], seen["LANG"]) == (":UTC", "en_US.UTF-8")
    assert seen["AWS_SESSION_TOKEN"], "a role's credentials have one"


def test_function_sees_its_configured_variables() -> None:
    assert variables()["COLOUR"] == "blue"


def test_function_inherits_nothing_of_the_developers_aws_or_chalice_settings() -> None:
    seen = variables(
        PATH="/bin", AWS_PROFILE="work", AWS_CHALICE_CLI_MODE="true", CHALICE_WORKER="true"
    )
    assert seen["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_CHALICE_CLI_MODE", "CHALICE_WORKER"} & seen.keys()


def test_configured_variables_do_not_lead_to_the_real_aws() -> None:
    spec = FunctionSpec(
        name="w", function_name="w", handler="app.w", environment={"AWS_ENDPOINT_URL": "https://a"}
    )
    assert variables(spec)["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


def test_report_line_has_tab_separated_figures() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    usage = Usage(duration_ms=12, memory_mb=128, memory_used_mb=40)
    assert log_lines.report("id", usage) == (
        "REPORT RequestId: id\tDuration: 12.00 ms\tBilled Duration: 12 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t"
    )


def test_report_line_of_a_cold_start_has_the_init_duration_and_bills_it() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    usage = Usage(duration_ms=12, memory_mb=128, memory_used_mb=40, init_ms=100)
    line = log_lines.report("id", usage)
    assert "\tBilled Duration: 112 ms\t" in line
    assert line.endswith("\tInit Duration: 100.00 ms\t")


@pytest.mark.parametrize(
    ("level", "error", "kinds"),
    [
        ("INFO", None, ["start", "report"]), ("WARN", None, []),
        ("WARN", "ValueError", ["report"]), ("DEBUG", None, ["start", "report"]),
    ],
)  # fmt: skip
def test_lambdas_own_json_records_have_levels(
    level: str, error: str | None, kinds: list[str]
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    clock = VirtualClock()
    journal = Journal(clock)
    spec = msgspec.structs.replace(SPEC, logs=LogSettings(is_json=True, system_level=level))
    log = EnvironmentLog(spec, journal, now_ms=clock.now_ms())
    log.start(clock.now_ms(), "id")
    usage = Usage(duration_ms=1, memory_mb=128, memory_used_mb=1)
    log.end(clock.now_ms(), "id", usage, error=error)
    told = [msgspec.json.decode(entry.data["text"]) for entry in journal.entries(action="log")]
    assert [record["type"] for record in told] == [f"platform.{kind}" for kind in kinds]
    assert all(record["time"] == "2026-01-01T00:00:00.000Z" for record in told)
    if error:
        assert (told[0]["record"]["status"], told[0]["record"]["errorType"]) == ("error", error)


def test_log_stream_is_named_by_day_version_and_environment() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html"""
    name = log_lines.log_stream_name(VirtualClock.START_MS)
    assert name.startswith("2026/01/01/[$LATEST]")
    assert name != log_lines.log_stream_name(VirtualClock.START_MS)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0, "without providing a reason"),
        (9, "with error: exit status 9"),
        (-9, "with error: signal: killed"),
        (-11, "with error: signal: segmentation fault"),
    ],
)
def test_exit_is_reported_with_its_reason(status: int, reason: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    outcome = failures.exited("id", status)
    assert outcome.error == "Runtime.ExitError"
    assert outcome.value()["errorMessage"] == f"RequestId: id Error: Runtime exited {reason}"


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"errorMessage":"no type"}'])
def test_error_without_a_type_is_unhandled(body: bytes) -> None:
    assert failures.reported(body).error == "Unhandled"


def test_trace_of_the_caller_goes_on_and_counts_the_call() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
    first = trace_header.continued("Root=1-5e-1;Sampled=0", "arn:a", 0)
    second = trace_header.continued(trace_header.continued(first, "arn:b", 0), "arn:a", 0)
    assert second.startswith("Root=1-5e-1;Sampled=0;Lineage=")
    assert [trace_header.call_count(second, arn) for arn in ("arn:a", "arn:b", "arn:c")] == [
        2,
        1,
        0,
    ]


def test_lineage_does_not_grow_without_end() -> None:
    header = None
    for number in range(100):
        header = trace_header.continued(header, "arn:loop", 0)
        header = trace_header.continued(header, f"arn:{number}", 0)
    assert trace_header.call_count(header, "arn:loop") == 100
    assert len(header or "") < 512


@pytest.mark.parametrize("given", [None, "", "Root=1\r\nHost: elsewhere", "Root=\N{SNOWMAN}"])
def test_trace_header_that_cannot_travel_is_replaced(given: str | None) -> None:
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html"""
    header = trace_header.continued(given, "arn:a", 1_500_000_000_000)
    assert header.startswith("Root=1-59682f00-")


@pytest.mark.parametrize("given", [None, "", "Lineage=", "Lineage=x", "Root=1;Lineage=0:9999999"])
def test_header_without_a_lineage_counts_no_call(given: str | None) -> None:
    assert trace_header.call_count(given, "arn:a") == 0


def test_reserved_concurrency_is_the_number_of_slots() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    spec = FunctionSpec(name="w", function_name="w", handler="app.w", reserved_concurrency=1)
    slots = Concurrency(spec)
    assert slots.try_acquire()
    assert not slots.try_acquire()
    slots.release()
    assert slots.try_acquire()


def test_function_without_reserved_concurrency_has_the_default_number_of_slots() -> None:
    slots = Concurrency(SPEC)
    assert [slots.try_acquire() for _ in range(CONCURRENCY_MAX + 1)].count(True) == CONCURRENCY_MAX


def test_context_has_the_attributes_of_lambda_and_memory_as_text() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
    invocation = Invocation(request_id="id", payload=b"", deadline_ms=0, invoked_arn=SPEC.arn)
    context = LambdaContext(SPEC, invocation, VirtualClock(), log_stream_name="stream")
    assert context.aws_request_id == "id"
    assert context.function_name == "shop-dev-work"
    assert context.function_version == "$LATEST"
    assert context.invoked_function_arn == SPEC.arn
    assert context.memory_limit_in_mb == "128"
    assert context.log_group_name == "/aws/lambda/shop-dev-work"
    assert context.log_stream_name == "stream"
    assert context.identity.cognito_identity_id is None


def test_remaining_time_counts_down_to_zero_and_not_below() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
    clock = VirtualClock()
    invocation = Invocation(
        request_id="id", payload=b"", deadline_ms=clock.now_ms() + 3000, invoked_arn=SPEC.arn
    )
    context = LambdaContext(SPEC, invocation, clock, log_stream_name="stream")
    clock.advance(1)
    assert context.get_remaining_time_in_millis() == 2000
    clock.advance(10)
    assert context.get_remaining_time_in_millis() == 0
