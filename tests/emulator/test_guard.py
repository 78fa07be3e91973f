"""Real AWS cannot be reached: five ways that slip through moto, and some more.

Audit hooks stay for the life of a process, so what installs one runs in a process of its own.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from emulator import guard
from emulator.local.early_clients import existing_clients

if TYPE_CHECKING:
    from pathlib import Path

REAL = {
    "AWS_ACCESS_KEY_ID": "AKIA2E0A8F3B244C9986",
    "AWS_SECRET_ACCESS_KEY": "7CE556A3BC234CC1FF9E8A5C324C0BB70AA21B6D",
    "AWS_DEFAULT_REGION": "us-east-1",
}

EGRESS = """
import json, os, socket, urllib.request
import boto3
from botocore.utils import InstanceMetadataFetcher

def outcome(call):
    try:
        call()
    except BaseException as error:
        return type(error).__name__
    return "done"

early = boto3.client("sqs")
import moto
with moto.mock_aws():
    late = boto3.client("sqs")
    inside_before = outcome(late.list_queues)
from emulator import guard
guard.forbid("aws")
guard.forbid("aws")

def mocked():
    with moto.mock_aws():
        boto3.client("sqs").list_queues()

def connect(family, *address):
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.settimeout(1)
        made.connect(address)

def send_to(*address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"x", address)

def through_proxy():
    os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = "http://127.0.0.1:9"
    boto3.client("s3").list_buckets()

explicit = boto3.client("s3", endpoint_url="https://storage.example")
cases = {
    "client made before moto": early.list_queues,
    "client used after mock_aws": late.list_queues,
    "client inside mock_aws": mocked,
    "urllib": lambda: urllib.request.urlopen("https://sqs.us-east-1.amazonaws.com/", timeout=1),
    "instance metadata": InstanceMetadataFetcher(timeout=1).retrieve_iam_role_credentials,
    "explicit endpoint": explicit.list_buckets,
    "botocore through a proxy": through_proxy,
    "metadata address": lambda: connect(socket.AF_INET, "169.254.169.254", 80),
    "metadata address, mapped": lambda: connect(socket.AF_INET6, "::ffff:169.254.169.254", 80),
    "container credentials": lambda: connect(socket.AF_INET, "169.254.170.2", 80),
    "datagram": lambda: send_to("169.254.169.254", 53),
    "name lookup": lambda: socket.gethostbyname("S3.AmazonAWS.com."),
    "china": lambda: socket.getaddrinfo("sqs.cn-north-1.amazonaws.com.cn", 443),
    "dual stack": lambda: socket.getaddrinfo(b"lambda.eu-west-1.api.aws", 443),
}
print(json.dumps({name: outcome(call) for name, call in cases.items()}))
"""

LOOPBACK = """
import json, socket
from emulator import guard

def outcome(call):
    try:
        call()
    except BaseException as error:
        return type(error).__name__
    return "done"

guard.forbid("loopback")
guard.forbid("aws")
listener = socket.create_server(("127.0.0.1", 0))
path = b"\\0emulator-test"
unix = socket.socket(socket.AF_UNIX)
print(json.dumps({
    "loopback": outcome(lambda: socket.create_connection(("localhost", listener.getsockname()[1]))),
    "own name": outcome(lambda: socket.getfqdn()),
    "unix socket": outcome(lambda: unix.connect("no/such/socket")),
    "name": outcome(lambda: socket.getaddrinfo("pypi.org", 443)),
    "address": outcome(lambda: socket.create_connection(("192.0.2.1", 80), timeout=1)),
    "aws": outcome(lambda: socket.getaddrinfo("sqs.us-east-1.amazonaws.com", 443)),
}))
"""

CHILD = """
import json, boto3
session = boto3.session.Session()
print(json.dumps({
    "endpoint": session.client("sqs").meta.endpoint_url,
    "key": session.get_credentials().access_key,
    "profiles": session.available_profiles,
    "region": session.region_name,
}))
"""

LATE_BOTOCORE = """
import json, socket
from emulator import guard
guard.forbid("aws")
import boto3

def outcome(call):
    try:
        call()
    except BaseException as error:
        return type(error).__name__
    return "done"

