"""The job API from a terminal: ``python -m accepted_client submit text.statistics '{…}'``.

The result goes to standard output as JSON, everything else to standard error. The exit code is 0
if all went well, 1 if the job or the request failed, 2 if the command was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from accepted_client.client import Client
from accepted_client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accepted_client.client import Job, JobDocument

#: A person at a terminal wants to know soon that nothing listens there.
GIVE_UP_AFTER_SECONDS = 10.0
BAR_CHARACTERS = 30


class ProgressBar:
    """Draws how a job stands; call it with each change.

    One line that is drawn again on a terminal, a line for each change elsewhere.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._on_terminal = stream.isatty()

    def __call__(self, document: JobDocument) -> None:
        start, end = ("\r\x1b[K", "") if self._on_terminal else ("", "\n")
        self._stream.write(start + bar(document) + end)
        self._stream.flush()

    def close(self) -> None:
        """Leave the line, so that what is written next has its own."""
        self._stream.write("\n" if self._on_terminal else "")


def bar(document: JobDocument) -> str:
    """One line: the bar, the share done, the status, and the attempt if it is not the first."""
    status = document["status"]
    share = 1.0 if status == "succeeded" else min(max(document.get("progress", 0.0), 0.0), 1.0)
    filled = round(BAR_CHARACTERS * share)
    again = f", attempt {document['attempt']}" if document.get("attempt", 0) > 1 else ""
    drawn = "#" * filled + "." * (BAR_CHARACTERS - filled)
    return f"[{drawn}] {share:4.0%}  {status}{again}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        headers = {"Authorization": f"Bearer {given.token}"} if given.token else {}
        client = Client(given.url, headers=headers, give_up_after_seconds=GIVE_UP_AFTER_SECONDS)
        shown = given.run(client, given)
    except (ClientError, ValueError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. A job that was accepted goes on.", file=sys.stderr)
        return 130
    for document in shown:
        print(json.dumps(document, ensure_ascii=False))
    return 0


def _submit(client: Client, given: argparse.Namespace) -> list[Any]:
    more = {"tags": dict(given.tag)} if given.tag else {}
    job = client.submit(given.type, _input(given.input), idempotency_key=given.key, **more)
    print(job.url, file=sys.stderr)
    return [] if given.no_wait else _wait(job, given)


def _result(client: Client, given: argparse.Namespace) -> list[Any]:
    return _wait(client.job(given.job), given)


def _status(client: Client, given: argparse.Namespace) -> list[Any]:
    return [client.job(given.job).status()]


def _cancel(client: Client, given: argparse.Namespace) -> list[Any]:
    return [client.job(given.job).cancel()]


def _list(client: Client, given: argparse.Namespace) -> list[Any]:
    filters = {"status": given.status, "type": given.type}
    return list(client.jobs(**{name: value for name, value in filters.items() if value}))


def _wait(job: Job, given: argparse.Namespace) -> list[Any]:
    if not given.progress:
        return [job.result(given.timeout)]
    with contextlib.closing(ProgressBar(sys.stderr)) as show:
        return [job.result(given.timeout, progress=show)]


def _input(text: str) -> Any:
    """JSON as it stands, of ``@file``, or of standard input (``-``). Raises ValueError."""
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"the input is not JSON: {error}") from None


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="accepted_client", description=__doc__.split("\n")[0])
    url = os.environ.get("JOBS_URL", "http://localhost:8000")
    parser.add_argument("--url", default=url, help="the API's address, or JOBS_URL (%(default)s)")
    token = os.environ.get("JOBS_TOKEN", "")
    # not shown as the default: it is a secret
    parser.add_argument("--token", default=token, help="who calls, or JOBS_TOKEN")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[..., Any], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    submit = command("submit", _submit, "have a job done and print its result")
    submit.add_argument("type", help="what kind of job")
    submit.add_argument("input", help="its input as JSON, @file, or - for standard input")
    submit.add_argument("--key", help="idempotency key: the same one never makes a second job")
    submit.add_argument("--tag", action="append", type=_tag, metavar="NAME=VALUE")
    submit.add_argument("--no-wait", action="store_true", help="print only where the job is")
    result = command("result", _result, "wait for a job and print its result")
    for waiting in (submit, result):
        waiting.add_argument("--progress", action="store_true", help="draw a progress bar")
        waiting.add_argument("--timeout", type=float, metavar="SECONDS", help="wait no longer")
    cancel = command("cancel", _cancel, "stop a job")
    status = command("status", _status, "print how a job stands")
    for known in (result, status, cancel):
        known.add_argument("job", help="its id or its URL")
    listing = command("list", _list, "print the jobs, newest first")
    listing.add_argument("--status")
    listing.add_argument("--type")
    return parser


if __name__ == "__main__":
    sys.exit(main())
