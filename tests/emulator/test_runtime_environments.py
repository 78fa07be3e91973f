"""Functions in processes of their own: AWS's runtime client, started, kept warm and replaced."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest
from runtime_project import FORKED_AND_STARTED, Project, environments, opened, wait_until

from emulator.invocation import LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    with opened(tmp_path, forks=getattr(request, "param", False)) as project:
        yield project


def test_module_is_loaded_once_and_globals_persist(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.counting")
    assert [function.invoke(b"{}").value()["count"] for _ in range(3)] == [1, 2, 3]


def test_environment_is_kept_after_an_ordinary_exception(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    function = project.function("app.counting")
    failed = function.invoke(b'{"raise": true}')
    error = failed.value()
    assert failed.error == error["errorType"] == "ValueError"
    assert error["errorMessage"] == "no"
    assert "in counting" in error["stackTrace"][0]
    assert f"START RequestId: {error['requestId']} Version: $LATEST" in project.log()
    (logged,) = [line for line in project.log() if line.startswith("[ERROR] ")]
    assert logged.startswith("[ERROR] ValueError: no\nTraceback (most recent call last):\n\xa0\xa0")
    again = function.invoke(b"{}").value()
    assert (again["count"], again["left"]) == (2, True), "globals and files"


@FORKED_AND_STARTED
def test_function_runs_in_its_project_as_on_lambda(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""
    function = project.function("app.about", timeout_seconds=30)
    told = function.invoke(b"{}", trace_header="Root=1-2-3").value()
    assert (told["name"], told["memory"]) == ("shop-dev-work", "128")
    assert told["version"] == "$LATEST"
    assert told["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work"
    assert told["log"] == [
        project.journal.entries(action="log")[0].data[name] for name in ("group", "stream")
    ]
    assert told["token"], "a role's credentials have one"
    assert told["trace"].startswith("Root=1-2-3;Lineage=")
    assert 0 < told["remaining_ms"] <= 30_000
    folder = str(project.folder)
    assert told["cwd"] == folder
    assert told["path"] == [folder, f"{folder}/vendor"]
    assert told["timezone"] == "UTC"
    assert told["argument"] == ""
    assert told["id"] == project.log()[0].split()[2], "the id of the log's START"
    assert told["missing"] == [], "a variable that Lambda defines"


@FORKED_AND_STARTED
def test_log_of_a_cold_and_of_a_warm_invocation(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    function = project.function("app.counting")
    function.invoke(b"{}")
    function.invoke(b"{}")
    cold, warm = project.log()[:4], project.log()[4:]
    for lines, printed in (cold, "counted 1"), (warm, "counted 2"):
        words = [line.split(maxsplit=1)[0] for line in lines]
        assert words == ["START", "counted", "END", "REPORT"]
        assert lines[1] == printed
    assert ("Init Duration" in cold[3], "Init Duration" in warm[3]) == (True, False)
    assert "Max Memory Used: 0 MB" not in cold[3]


def test_environment_has_one_log_stream(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html"""
    function = project.function("app.by_event")
    for event in b"1", b'"exit"', b"1":
        function.invoke(event)
    function.recycle()
    function.invoke(b"1")
    entries = project.journal.entries(action="log")
    assert {entry.data["group"] for entry in entries} == {"/aws/lambda/shop-dev-work"}
    streams = [entry.data["stream"] for entry in entries]
    assert (len(set(streams)), streams.count(streams[0])) == (2, 12)


