"""Where the service is put together: the only module that knows all the others."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import msgspec

from chalicelib import tasks
from chalicelib.api import Api
from chalicelib.aws import Clients
from chalicelib.batch import Batches
from chalicelib.dead_letters import DeadLetters
from chalicelib.job_queue import JobQueue
from chalicelib.job_store import JobStore
from chalicelib.processing import Worker
from chalicelib.queries import Queries
from chalicelib.settings import Settings
from chalicelib.submission import Submitter
from chalicelib.sweeping import Sweeper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.task import Task


class Service(msgspec.Struct, frozen=True):
    """What the handlers of app.py call."""

    api: Api
    worker: Worker
    dead_letters: DeadLetters
    sweeper: Sweeper


def build(settings: Settings, clients: Clients, known: Mapping[str, Task]) -> Service:
    """The service on these clients. Nothing is asked of AWS yet."""
    store = JobStore(clients, settings.jobs_table)
    jobs = JobQueue(clients, settings.jobs_queue)
    dead = JobQueue(clients, settings.dead_letter_queue)
    key = settings.job_id_key
    reports = settings.reports_batch_item_failures
    job_batches = Batches(jobs, reports_failures=reports)
    dead_batches = Batches(dead, reports_failures=reports)
    return Service(
        Api(Submitter(store, jobs, tasks=known, id_key=key), Queries(store, id_key=key)),
        Worker(store, jobs, batches=job_batches, tasks=known, id_key=key),
        DeadLetters(store, dead, batches=dead_batches, id_key=key),
        Sweeper(store),
    )


@functools.cache
def service() -> Service:
    """This process's service, made when it is first needed. Raises settings.SettingsError."""
    return build(Settings.from_environment(os.environ), Clients(), tasks.discover())
