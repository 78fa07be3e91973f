"""Where the service is put together: the only module that knows all the others."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import msgspec

from chalicelib import tasks
from chalicelib.accepting import Acceptor
from chalicelib.api import Api
from chalicelib.aws import Clients
from chalicelib.batch import Batches
from chalicelib.batch_submission import BatchSubmitter
from chalicelib.control import Controller
from chalicelib.dead_letters import DeadLetters
from chalicelib.holding import Holder
from chalicelib.job_queue import JobQueue
from chalicelib.job_store import JobStore
from chalicelib.jobs_api import JobsApi
from chalicelib.key_store import KeyStore
from chalicelib.payload_store import PayloadStore
from chalicelib.processing import Worker
from chalicelib.queries import Queries
from chalicelib.retrying import Retrier
from chalicelib.settings import Settings
from chalicelib.submit_api import SubmitApi
from chalicelib.sweeping import Sweeper
from chalicelib.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.task import Task


class Service(msgspec.Struct, frozen=True):
    """What the handlers of app.py call."""

    api: Api
    worker: Worker
    dead_letters: DeadLetters
    sweeper: Sweeper


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """What the service keeps, and where. Nothing is asked of AWS when they are made."""

    jobs: JobStore
    keys: KeyStore
    payloads: PayloadStore
    queue: JobQueue
    dead_letter_queue: JobQueue
    queries: Queries
    acceptor: Acceptor


def stores(settings: Settings, clients: Clients) -> Stores:
    """All of them on these clients."""
    table = Table(clients, settings.jobs_table)
    payloads = PayloadStore(table)
    keys = KeyStore(table)
    jobs = JobStore(table, payloads)
    queue = JobQueue(clients, settings.jobs_queue)
    key = settings.job_id_key
    queries = Queries(jobs, payloads, id_key=key)
    return Stores(
        jobs=jobs,
        keys=keys,
        payloads=payloads,
        queue=queue,
        dead_letter_queue=JobQueue(clients, settings.dead_letter_queue),
        queries=queries,
        acceptor=Acceptor(jobs, keys, payloads=payloads, queue=queue, queries=queries, id_key=key),
    )


def build(settings: Settings, clients: Clients, known: Mapping[str, Task]) -> Service:
    """The service on these clients, with these tasks."""
    on = stores(settings, clients)
    key = settings.job_id_key
    reports = settings.reports_batch_item_failures
    job_batches = Batches(on.queue, reports_failures=reports)
    dead_batches = Batches(on.dead_letter_queue, reports_failures=reports)
    return Service(
        _api(on, settings, known),
        Worker(on.jobs, on.queue, batches=job_batches, tasks=known, id_key=key),
        DeadLetters(on.jobs, on.dead_letter_queue, batches=dead_batches, id_key=key),
        Sweeper(on.jobs),
    )


def _api(on: Stores, settings: Settings, known: Mapping[str, Task]) -> Api:
    holder = Holder(on.queries, seconds_max=settings.wait_seconds_max)
    submit = SubmitApi(
        acceptor=on.acceptor,
        batches=BatchSubmitter(on.acceptor, tasks=known),
        retrier=Retrier(on.queries, on.acceptor, tasks=known),
        holder=holder,
        tasks=known,
    )
    controller = Controller(on.jobs, on.payloads, queries=on.queries)
    jobs = JobsApi(on.queries, controller, holder=holder, cursor_key=settings.job_id_key)
    return Api(submit, jobs)


@functools.cache
def service() -> Service:
    """This process's service, made when it is first needed. Raises settings.SettingsError."""
    return build(Settings.from_environment(os.environ), Clients(), tasks.discover())
