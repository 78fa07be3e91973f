"""Where the service is put together: the only module that knows all the others."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from chalicelib import tasks
from chalicelib.aws import Clients
from chalicelib.callbacks.sending import Callbacks, Sending
from chalicelib.callbacks.url_guard import Resolve, UrlGuard, addresses_of
from chalicelib.callbacks.webhook_post import Answer, WebhookPost
from chalicelib.http.api import Api
from chalicelib.http.holding import Holder
from chalicelib.http.jobs_api import JobsApi
from chalicelib.http.pages_api import PagesApi
from chalicelib.http.representation import callback_body
from chalicelib.http.submit_api import SubmitApi
from chalicelib.jobs.model import NOBODY, TENANT
from chalicelib.jobs.result_objects import ResultObjects
from chalicelib.requests.accepting import Acceptor
from chalicelib.requests.announcing import Announcer
from chalicelib.requests.backlog import Backlog
from chalicelib.requests.batch_submission import BatchSubmitter
from chalicelib.requests.control import Controller
from chalicelib.requests.queries import Queries
from chalicelib.requests.retrying import Retrier
from chalicelib.settings import Settings
from chalicelib.store.callback_store import CallbackStore
from chalicelib.store.job_queue import JobQueue
from chalicelib.store.job_store import JobStore
from chalicelib.store.key_store import KeyStore
from chalicelib.store.payload_store import PayloadStore
from chalicelib.store.table import Table
from chalicelib.work.batch import Batches
from chalicelib.work.dead_letters import DeadLetters
from chalicelib.work.processing import Worker
from chalicelib.work.sweeping import Sweeper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.task import Task


class Service(msgspec.Struct, frozen=True):
    """What the handlers of app.py call."""

    api: Api
    worker: Worker
    dead_letters: DeadLetters
    sweeper: Sweeper
    callbacks: Callbacks


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """What the service keeps, and where. Nothing is asked of AWS when they are made."""

    jobs: JobStore
    keys: KeyStore
    payloads: PayloadStore
    queue: JobQueue
    dead_letter_queue: JobQueue
    callbacks: CallbackStore
    callbacks_queue: JobQueue
    queries: Queries
    acceptor: Acceptor


def stores(settings: Settings, clients: Clients) -> Stores:
    """All of them on these clients."""
    table = Table(clients, settings.jobs_table)
    bucket = settings.results_bucket
    payloads = PayloadStore(table, ResultObjects(clients, bucket) if bucket else None)
    keys = KeyStore(table)
    callbacks_queue = JobQueue(clients, settings.callbacks_queue)
    jobs = JobStore(table, payloads, Announcer(callbacks_queue))
    queue = JobQueue(clients, settings.jobs_queue)
    key = settings.job_id_key
    queries = Queries(jobs, payloads, id_key=key)
    guard = UrlGuard(allow_loopback=settings.callback_allow_loopback)
    return Stores(
        jobs=jobs,
        keys=keys,
        payloads=payloads,
        queue=queue,
        dead_letter_queue=JobQueue(clients, settings.dead_letter_queue),
        callbacks=CallbackStore(table),
        callbacks_queue=callbacks_queue,
        queries=queries,
        acceptor=Acceptor(
            jobs,
            keys,
            payloads=payloads,
            queue=queue,
            queries=queries,
            guard=guard if settings.callback_secrets else None,
            id_key=key,
        ),
    )


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What callbacks meet outside of AWS: names and receivers. A test has its own."""

    resolve: Resolve = addresses_of
    post: Callable[..., Answer] = msgspec.field(default_factory=WebhookPost)


def build(
    settings: Settings,
    clients: Clients,
    known: Mapping[str, Task],
    *,
    outside: Outside | None = None,
) -> Service:
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
        Sweeper(on.jobs, on.callbacks),
        _callbacks(on, settings, outside or Outside()),
    )


def _callbacks(on: Stores, settings: Settings, outside: Outside) -> Callbacks:
    return Callbacks(
        on.jobs,
        on.callbacks,
        queue=on.callbacks_queue,
        batches=Batches(on.callbacks_queue, reports_failures=settings.reports_batch_item_failures),
        sending=Sending(
            guard=UrlGuard(outside.resolve, allow_loopback=settings.callback_allow_loopback),
            post=outside.post,
            masters=settings.callback_secrets,
            body_of=callback_body,
        ),
        id_key=settings.job_id_key,
    )


def _api(on: Stores, settings: Settings, known: Mapping[str, Task]) -> Api:
    holder = Holder(on.queries, seconds_max=settings.wait_seconds_max)
    submit = SubmitApi(
        acceptor=on.acceptor,
        backlog=Backlog(on.queue, on.jobs, messages_max=settings.backlog_messages_max),
        batches=BatchSubmitter(on.acceptor, tasks=known),
        retrier=Retrier(on.queries, tasks=known),
        holder=holder,
        tasks=known,
    )
    controller = Controller(on.jobs, on.payloads, callbacks=on.callbacks, queries=on.queries)
    jobs = JobsApi(on.queries, controller, holder=holder, cursor_key=settings.job_id_key)
    pages = PagesApi(on.queries, tasks=known)
    return Api(submit, jobs, pages, anonymous=NOBODY if settings.tokens else TENANT)


@functools.cache
def service() -> Service:
    """This process's service, made when it is first needed. Raises settings.SettingsError."""
    return build(Settings.from_environment(os.environ), Clients(), tasks.discover())
