"""Environments that are forked: what they share, what they do not, and when there are none."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from runtime_project import Project, environments, has_ended, opened, wait_until, zygotes

from emulator.runtime import zygote_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

#: Two environments at once, each of which tells what must be its own.
OWN = """
import boto3, gc, os, random, signal, tempfile, threading, time, uuid

seen = {
    "random": random.random(),
    "uuid": str(uuid.uuid4()),
    "folder": tempfile.gettempdir(),
    "stream": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
    "file": os.path.basename(tempfile.mkdtemp()),
}

def handler(event, context):
    open(os.path.join(event["at"], str(os.getpid())), "w").close()
    while len(os.listdir(event["at"])) < event["of"]:
        time.sleep(0.001)
    return {
        "own": seen,
        "parent": os.getppid(),
        "session": boto3.DEFAULT_SESSION,
        "timezone": time.tzname[0],
        "variable": os.environ.get("OF_THE_EMULATOR", "none"),
        "collects": gc.isenabled(),
        "threads": threading.active_count(),
        "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        "descriptors": sorted(descriptors()),
    }

def descriptors():
    for number in range(64):
        try:
            yield os.readlink(f"/proc/self/fd/{number}").partition(":")[0]
        except OSError:
            pass
"""


def meeting(folder: Path, *, of: int) -> bytes:
    """An event for a function that comes back when so many environments are there."""
    at = folder / f"meeting of {of}"
    at.mkdir()
    return json.dumps({"at": str(at), "of": of}).encode()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path, forks=True) as project:
        yield project


def test_forked_environments_share_no_state(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finds what the only environment with a Python of its own finds, too."""
    monkeypatch.setenv("OF_THE_EMULATOR", "secret")
    project.write("own", OWN)
    function = project.function("own.handler", environment={"TZ": "Asia/Tokyo"})
    with ThreadPoolExecutor(3) as executor:
        told = list(executor.map(function.invoke, [meeting(tmp_path, of=3)] * 3))
    forked = [outcome.value() for outcome in told]
    assert {one.pop("parent") for one in forked} == {zygote.pid for zygote in zygotes()}
    own = [one.pop("own") for one in forked]
    for name in own[0]:
        assert len({each[name] for each in own}) == 3, name
    project.forks = False
    started = project.function("own.handler", environment={"TZ": "Asia/Tokyo"})
    expected = started.invoke(meeting(tmp_path, of=1)).value()
    assert expected.pop("own").keys() == own[0].keys()
    assert expected.pop("parent") == os.getpid()
    assert (expected["timezone"], expected["variable"]) == ("JST", "none")
    assert forked == [expected] * 3


@pytest.mark.parametrize("folder", [".", "vendor"])
def test_function_with_a_boto3_of_its_own_uses_it(project: Project, folder: str) -> None:
    (project.folder / "vendor").mkdir()
    project.write(f"{folder}/boto3", "whose = 'my own'")
    project.write("own", "import boto3\ndef handler(*_): return boto3.whose")
    assert project.function("own.handler").invoke(b"{}").value() == "my own"


def test_variables_that_only_a_new_python_obeys_are_obeyed(project: Project) -> None:
    project.write("flags", "import sys\ndef handler(*_): return sys.flags.hash_randomization")
    settings = {"PYTHONHASHSEED": "0"}
    assert project.function("flags.handler").invoke(b"{}").value() == 1
    assert project.function("flags.handler", environment=settings).invoke(b"{}").value() == 0


def test_variables_that_are_too_many_for_one_message_are_set(project: Project) -> None:
    project.write("large", "import os\ndef handler(*_): return len(os.environ['B'])")
    settings = {"A": "a" * 100_000, "B": "b" * 100_000}
    function = project.function("large.handler", environment=settings)
    assert function.invoke(b"{}").value() == 100_000
    assert not zygotes()


def test_what_botocore_reads_for_a_first_client_is_there(project: Project) -> None:
    """In the words in which it asks for it, or it would be read again."""
    asks = """
from botocore.session import Session

def handler(*_):
    session = Session()
    there = set(session.get_component("data_loader")._cache)
    for service in ("dynamodb", "sqs"):
        session.create_client(service, "us-east-1")
    return [str(key) for key in set(session.get_component("data_loader")._cache) - there]
"""
    project.write("asking", asks)
    assert project.function("asking.handler").invoke(b"{}").value() == []


def test_forked_environment_ends_with_the_status_of_its_process(project: Project) -> None:
    project.write("ending", "import os\ndef handler(*_): os.abort()")
    failed = project.function("ending.handler").invoke(b"{}")
    assert failed.value()["errorMessage"].endswith("exited with error: signal: aborted")


def test_forked_environment_that_died_while_idle_is_replaced(project: Project) -> None:
    function = project.function("app.counting")
    idle = function.invoke(b"{}").value()["pid"]
    # tells the end of all its threads; the state "zombie" only that of the first
    end = os.pidfd_open(idle)
    os.kill(idle, signal.SIGKILL)
    wait_until(lambda: select.select([end], [], [], 0)[0])
    os.close(end)
    assert function.invoke(b"{}").value()["count"] == 1


def test_killed_zygote_is_replaced_and_what_it_forked_counts_as_killed(
    project: Project, tmp_path: Path
) -> None:
    counting = project.function("app.counting")
    frozen = counting.invoke(b"{}").value()["pid"]
    (zygote,) = zygotes()
    event, place = meeting(tmp_path, of=2), tmp_path / "meeting of 2"
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(project.function("app.meeting").invoke, event)
        wait_until(lambda: any(place.iterdir()))
        zygote.kill()
        assert running.result(10).error == "Runtime.ExitError"
    (there,) = place.iterdir()
    wait_until(lambda: has_ended(int(there.name)) and has_ended(frozen))
    assert counting.invoke(b"{}").value()["count"] == 1
    (another,) = zygotes()
    assert another != zygote
    assert [process.ppid() for process in environments()] == [another.pid]


@pytest.mark.parametrize(
    "loaded",
    [
        "raise SystemExit(1)",
        "import threading; threading.Thread(target=input, daemon=True).start()",
    ],
    ids=["fails", "has a thread"],
)
def test_zygote_that_does_not_load_is_done_without(
    project: Project, monkeypatch: pytest.MonkeyPatch, loaded: str
) -> None:
    folder = project.folder / "hidden"
    folder.mkdir()
    (folder / "boto3.py").write_text(f"open('tried', 'a').write('once')\n{loaded}\n")
    monkeypatch.setattr(zygote_process, "PACKAGES_DIR", folder)
    function = project.function("app.counting")
    for _ in range(2):
        assert function.invoke(b"{}").value()["count"] == 1
        function.recycle()
    assert (folder / "tried").read_text() == "once"
    assert os.getpid() not in [process.pid for process in zygotes()]
