"""Functions that are made, changed and deleted through Lambda's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lambda_bench import ECHO, ROLE, bench, client, project, read, refused, spec, zipped

if TYPE_CHECKING:
    from lambda_bench import LambdaBench

ABOUT = """
import os
def handler(event, context):
    return {
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "left": context.get_remaining_time_in_millis(),
        "colour": os.environ["COLOUR"],
        "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
    }
"""
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def answers(value: Any) -> str:
    return f"def handler(event, context): return {value!r}"


def names(cloud: LambdaBench) -> list[str]:
    return [function["FunctionName"] for function in cloud.aws.list_functions()["Functions"]]


def test_function_from_a_zip_runs_with_its_own_settings() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    with bench() as cloud:
        cloud.create(
            "made", ABOUT, Timeout=7, MemorySize=256, Environment={"Variables": {"COLOUR": "red"}}
        )
        assert read(cloud.invoke("made")) == {
            "version": "$LATEST", "arn": ARN + "made", "memory": "256", "left": 7000,
            "colour": "red", "name": "made",
        }  # fmt: skip


def test_function_has_three_seconds_and_128_mb_unless_it_says_more() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    with bench() as cloud:
        made = cloud.create("made")
        assert (made["Timeout"], made["MemorySize"], made["Version"]) == (3, 128, "$LATEST")
        assert made["FunctionArn"] == ARN + "made"


def test_function_from_a_bucket() -> None:
    with bench() as cloud:
        s3 = client("s3")
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key="a.zip", Body=zipped({"app.py": answers("s3")}))
        cloud.create("made", Code={"S3Bucket": "code", "S3Key": "a.zip"})
        assert read(cloud.invoke("made")) == "s3"


def test_modules_of_two_functions_and_of_the_test_are_kept_apart() -> None:
    source = "import helper\ndef handler(event, context): return helper.NAME"
    with bench() as cloud:
        for name in ("one", "two"):
            package = zipped({"app.py": source, "helper.py": f"NAME = {name!r}"})
            cloud.create(name, Code={"ZipFile": package})
        assert [read(cloud.invoke(name)) for name in ("one", "two", "one")] == ["one", "two", "one"]


def test_globals_live_from_one_invocation_to_the_next() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    source = "calls = []\ndef handler(event, context): calls.append(1); return len(calls)"
    with bench() as cloud:
        cloud.create("made", source)
        assert [read(cloud.invoke("made")) for _ in range(3)] == [1, 2, 3]


def test_next_invocation_runs_the_updated_code() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html"""
    with bench() as cloud:
        before = cloud.create("made", answers("old"))
        cloud.invoke("made")
        after = cloud.aws.update_function_code(
            FunctionName="made", ZipFile=zipped({"app.py": answers("new")})
        )
        assert read(cloud.invoke("made")) == "new"
        assert after["CodeSha256"] != before["CodeSha256"]


def test_invocation_in_progress_ends_on_the_old_code_and_settings() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    source = """
import boto3, helper
def handler(event, context):
    aws = boto3.client("lambda", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    aws.update_function_code(FunctionName="made", ZipFile=bytes.fromhex(event["zip"]))
    aws.update_function_configuration(FunctionName="made", Timeout=9)
    return [helper.NAME, context.get_remaining_time_in_millis()]
"""
    with bench() as cloud:
        files = {"app.py": source, "helper.py": "NAME = 'old'"}
        cloud.create("made", Code={"ZipFile": zipped(files)}, Timeout=5)
        event = b'{"zip": "%s"}' % zipped({"app.py": answers("new")}).hex().encode()
        assert read(cloud.invoke("made", event)) == ["old", 5000]
        assert read(cloud.invoke("made")) == "new"


def test_dry_run_of_a_code_update_changes_nothing() -> None:
    with bench() as cloud:
        cloud.create("made", answers("old"))
        package = zipped({"app.py": answers("new")})
        cloud.aws.update_function_code(FunctionName="made", ZipFile=package, DryRun=True)
        assert read(cloud.invoke("made")) == "old"