elsewhere = boto3.client("s3", endpoint_url="https://storage.example", region_name="us-east-1")
print(json.dumps({
    "botocore": outcome(elsewhere.list_buckets),
    "in hexadecimal": outcome(lambda: socket.create_connection(("0xa9fea9fe", 80), timeout=1)),
}))
"""


def run(code: str, environ: dict[str, str]) -> dict[str, Any]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**inherited, "PYTHONPATH": os.pathsep.join(sys.path), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def egress() -> dict[str, Any]:
    return run(EGRESS, REAL)


@pytest.mark.parametrize(
    "case",
    [
        "client made before moto",
        "client used after mock_aws",
        "urllib",
        "instance metadata",
        "explicit endpoint",
        "botocore through a proxy",
        "metadata address",
        "metadata address, mapped",
        "container credentials",
        "datagram",
        "name lookup",
        "china",
        "dual stack",
    ],
)
def test_real_aws_is_refused(egress: dict[str, Any], case: str) -> None:
    """Before a name is resolved or a packet sent, with keys that look real."""
    assert egress[case] == "RealAwsRefusedError"


def test_client_that_moto_answers_is_left_alone(egress: dict[str, Any]) -> None:
    assert egress["client inside mock_aws"] == "done"


def test_loopback_policy_refuses_every_other_machine_and_cannot_be_loosened() -> None:
    assert run(LOOPBACK, {}) == {
        "loopback": "done",
        "own name": "done",
        "unix socket": "FileNotFoundError",
        "name": "EgressRefusedError",
        "address": "EgressRefusedError",
        "aws": "RealAwsRefusedError",
    }


def test_botocore_is_guarded_in_a_process_that_imports_it_later() -> None:
    assert run(LATE_BOTOCORE, REAL) == {
        "botocore": "RealAwsRefusedError",
        "in hexadecimal": "RealAwsRefusedError",
    }


def test_unknown_policy_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be one of aws, loopback"):
        guard.forbid("none")  # type: ignore[arg-type]


def test_child_process_finds_the_emulator_and_no_real_credentials(tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text("[default]\naws_access_key_id = AKIAREAL\n[prod]\n")
    environ = {**REAL, "HOME": str(tmp_path), "AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "t"}
    environ["AWS_ENDPOINT_URL_SQS"] = "https://sqs.us-east-1.amazonaws.com"
    environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    guard.pin_environment(environ, "http://127.0.0.1:4566", "eu-west-1")
    assert run(CHILD, environ) == {
        "endpoint": "http://127.0.0.1:4566",
        "key": "emulator",
        "profiles": [],
        "region": "eu-west-1",
    }


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_ENDPOINT_URL_DYNAMODB",
    ],
)
def test_variable_that_leads_to_real_credentials_is_removed(name: str) -> None:
    """https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html"""
    environ = {name: "real", "AWS_CHALICE_CLI_MODE": "true"}
    guard.pin_environment(environ, "http://127.0.0.1:4566", "us-east-1")
    assert name not in environ
    assert environ["AWS_CHALICE_CLI_MODE"] == "true"


def test_without_an_endpoint_clients_keep_the_names_of_aws() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    guard.pin_environment(environ, None, "us-east-1")
    assert "AWS_ENDPOINT_URL" not in environ


@pytest.mark.parametrize(
    ("before", "first"),
    [({}, "localhost"), ({"no_proxy": "intranet"}, "intranet"), ({"NO_PROXY": "*"}, "*")],
)
def test_aws_and_this_machine_are_not_asked_for_through_a_proxy(
    before: dict[str, str], first: str
) -> None:
    """A proxy would resolve the names of AWS out of this process's sight."""
    guard.pin_environment(before, None, "us-east-1")
    direct = before["NO_PROXY"].split(",")
    assert direct[0] == first
    assert first == "*" or {"127.0.0.1", ".amazonaws.com"} <= set(direct)
    assert before["no_proxy"] == before["NO_PROXY"]


def test_session_made_earlier_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", object())
    guard.pin_environment({}, None, "us-east-1")
    assert boto3.DEFAULT_SESSION is None


MODULE = """import boto3

session = boto3.session.Session("k", "s", region_name="us-east-1")

queue_client = session.client("sqs")
table: object = session.resource("dynamodb").Table("jobs")
"""


def test_client_made_too_early_is_named_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "early_shop.py").write_text(MODULE)
    (tmp_path / "early_user.py").write_text("from early_shop import queue_client\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("early_shop", "early_user"):
        importlib.import_module(name)
    found = existing_clients()
    for name in ("early_shop", "early_user"):
        monkeypatch.delitem(sys.modules, name)
    assert "early_shop.py:5 queue_client" in found
    assert "early_shop.py:6 table" in found
    assert not [place for place in found if "early_user" in place]


def test_client_that_no_module_holds_is_named_by_its_holder() -> None:
    @functools.lru_cache
    def ses() -> Any:
        return boto3.session.Session("k", "s", region_name="us-east-1").client("ses")

    made = ses()
    assert "a client of ses, held by a _lru_cache_wrapper" in existing_clients()
    made.close()