def test_function_logs_as_on_lambda(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    outcome = project.function("app.speaking").invoke(b"1")
    start, warning, *printed = project.log()[:-2]
    request_id = start.split()[2]
    level, at, who, text = warning.split("\t")
    assert (level, at[-1], who, text) == ("[WARNING]", "Z", request_id, "text 1")
    assert printed == ["two", "lines", "no end of line"]
    assert outcome.log.splitlines() == "\n".join(project.log()).splitlines()


@pytest.mark.parametrize(("event", "payload"), [(b'"none"', b"null"), (b'"bytes"', b"as they are")])
def test_nothing_is_null_and_bytes_pass_as_they_are(
    project: Project, event: bytes, payload: bytes
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""
    assert project.function("app.by_event").invoke(event).payload == payload


def test_result_is_text_as_the_runtime_of_this_python_encodes_it(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""
    payload = project.function("app.speaking").invoke(b"1").payload
    escaped = sys.version_info < (3, 12)
    assert payload == (b'"\\u2603"' if escaped else '"\N{SNOWMAN}"'.encode())


def test_caller_may_see_the_last_four_kilobytes_of_the_log(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
    project.write("long", "def handler(event, context):\n    print('x' * 9_000)\n")
    tail = project.function("long.handler").invoke(b"{}").log
    assert len(tail) == 4096
    assert tail.splitlines()[-1].startswith("REPORT RequestId: ")


@FORKED_AND_STARTED
def test_nothing_of_a_function_runs_between_its_events(project: Project) -> None:
    """A thread freezes with the environment and goes on in the next invocation.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    function = project.function("app.leaving")
    before = function.invoke(b"{}").value()
    (environment,) = environments()
    wait_until(lambda: environment.status() == psutil.STATUS_STOPPED)
    assert function.invoke(b"{}").value() > before


def test_cold_start_can_be_forced(project: Project) -> None:
    """As on AWS, where every change of the configuration forces one."""
    function = project.function("app.counting")
    assert function.invoke(b"{}").value()["count"] == 1
    function.recycle()
    again = function.invoke(b"{}")
    assert again.value()["count"] == 1
    assert again.usage is not None
    assert again.usage.init_ms is not None


@FORKED_AND_STARTED
def test_each_concurrent_invocation_has_an_environment_of_its_own(
    project: Project, tmp_path: Path
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    function = project.function("app.meeting")
    (tmp_path / "meeting").mkdir()
    event = f'{{"at": "{tmp_path}/meeting", "of": 3}}'.encode()
    with ThreadPoolExecutor(3) as executor:
        outcomes = list(executor.map(function.invoke, [event] * 3))
    assert len({outcome.value() for outcome in outcomes}) == 3


def test_changed_code_is_used_by_the_next_invocation(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.counting")
    function.invoke(b"{}")
    project.write("app", "def counting(event, context):\n    return 'new code'\n")
    function.recycle()
    assert not environments()
    assert function.invoke(b"{}").value() == "new code"


def test_invocation_in_progress_ends_on_the_old_code(project: Project, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    function = project.function("app.meeting")
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(function.invoke, f'{{"at": "{meeting}", "of": 2}}'.encode())
        wait_until(lambda: any(meeting.iterdir()))
        function.recycle()
        assert not running.done()
        (meeting / "second").touch()
        assert running.result(10).value() > 0
    assert not environments()


def test_retired_function_keeps_no_environment(project: Project) -> None:
    function = project.function("app.counting")
    function.retire()
    assert function.invoke(b"{}").ok
    assert not environments()


@FORKED_AND_STARTED
def test_closing_ends_a_running_invocation(project: Project, tmp_path: Path) -> None:
    function = project.function("app.meeting")
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(function.invoke, f'{{"at": "{meeting}", "of": 2}}'.encode())
        wait_until(lambda: any(meeting.iterdir()))
        function.close()
        assert running.result(10).error == "Runtime.ExitError"


def test_closed_function_takes_and_starts_nothing(project: Project) -> None:
    function = project.function("app.counting")
    function.close()
    assert not function.try_acquire()
    assert function.invoke(b"{}").error == "Runtime.ExitError"
    assert not environments()


@FORKED_AND_STARTED
def test_log_may_be_json_in_a_group_of_its_own(project: Project) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html"""
    settings = LogSettings(is_json=True, application_level="WARN")
    project.function("app.speaking", logs=settings, log_group="/shop/all").invoke(b"1")
    start, warning, *printed, report = project.log()
    assert printed == ["two", "lines", "no end of line"], "what is printed goes out as it is"
    told = json.loads(warning)
    assert (told["level"], told["message"]) == ("WARNING", "text 1")
    started, reported = json.loads(start), json.loads(report)
    assert (started["type"], reported["type"]) == ("platform.start", "platform.report")
    assert started["record"]["requestId"] == reported["record"]["requestId"] == told["requestId"]
    assert reported["record"]["status"] == "success"
    assert reported["record"]["metrics"]["initDurationMs"] > 0
    assert {e.data["group"] for e in project.journal.entries(action="log")} == {"/shop/all"}