def test_updated_configuration_holds_from_the_next_invocation_on() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html"""
    with bench() as cloud:
        cloud.create("made", ABOUT, Environment={"Variables": {"COLOUR": "red"}})
        cloud.aws.update_function_configuration(
            FunctionName="made", Timeout=9, Environment={"Variables": {"COLOUR": "blue"}}
        )
        seen = read(cloud.invoke("made"))
        assert (seen["left"], seen["colour"]) == (9000, "blue")


def test_version_is_a_frozen_copy_of_code_and_configuration() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"""
    with bench() as cloud:
        cloud.create("made", ABOUT, Environment={"Variables": {"COLOUR": "red"}})
        version = cloud.aws.publish_version(FunctionName="made", Description="first")
        assert (version["Version"], version["FunctionArn"]) == ("1", ARN + "made:1")
        cloud.aws.update_function_configuration(
            FunctionName="made", Environment={"Variables": {"COLOUR": "blue"}}
        )
        frozen = cloud.invoke("made", Qualifier="1")
        assert frozen["ExecutedVersion"] == "1"
        seen = read(frozen)
        assert (seen["version"], seen["arn"], seen["colour"]) == ("1", ARN + "made:1", "red")
        cloud.aws.update_function_code(FunctionName="made", ZipFile=zipped({"app.py": ECHO}))
        assert read(cloud.invoke("made:1"))["colour"] == "red"
        assert read(cloud.invoke("made")) == {}


def test_version_is_published_only_if_something_has_changed() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"""
    with bench() as cloud:
        cloud.create("made", Publish=True)

        def publish() -> str:
            return str(cloud.aws.publish_version(FunctionName="made")["Version"])

        assert [publish(), publish()] == ["1", "1"]
        cloud.aws.update_function_configuration(FunctionName="made", Timeout=9)
        assert publish() == "2"
        listed = cloud.aws.list_versions_by_function(FunctionName="made")["Versions"]
        assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]


def test_number_of_a_deleted_version_is_not_given_again() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"""
    with bench() as cloud:
        cloud.create("made", Publish=True)
        cloud.aws.delete_function(FunctionName="made", Qualifier="1")
        assert cloud.aws.publish_version(FunctionName="made")["Version"] == "2"
        with refused() as refusal:
            cloud.invoke("made:1")
        assert refusal.text == f"Function not found: {ARN}made:1"


def test_version_of_a_project_function_keeps_the_code_it_was_made_from(tmp_path: Any) -> None:
    with bench(handler=lambda *_: "of the project") as cloud:
        (tmp_path / "app.py").write_text(answers("published"))
        cloud.declare(*cloud.declared, directory=str(tmp_path))
        cloud.aws.publish_version(FunctionName="shop-dev-handler")
        (tmp_path / "app.py").write_text(answers("edited"))
        assert read(cloud.invoke("shop-dev-handler:1")) == "published"
        assert read(cloud.invoke("shop-dev-handler")) == "of the project"


