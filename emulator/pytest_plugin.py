"""pytest fixtures: the app of this folder, its cloud, and a clock that the test moves.

Put ``pytest_plugins = ["emulator.pytest_plugin"]`` into ``conftest.py``. Each test has an account
of its own that stands at 2026-01-01T00:00:00Z until the test advances it; ``time.time``,
``datetime.now`` and ``time.sleep`` agree with it.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from chalice.cli.factory import CLIFactory

from emulator import guard
from emulator.api_gateway import local_gateway
from emulator.clock import VirtualClock
from emulator.cloud import in_process
from emulator.cloud.aws import ACCOUNT_ID, REGION
from emulator.declared import project
from emulator.declared.refusal import DeployRefusedError
from emulator.emulator import Emulator
from emulator.runtime import in_place
from emulator.runtime.task_root import TaskRootHandler
from emulator.template import Names, TemplateError
from emulator.test_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalice.config import Config

    from emulator.api_gateway.definition import RestApiDefinition
    from emulator.invocation import FunctionSpec


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "chalice_stage", "the stage of .chalice/config.json that tests use", default="dev"
    )
    parser.addini(
        "emulator_network",
        "what tests may reach: 'loopback' (nothing else), or 'aws' (all but AWS)",
        default="loopback",
    )


@pytest.fixture(scope="session")
def chalice_config(pytestconfig: pytest.Config) -> Iterator[Config]:
    """The app of pytest's root folder, imported as Chalice does, with its stage's configuration."""
    with pytest.MonkeyPatch.context() as patch:
        environ = dict(os.environ)
        guard.pin_environment(environ, None, REGION)
        for name in os.environ.keys() - environ.keys():
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        guard.forbid(pytestconfig.getini("emulator_network"))
        factory = CLIFactory(str(pytestconfig.rootpath), environ=os.environ)
        yield factory.create_config_obj(chalice_stage_name=pytestconfig.getini("chalice_stage"))


@pytest.fixture(scope="session")
def chalice_project(chalice_config: Config) -> project.Project:
    """What the app declares; what AWS would refuse to deploy fails every test that needs it."""
    names = Names(
        app=chalice_config.app_name,
        stage=chalice_config.chalice_stage,
        region=REGION,
        account_id=ACCOUNT_ID,
    )
    try:
        return project.describe(chalice_config.chalice_app, chalice_config, names)
    except (TemplateError, DeployRefusedError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def emulator(
    chalice_project: project.Project, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """The app's queues, tables and functions, fresh, on a virtual clock."""
    with on_virtual_clock(chalice_project, monkeypatch) as made:
        yield made


@contextlib.contextmanager
def on_virtual_clock(
    chalice_project: project.Project, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """What the fixture ``emulator`` is, for a test that needs one after another."""
    clock = VirtualClock()
    # all functions share this process, as they never do on Lambda
    shared: dict[str, str] = {}
    for spec in chalice_project.functions:
        shared.update(spec.environment)
    for name, value in {**shared, **project.api_variables(chalice_project)}.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)

    def function(spec: FunctionSpec) -> Any:
        handler = TaskRootHandler(spec) if spec.task_root else _handler(spec.handler)
        return in_place.InPlaceFunction(spec, handler, clock)

    with time_machine.travel(clock.now_ms() / 1000, tick=False) as traveller:
        clock.on_advance(lambda now_ms: traveller.move_to(now_ms / 1000))
        made = Emulator(clock, make_function=function)
        # what sleeps outside a function, such as a route, lets the rest of the app go on meanwhile
        rest = made.scheduler.advance
        monkeypatch.setattr(time, "sleep", lambda s: in_place.sleep(clock, s, outside=rest))
        with in_process.answering(made.cloud):
            made.apply(chalice_project)
            yield made
            made.close()
    _keep_what_is_loaded()


@pytest.fixture(scope="session")
def chalice_api(chalice_config: Config, chalice_project: project.Project) -> RestApiDefinition:
    """The app's routes, as API Gateway has them."""
    responses = project.gateway_responses(chalice_project)
    return local_gateway.described(chalice_config.chalice_app, responses)


@pytest.fixture
def client(emulator: Emulator, chalice_config: Config, chalice_api: RestApiDefinition) -> Client:
    """Calls the app's routes."""

    def record(*, method: str, path: str, **data: Any) -> None:
        emulator.journal.record("api", "request", route=f"{method} {path}", **data)

    gateway = local_gateway.Gateway(
        chalice_config.chalice_app,
        chalice_config,
        definition=chalice_api,
        record=record,
        clock=emulator.clock,
    )
    return Client(gateway)


@functools.cache
def _keep_what_is_loaded() -> None:
    """Let the garbage collector look no more at what the first test has loaded.

    moto, botocore and their models stay for the session; looking through them again and again
    costs every test a tenth of its time.
    """
    gc.collect()
    gc.freeze()


def _handler(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)
