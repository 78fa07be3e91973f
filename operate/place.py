"""Where a command works, and under which names: AWS itself only if its account is told by name."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import click
import msgspec
from botocore.config import Config
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from chalice.config import Config as ChaliceConfig

from chalicelib import aws
from chalicelib.aws import Clients
from chalicelib.errors import UnavailableError
from chalicelib.store.announcing import Announcer
from chalicelib.store.callback_store import CallbackStore
from chalicelib.store.job_store import JobStore
from chalicelib.store.payload_store import PayloadStore
from chalicelib.store.table import Table
from operate.operated_queue import OperatedQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = Path(".chalice/config.json")
LOCAL_STAGE = "dev"
REGION_AT_ENDPOINT = "us-east-1"
_ACCOUNT = re.compile(r"\d{12}")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage's parts are called."""

    app: str
    stage: str
    table: str
    queue: str
    callbacks_queue: str

    @property
    def log_group(self) -> str:
        """The template's; Lambda's own for each function have a hyphen and more behind it."""
        return f"/aws/lambda/{self.app}-{self.stage}"

    @classmethod
    def of_stage(cls, stage: str) -> Names:
        """As .chalice/config.json has them. Raises ClickException."""
        try:
            config = json.loads(CONFIG.read_text())
        except (OSError, ValueError) as error:
            raise click.ClickException(f"{CONFIG} cannot be read: {error}") from None
        known = config.get("stages", {}) if isinstance(config, dict) else {}
        if stage not in known:
            stages = ", ".join(sorted(known))
            raise click.ClickException(f"{CONFIG} has no stage {stage!r}: --stage takes {stages}")
        set_here = ChaliceConfig(stage, config_from_disk=config).environment_variables
        try:
            return cls(
                app=config["app_name"],
                stage=stage,
                table=set_here["JOBS_TABLE"],
                queue=set_here["JOBS_QUEUE"],
                callbacks_queue=set_here["CALLBACKS_QUEUE"],
            )
        except KeyError as missing:
            raise click.ClickException(f"{CONFIG}: stage {stage} has no {missing}") from None


class OperatorClients(Clients):
    """Those of the service, and of what only an operator looks at."""

    @property
    def logs(self) -> Any:
        return self._client("logs")

    @property
    def cloudwatch(self) -> Any:
        return self._client("cloudwatch")

    @property
    def sts(self) -> Any:
        return self._client("sts")


class Place:
    """A stage, somewhere. Nothing is asked when it is made."""

    def __init__(self, names: Names, clients: OperatorClients, *, is_aws: bool) -> None:
        self.names = names
        self.clients = clients
        self.is_aws = is_aws
        table = Table(clients, names.table)
        self.queue = OperatedQueue(clients, names.queue)
        self.callbacks_queue = OperatedQueue(clients, names.callbacks_queue)
        self.callbacks = CallbackStore(table)
        # no command here writes a result, which alone may need the bucket
        self.jobs = JobStore(table, PayloadStore(table, None), Announcer(self.callbacks_queue))

    def log_groups(self) -> list[str]:
        """The template's one, or those of the functions where they have their own."""
        pages = self.clients.logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=self.names.log_group
        )
        names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        own = self.names.log_group
        return sorted(name for name in names if name == own or name.startswith(f"{own}-"))

    def tell_scan(self) -> None:
        """Say what reading the whole table takes, where it has a price.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
        """
        if not self.is_aws:
            return
        table = self.clients.dynamodb.describe_table(TableName=self.names.table)["Table"]
        units = -(-int(table["TableSizeBytes"]) // 4096) / 2
        click.echo(f"reading {self.names.table} takes about {units:,.0f} read units", err=True)


def placed(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the options that say where, and as its first argument the place.

    What AWS refuses ends it in one line.
    """

    @click.option("--endpoint", metavar="URL", help="chalice local's, or another like AWS.")
    @click.option("--account", metavar="ID", help="AWS itself, and this account only.")
    @click.option("--stage", help="Whose names, in .chalice/config.json; dev at an endpoint.")
    @functools.wraps(command)
    def run(*, endpoint: str | None, account: str | None, stage: str | None, **more: Any) -> None:
        with _in_one_line(endpoint):
            command(_place(endpoint, account, stage), **more)

    return run


def _place(endpoint: str | None, account: str | None, stage: str | None) -> Place:
    if (endpoint is None) == (account is None):
        raise click.UsageError(
            "say where: --endpoint URL (`python -m emulator status --endpoint` has it locally), "
            "or --account ID for AWS itself"
        )
    if endpoint is not None:
        return Place(Names.of_stage(stage or LOCAL_STAGE), _at(endpoint), is_aws=False)
    if stage is None:
        raise click.UsageError("say which stage of the account: --stage prod")
    names = Names.of_stage(stage)
    return Place(names, _in_account(str(account)), is_aws=True)


def _at(endpoint: str) -> OperatorClients:
    """Clients of an endpoint that takes any credentials. Real ones are not even looked for."""
    host = _host(endpoint)
    if host is None:
        raise click.UsageError(f"--endpoint is a URL such as http://127.0.0.1:4566, not {endpoint}")
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise click.UsageError("--endpoint is for what is like AWS; AWS itself is --account ID")
    os.environ.pop("AWS_PROFILE", None)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    session = boto3.session.Session("operate", "operate", region_name=region or REGION_AT_ENDPOINT)
    return OperatorClients(session, endpoint_url=endpoint)


def _host(endpoint: str) -> str | None:
    try:
        url = urlsplit(endpoint)
        # a port that is none raises, too
        is_url = url.scheme in ("http", "https") and url.port != 0
    except ValueError:
        return None
    return url.hostname if is_url else None


def _in_account(account: str) -> OperatorClients:
    """Clients of AWS, whatever the environment says of endpoints. Raises ClickException."""
    if not _ACCOUNT.fullmatch(account):
        raise click.UsageError(f"--account is an account's 12 digits, not {account}")
    session = boto3.session.Session()
    if not session.region_name:
        raise click.ClickException("there is no region: set AWS_DEFAULT_REGION")
    clients = OperatorClients(session, Config(ignore_configured_endpoint_urls=True))
    found = clients.sts.get_caller_identity()["Account"]
    if found != account:
        raise click.ClickException(
            f"the credentials are of account {found}, not {account}: nothing was done"
        )
    return clients


@contextlib.contextmanager
def _in_one_line(endpoint: str | None) -> Iterator[None]:
    try:
        yield
    except UnavailableError as error:
        raise click.ClickException(_said(error.__cause__ or error, endpoint)) from None
    except aws.ERRORS as error:
        raise click.ClickException(_said(error, endpoint)) from None


def _said(error: BaseException, endpoint: str | None) -> str:
    if isinstance(error, EndpointConnectionError) and endpoint:
        return f"nothing answers at {endpoint}: `python -m emulator status` has the address"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no credentials: set AWS_PROFILE, or sign in with `aws sso login`"
    return " ".join(str(error).split())