def test_alias_runs_the_version_it_points_to() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html"""
    with bench() as cloud:
        cloud.create("made", answers("one"), Publish=True)
        cloud.aws.create_alias(FunctionName="made", Name="live", FunctionVersion="1")
        package = zipped({"app.py": answers("two")})
        cloud.aws.update_function_code(FunctionName="made", ZipFile=package, Publish=True)
        assert read(cloud.invoke("made:live")) == "one"
        cloud.aws.update_alias(FunctionName="made", Name="live", FunctionVersion="2")
        assert read(cloud.invoke("made:live")) == "two"
        with refused() as refusal:
            cloud.aws.delete_function(FunctionName="made", Qualifier="2")
        assert (refusal.status, refusal.code) == (409, "ResourceConflictException")


@pytest.mark.parametrize("qualifier", ["", ":$LATEST", ":1", ":live"])
def test_context_has_the_arn_that_the_function_was_called_by(qualifier: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
    with bench() as cloud:
        cloud.create("made", "def handler(e, context): return context.invoked_function_arn")
        cloud.aws.publish_version(FunctionName="made")
        cloud.aws.create_alias(FunctionName="made", Name="live", FunctionVersion="1")
        arn = "arn:aws:lambda:us-east-1:123456789012:function:made"
        assert read(cloud.invoke(f"made{qualifier}")) == arn + qualifier


def test_deleted_function_is_gone_with_its_versions() -> None:
    with bench() as cloud:
        cloud.create("made", Publish=True)
        cloud.aws.delete_function(FunctionName="made")
        for name in ("made", "made:1"):
            with refused() as refusal:
                cloud.invoke(name)
            assert refusal.code == "ResourceNotFoundException"
        assert cloud.create("made")["Version"] == "$LATEST"


def test_latest_version_cannot_be_deleted_alone() -> None:
    with bench() as cloud:
        cloud.create("made")
        with refused() as refusal:
            cloud.aws.delete_function(FunctionName="made", Qualifier="$LATEST")
        assert refusal.text == "$LATEST version cannot be deleted without deleting the function."


def test_reserved_concurrency_throttles_at_once_and_until_it_is_removed() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    with bench() as cloud:
        cloud.create("made")
        cloud.aws.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=0)
        with refused() as refusal:
            cloud.invoke("made")
        assert refusal.answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        shown = cloud.aws.get_function_concurrency(FunctionName="made")
        assert shown["ReservedConcurrentExecutions"] == 0
        cloud.aws.delete_function_concurrency(FunctionName="made")
        assert "ReservedConcurrentExecutions" not in cloud.aws.get_function_concurrency(
            FunctionName="made"
        )
        assert cloud.invoke("made")["StatusCode"] == 200


def test_versions_share_the_reserved_concurrency_of_their_function() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    source = """
import boto3
def handler(event, context):
    aws = boto3.client("lambda", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    try:
        aws.invoke(FunctionName="made:1")
    except aws.exceptions.TooManyRequestsException as error:
        return error.response["Reason"]
"""
    with bench() as cloud:
        cloud.create("made", source, Publish=True)
        cloud.aws.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=1)
        reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert read(cloud.invoke("made")) == reason


def test_reservation_leaves_100_to_the_rest_of_the_account() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    with bench() as cloud:
        cloud.create("made")
        reserve = cloud.aws.put_function_concurrency
        reserve(FunctionName="made", ReservedConcurrentExecutions=900)
        with refused() as refusal:
            reserve(FunctionName="made", ReservedConcurrentExecutions=901)
        assert "below its minimum value of [100]" in refusal.text


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"Code": {"ZipFile": b"no zip"}},
        "InvalidParameterValueException",
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    ),
    (
        {"Code": {"ZipFile": zipped({})}},
        "InvalidParameterValueException",
        "Uploaded file must be a non-empty zip",
    ),
    (
        {"Code": {"ZipFile": zipped({"app.py": ECHO}).replace(b"return", b"damage")}},
        "InvalidParameterValueException",
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    ),
    (
        {"Code": {}},
        "InvalidParameterValueException",
        "Please provide a source for function code.",
    ),
    (
        {"Code": {"S3Bucket": "none", "S3Key": "a.zip"}},
        "InvalidParameterValueException",
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: "
        "The specified bucket does not exist",
    ),
    (
        {"Runtime": "python3.x"},
        "InvalidParameterValueException",
        "Value python3.x at 'runtime' failed to satisfy constraint: Member must satisfy enum "
        "value set: [python3.10, python3.11, python3.12, python3.13, python3.14] "
        "or be a valid ARN",
    ),
    (
        {"Runtime": "nodejs22.x"},
        "InvalidParameterValueException",
        "The runtime parameter of nodejs22.x does not run here: only Python does.",
    ),
    (
        {"PackageType": "Image", "Code": {"ImageUri": "x:1"}},
        "InvalidParameterValueException",
        "Container images do not run here: give the function a zip.",
    ),
    (
        {"Timeout": 901},
        "ValidationException",
        "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
        "Member must have value less than or equal to 900",
    ),
    (
        {"MemorySize": 10_241},
        "ValidationException",
        "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy "
        "constraint: Member must have value less than or equal to 10240",
    ),
    (
        {"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}},
        "InvalidParameterValueException",
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        "modification. Reserved keys used in this request: AWS_REGION",
    ),
]


@pytest.mark.parametrize(("parameters", "code", "text"), REFUSED, ids=lambda value: None)
def test_what_lambda_refuses_of_a_new_function(
    parameters: dict[str, Any], code: str, text: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    with bench() as cloud:
        with refused() as refusal:
            cloud.create("made", **parameters)
        assert (refusal.status, refusal.code, refusal.text) == (400, code, text)
        assert names(cloud) == []
        (entry,) = cloud.emulator.journal.entries(action="refuse")
        assert entry.data == {"reason": f"CreateFunction: {text}"}


def test_environment_variables_above_4_kb_are_refused() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    with bench() as cloud, refused() as refusal:
        cloud.create("made", Environment={"Variables": {"A": "x" * 4096}})
    assert "exceeded the 4KB limit" in refusal.text


def test_name_that_is_taken_is_a_conflict() -> None:
    with bench(work=lambda *_: None) as cloud, refused() as refusal:
        cloud.create("shop-dev-work")
    assert (refusal.status, refusal.code) == (409, "ResourceConflictException")
    assert refusal.text == "Function already exist: shop-dev-work"


def test_update_that_lambda_refuses_leaves_the_function_as_it_was() -> None:
    with bench() as cloud:
        cloud.create("made", answers("old"))
        with refused():
            cloud.aws.update_function_code(FunctionName="made", ZipFile=b"no zip")
        with refused():
            cloud.aws.update_function_configuration(FunctionName="made", Timeout=1000)
        assert read(cloud.invoke("made")) == "old"
        assert cloud.aws.get_function_configuration(FunctionName="made")["Timeout"] == 3


BROKEN: list[tuple[dict[str, Any], str, str]] = [
    (
        {"Handler": "app.other"},
        "Runtime.HandlerNotFound",
        "Handler 'other' missing on module 'app'",
    ),
    (
        {"Handler": "nowhere.handler"},
        "Runtime.ImportModuleError",
        "Unable to import module 'nowhere': No module named 'nowhere'",
    ),
    (
        {"Handler": "app"},
        "Runtime.MalformedHandlerName",
        "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
    ),
    (
        {"source": "def handler(event, context)"},
        "Runtime.UserCodeSyntaxError",
        "Syntax error in module 'app': expected ':' (app.py, line 1)",
    ),
    (
        {"source": "def handler(event, context): return {1, 2}"},
        "Runtime.MarshalError",
        "Unable to marshal response: Object of type set is not JSON serializable",
    ),
    (
        {"source": "def handler(event, context): return 'x' * 6291555"},
        "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    ),
]


@pytest.mark.parametrize(("parameters", "error", "text"), BROKEN, ids=lambda value: None)
def test_broken_function_is_a_function_error_in_lambdas_words(
    parameters: dict[str, Any], error: str, text: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    with bench() as cloud:
        cloud.create("made", **parameters)
        answer = cloud.invoke("made")
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        content = read(answer)
        assert content["errorType"] == error
        assert text in content["errorMessage"]
        if "stackTrace" in content:
            # an error at init is of no request
            assert bool(content["requestId"]) == (error == "Runtime.MarshalError")
        (entry,) = cloud.emulator.journal.entries(action="result")
        assert entry.data["error"] == error


def test_largest_answer_passes() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    with bench() as cloud:
        cloud.create("made", "def handler(event, context): return 'x' * 6291554")
        answer = cloud.invoke("made")
        assert "FunctionError" not in answer
        assert len(answer["Payload"].read()) == 6_291_556


def test_reload_keeps_what_was_made_through_the_api() -> None:
    with bench(work=lambda *_: None) as cloud:
        cloud.create("made", Publish=True)
        cloud.aws.update_function_configuration(FunctionName="shop-dev-work", Timeout=9)
        cloud.declare(*cloud.declared)
        assert sorted(names(cloud)) == ["made", "shop-dev-work"]
        assert read(cloud.invoke("made:1")) == {}
        shown = cloud.aws.get_function_configuration(FunctionName="shop-dev-work")
        assert shown["Timeout"] == 9


def test_reload_that_changes_a_declaration_sets_it_again() -> None:
    with bench(work=lambda *_: None) as cloud:
        cloud.aws.update_function_configuration(FunctionName="shop-dev-work", Timeout=9)
        cloud.declare(cloud.spec("work", timeout_seconds=20))
        shown = cloud.aws.get_function_configuration(FunctionName="shop-dev-work")
        assert shown["Timeout"] == 20


def test_project_is_packed_only_when_somebody_asks_for_its_code() -> None:
    """Each test declares the project anew: that may not cost the reading of all its files."""
    with bench(work=lambda *_: None) as cloud:
        package = cloud.emulator._lambda.get_function("shop-dev-work").package
        assert "zipped" not in vars(package)
        cloud.aws.get_function(FunctionName="shop-dev-work")
        assert "zipped" in vars(package)


def test_recursion_setting_is_terminate_or_allow() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html"""
    with bench() as cloud:
        cloud.create("made")
        shown = cloud.aws.get_function_recursion_config(FunctionName="made")
        assert shown["RecursiveLoop"] == "Terminate"
        cloud.aws.put_function_recursion_config(FunctionName="made", RecursiveLoop="Allow")
        shown = cloud.aws.get_function_recursion_config(FunctionName="made")
        assert shown["RecursiveLoop"] == "Allow"
        with refused() as refusal:
            cloud.aws.put_function_recursion_config(FunctionName="made", RecursiveLoop="Never")
        assert refusal.code == "ValidationException"


def test_function_is_shown_with_its_role_tags_and_concurrency() -> None:
    with bench() as cloud:
        cloud.create("made", Tags={"team": "a"})
        cloud.aws.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=0)
        shown = cloud.aws.get_function(FunctionName="made")
        assert shown["Configuration"]["Role"] == ROLE
        assert shown["Tags"] == {"team": "a"}
        assert shown["Concurrency"] == {"ReservedConcurrentExecutions": 0}


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"LONG": "x" * 5_000}, "exceeded the 4KB limit"),
        ({"AWS_REGION": "eu-west-1"}, "Reserved keys used in this request: AWS_REGION"),
    ],
)
def test_declaration_that_lambda_will_refuse_is_named_at_once(
    variables: dict[str, str], reason: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    with bench(work=lambda *_: None) as cloud:
        (note,) = cloud.emulator.apply(project(spec("work", environment=variables)))
        assert note.startswith("work runs here, and AWS will refuse to deploy it: ")
        assert reason in note


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("functions", b"no json", "SerializationException"),
        ("functions", b"[]", "SerializationException"),
        ("functions", b"{}", "ValidationException"),
        ("functions", b'{"FunctionName": 1, "Role": "r", "Code": {}}', "ValidationException"),
        ("functions", b'{"FunctionName": "f", "Role": "r", "Code": "c"}', "ValidationException"),
        (
            "event-source-mappings",
            b'{"FunctionName": "f", "BatchSize": "x"}',
            "ValidationException",
        ),
        ("functions/f/versions", b'{"Description": 7}', "ValidationException"),
    ],
)
def test_body_that_no_client_of_aws_would_send_is_refused(
    path: str, body: bytes, code: str
) -> None:
    with bench() as cloud:
        answer = cloud.emulator.cloud.handle(
            service="lambda", region="us-east-1", method="POST",
            url=f"https://lambda.us-east-1.amazonaws.com/2015-03-31/{path}",
            headers={}, body=body,
        )  # fmt: skip
        assert (answer.status, answer.headers["X-Amzn-ErrorType"]) == (400, code)


