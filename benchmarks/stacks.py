"""The two stacks, each in a copy of the project: ``chalice local`` with the emulator, and without.

A copy, so that nobody's edit reloads a server while it is measured.
"""

from __future__ import annotations

import compileall
import contextlib
import shutil
import time
from typing import TYPE_CHECKING, NamedTuple

import boto3
import msgspec

from benchmarks.job_client import JobClient
from benchmarks.processes import (
    BIN,
    ROOT,
    BenchmarkError,
    accepts_connections,
    aws_environment,
    clean_environment,
    free_port,
    output_of,
    running,
    wait_until,
)
from benchmarks.stock import resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.measurement import Plan

_SERVICE = ("app.py", "chalicelib", ".chalice/config.json", ".chalice/resources.json")
_REGION = "us-east-1"


class Stack(NamedTuple):
    """A stack that has answered its first 202."""

    port: int
    endpoint: str
    #: from the first command to the first 202
    started_seconds: float


def project_copy(plan: Plan, name: str, *more: str) -> Path:
    """The service and ``more`` of this repository, compiled, in a folder made once a run."""
    folder = plan.folder / name
    if not folder.exists():
        for path in (*_SERVICE, "pyproject.toml", *more):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).is_dir():
                shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / path, target)
        compileall.compile_dir(folder, quiet=2)
    return folder


def ours_copy(plan: Plan) -> Path:
    return project_copy(plan, "ours", "emulator")


def stock_copy(plan: Plan) -> Path:
    return project_copy(plan, "stock", "benchmarks/__init__.py", "benchmarks/stock")


@contextlib.contextmanager
def ours(plan: Plan) -> Iterator[Stack]:
    """``chalice local``, which brings everything else along."""
    folder = ours_copy(plan)
    environment = clean_environment(plan.folder / "tmp")
    started = time.perf_counter()
    with _chalice_local(plan, folder, environment) as port:
        seconds = time.perf_counter() - started
        status = output_of(
            [str(BIN / "python"), "-m", "emulator", "status", "--json"],
            folder=folder, environment=environment, seconds_max=20,
        )  # fmt: skip
        yield Stack(port, msgspec.json.decode(status)["endpoint"], seconds)


@contextlib.contextmanager
def stock(plan: Plan, *, with_poller: bool) -> Iterator[Stack]:
    """moto_server, the project's queues and table, ``chalice local``, a poller if asked."""
    folder = stock_copy(plan)
    started = time.perf_counter()
    with moto_server(plan) as endpoint:
        _create_resources(folder, endpoint)
        environment = aws_environment(plan.folder / "tmp", endpoint)
        with contextlib.ExitStack() as stack:
            port = stack.enter_context(_chalice_local(plan, folder, environment))
            seconds = time.perf_counter() - started
            if with_poller:
                poller = running(
                    [str(BIN / "python"), "-m", "benchmarks.stock.poller"],
                    folder=folder, environment=environment, log=plan.folder / "poller.log",
                )  # fmt: skip
                stack.enter_context(poller)
            yield Stack(port, endpoint, seconds)


@contextlib.contextmanager
def moto_server(plan: Plan) -> Iterator[str]:
    """moto's own server, alone; its endpoint."""
    port = free_port()
    server = running(
        [str(BIN / "moto_server"), "-p", str(port)],
        folder=plan.folder,
        environment=aws_environment(plan.folder / "tmp", None),
        log=plan.folder / "moto_server.log",
    )
    with server:
        wait_until(
            lambda: accepts_connections(port),
            what="moto_server listens",
            log=plan.folder / "moto_server.log",
        )
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _chalice_local(plan: Plan, folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """``chalice local`` in ``folder`` from its start to its first 202; its port."""
    port, log = free_port(), plan.folder / f"{folder.name}.log"
    command = [str(BIN / "chalice"), "local", "--port", str(port)]
    with running(command, folder=folder, environment=environment, log=log) as process:

        def has_accepted_a_job() -> bool:
            if process.poll() is not None:
                raise BenchmarkError(f"chalice local ended:\n{log.read_text()[-3000:]}")
            accepts_connections(port)
            with contextlib.closing(JobClient(port)) as client:
                client.submit()
            return True

        wait_until(has_accepted_a_job, what="chalice local accepts a job", log=log)
        yield port


def _create_resources(folder: Path, endpoint: str) -> None:
    session = boto3.session.Session("benchmark", "benchmark", region_name=_REGION)
    resources.create(
        folder / resources.TEMPLATE,
        sqs=session.client("sqs", endpoint_url=endpoint),
        dynamodb=session.client("dynamodb", endpoint_url=endpoint),
    )
