"""The entry points of the Lambda functions: each hands over to ``chalicelib`` and returns."""
# Chalice has no type information, so to mypy its decorators are untyped:
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import os

from chalice import Chalice

app = Chalice(app_name="accepted")

if os.environ.get("AWS_CHALICE_CLI_MODE"):  # set by the chalice command only
    try:
        import emulator
    except ImportError:
        pass  # not installed: chalice works as usual
    else:
        emulator.attach(app)

# below the emulator, so that no AWS client can be made before it answers
from typing import TYPE_CHECKING, Any  # noqa: E402

from chalicelib import limits, logs, settings  # noqa: E402
from chalicelib.bootstrap import service  # noqa: E402
from chalicelib.http import web  # noqa: E402
from chalicelib.http.api import METHODS  # noqa: E402
from chalicelib.store.job_queue import received  # noqa: E402

if TYPE_CHECKING:
    from chalice import Response
    from chalice.app import AuthRequest, AuthResponse, CloudWatchEvent, Request, SQSEvent

    from chalicelib.work.batch import BatchResponse

# in the terminal of chalice local nobody makes metrics of the API's lines
logs.configure(with_metrics="AWS_CHALICE_CLI_MODE" not in os.environ)

#: Who may call the routes of jobs: None is everybody.
callers = None

if settings.is_closed(os.environ):
    # not where it is not needed: it brings a library along
    from chalicelib.http import authorizing

    @app.authorizer(ttl_seconds=limits.AUTHORIZER_CACHE_SECONDS)
    def authorize(request: AuthRequest) -> AuthResponse:
        return authorizing.answer(request.token)

    callers = authorize


@app.middleware("all")
def name_request(event: Any, get_response: Any) -> Any:
    with logs.of_request(web.request_id(event)):
        return get_response(event)


@app.middleware("http")
def unify_errors(request: Request, get_response: Any) -> Response:
    return web.unify(get_response(request), request)


@app.route("/jobs", methods=METHODS, content_types=[], authorizer=callers)
def jobs() -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/jobs/{job_id}", methods=METHODS, content_types=[], authorizer=callers)
def job(job_id: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/jobs/{job_id}/result", methods=METHODS, content_types=[], authorizer=callers)
def job_result(job_id: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/jobs/{job_id}/cancel", methods=METHODS, content_types=[], authorizer=callers)
def job_cancel(job_id: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/jobs/{job_id}/callback", methods=METHODS, content_types=[], authorizer=callers)
def job_callback(job_id: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/jobs/{job_id}/retry", methods=METHODS, content_types=[], authorizer=callers)
def job_retry(job_id: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/batches", methods=METHODS, content_types=[], authorizer=callers)
def batches() -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/problems/{slug}", methods=METHODS, content_types=[])
def problem(slug: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/assets/{name}", methods=METHODS, content_types=[])
def asset(name: str) -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/openapi.json", methods=METHODS, content_types=[])
def openapi() -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/docs", methods=METHODS, content_types=[])
def docs() -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/healthz", methods=METHODS, content_types=[])
def health() -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/", methods=METHODS, content_types=[])
def root() -> Response:
    return web.answer(app.current_request, service().api)


@app.route("/{proxy+}", methods=METHODS, content_types=[])
def anything_else() -> Response:
    return web.answer(app.current_request, service().api)


@app.on_sqs_message(queue="accepted-jobs", batch_size=10, maximum_concurrency=100)
def process_jobs(event: SQSEvent) -> BatchResponse:
    remaining_ms = event.context.get_remaining_time_in_millis
    return service().worker.process(received(event.to_dict()), remaining_ms)


@app.on_sqs_message(queue="accepted-jobs-dead-letters", batch_size=10, maximum_concurrency=10)
def fail_dead_letters(event: SQSEvent) -> BatchResponse:
    return service().dead_letters.process(received(event.to_dict()))


@app.on_sqs_message(queue="accepted-callbacks", batch_size=1, maximum_concurrency=50)
def send_callbacks(event: SQSEvent) -> BatchResponse:
    return service().callbacks.process(received(event.to_dict()))


@app.schedule("rate(5 minutes)")
def sweep(event: CloudWatchEvent) -> None:
    service().sweeper.sweep(event.context.get_remaining_time_in_millis)