def test_lists_come_in_pages() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html"""
    with bench() as cloud:
        for number in range(51):
            cloud.create(f"made{number:02}", Publish=number == 0)
        first = cloud.aws.list_functions(MaxItems=100)
        assert len(first["Functions"]) == 50
        (last,) = cloud.aws.list_functions(Marker=first["NextMarker"])["Functions"]
        assert last["FunctionName"] not in [f["FunctionName"] for f in first["Functions"]]
        pages = cloud.aws.get_paginator("list_versions_by_function").paginate(
            FunctionName="made00", PaginationConfig={"PageSize": 1}
        )
        versions = [[version["Version"] for version in page["Versions"]] for page in pages]
        assert versions == [["$LATEST"], ["1"]]
        with refused() as refusal:
            cloud.aws.list_functions(Marker="none")
        assert refusal.code == "InvalidParameterValueException"


def test_change_of_another_revision_is_refused() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html"""
    with bench() as cloud:
        before = cloud.create("made")["RevisionId"]
        change = cloud.aws.update_function_configuration
        after = change(FunctionName="made", Timeout=4, RevisionId=before)["RevisionId"]
        assert after == cloud.aws.get_function_configuration(FunctionName="made")["RevisionId"]
        requests: list[tuple[str, dict[str, Any]]] = [
            ("update_function_configuration", {"Timeout": 5}),
            ("update_function_code", {"ZipFile": zipped({"app.py": ECHO})}),
            ("publish_version", {}),
        ]
        for operation, parameters in requests:
            with refused() as refusal:
                getattr(cloud.aws, operation)(FunctionName="made", RevisionId=before, **parameters)
            assert (refusal.status, refusal.code) == (412, "PreconditionFailedException")
        assert cloud.aws.get_function_configuration(FunctionName="made")["Timeout"] == 4


def test_version_of_other_code_than_expected_is_not_published() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"""
    with bench() as cloud:
        sha256 = cloud.create("made")["CodeSha256"]
        with refused() as refusal:
            cloud.aws.publish_version(FunctionName="made", CodeSha256="other")
        assert refusal.text == (
            f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({sha256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
        assert cloud.aws.publish_version(FunctionName="made", CodeSha256=sha256)["Version"] == "1"


def test_alias_of_a_name_that_is_taken_is_a_conflict() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html"""
    with bench() as cloud:
        cloud.create("made", Publish=True)
        make = cloud.aws.create_alias
        make(FunctionName="made", Name="live", FunctionVersion="1")
        with refused() as refusal:
            make(FunctionName="made", Name="live", FunctionVersion="1")
        assert (refusal.status, refusal.code) == (409, "ResourceConflictException")
        assert refusal.text == f"Alias already exists: {ARN}made:live"


def test_account_has_a_thousand_places_less_what_functions_reserve() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html"""
    with bench() as cloud:
        size = cloud.create("made")["CodeSize"]
        cloud.aws.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=7)
        shown = cloud.aws.get_account_settings()
        assert shown["AccountLimit"]["ConcurrentExecutions"] == 1000
        assert shown["AccountLimit"]["UnreservedConcurrentExecutions"] == 993
        assert shown["AccountUsage"] == {"TotalCodeSize": size, "FunctionCount": 1}


def test_function_says_where_and_how_it_logs() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html"""
    source = """
import os
def handler(event, context):
    return [context.log_group_name, os.environ.get("AWS_LAMBDA_LOG_FORMAT")]
"""
    with bench() as cloud:
        cloud.create("made", source)
        assert read(cloud.invoke("made")) == ["/aws/lambda/made", None]
        settings = {"LogFormat": "JSON", "LogGroup": "/shop/all"}
        cloud.aws.update_function_configuration(FunctionName="made", LoggingConfig=settings)
        assert read(cloud.invoke("made")) == ["/shop/all", "JSON"]


@pytest.mark.parametrize("kind", ["function:none", "event-source-mapping:none"])
def test_tags_of_what_is_not_there_are_not_found(kind: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html"""
    arn = f"arn:aws:lambda:us-east-1:123456789012:{kind}"
    with bench() as cloud:
        for operation, more in (("untag_resource", {"TagKeys": ["a"]}), ("list_tags", {})):
            with refused() as refusal:
                getattr(cloud.aws, operation)(Resource=arn, **more)
            assert (refusal.status, refusal.code) == (404, "ResourceNotFoundException")


def test_url_that_a_function_does_not_have_cannot_be_changed() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html"""
    with bench() as cloud:
        cloud.create("made")
        with refused() as refusal:
            cloud.aws.update_function_url_config(FunctionName="made", AuthType="NONE")
        assert (refusal.status, refusal.code) == (404, "ResourceNotFoundException")


def test_request_that_is_no_operation_is_refused() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html"""
    with bench() as cloud:
        answer = cloud.emulator.cloud.handle(
            service="lambda", region="us-east-1", method="DELETE",
            url=f"https://lambda.us-east-1.amazonaws.com/2017-03-31/tags/{ARN}made",
            headers={}, body=b"",
        )  # fmt: skip
        assert answer.status == 404
        assert answer.headers["X-Amzn-ErrorType"] == "UnknownOperationException"
