"""How ``chalice local`` and the command line talk to the emulator's process.

A few paths beside AWS's own on the same endpoint. Every one needs the run's token, which only a
reader of the state file knows.
"""

from __future__ import annotations

import http.client
import os
import queue
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from emulator.declared.project import Project
from emulator.invocation import Outcome
from emulator.journal import Entry
from emulator.local.start import PORT_PREFERRED
from emulator.local.worker_functions import Call, WorkerQueue
from emulator.template import Names, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.emulator import Emulator
    from emulator.local.running import Running

TOKEN_HEADER = "X-Emulator-Token"
#: A project is registered once moto is imported, which takes a busy machine a few seconds.
REGISTER_SECONDS_MAX = 60
#: How long journal entries are gathered before they are sent: less than a person notices.
GATHER_SECONDS = 0.03

_JSON = {"Content-Type": "application/json"}


class EmulatorGoneError(ConnectionError):
    """The emulator's process does not answer."""


class RefusedError(ValueError):
    """The emulator refused what was sent; the message is for the user."""


class Control:
    """The emulator's side: answers the control paths."""

    def __init__(self, emulator: Emulator, about: Mapping[str, Any], calls: WorkerQueue) -> None:
        """``about`` is added to every status: pid, endpoint."""
        self._emulator = emulator
        self._calls = calls
        self._about = about
        self._told: set[str] = set()

    def __call__(
        self,
        method: str,
        path: str,
        body: bytes,
    ) -> tuple[int, dict[str, str], bytes]:
        action = self._ACTIONS.get((method, path))
        if action is None:
            return 404, _JSON, msgspec.json.encode({"message": f"no control path {method} {path}"})
        try:
            answer = action(self, body)
        except (msgspec.DecodeError, ValueError, LookupError) as error:
            return 400, _JSON, msgspec.json.encode({"message": str(error)})
        return 200, _JSON, msgspec.json.encode(answer)

    def _status(self, body: bytes) -> dict[str, Any]:
        return {**self._about, **self._emulator.status()}

    def _register(self, body: bytes) -> dict[str, Any]:
        """Run the project; answers what of it the user has not been told before."""
        project = msgspec.json.decode(body, type=Project)
        notes = self._emulator.apply(project)
        sources = [f"{m.function} <- {m.queue_name}" for m in project.queue_mappings]
        sources += [f"{m.function} <- {m.stream_name}" for m in project.stream_mappings]
        sources += [f"{s.function} <- {s.expression}" for s in project.schedules]
        sources += map(str, project.subscriptions)
        endpoint = self._about["endpoint"]
        preferred = endpoint.endswith(f":{PORT_PREFERRED}")
        taken = "" if preferred else f" (port {PORT_PREFERRED} is taken)"
        lines = [
            f"AWS for this project: {endpoint}{taken}",
            *(f"Function {source}" for source in sources),
            *(f"Note: {note}" for note in notes),
        ]
        news = [line for line in lines if line not in self._told]
        self._told.update(news)
        return {"news": news}

    def _provision(self, body: bytes) -> dict[str, Any]:
        resources, names = msgspec.json.decode(body, type=tuple[list[Resource], Names])
        return {"notes": self._emulator.provision(resources, names)}

    def _journal(self, body: bytes) -> dict[str, Any]:
        for entry in msgspec.json.decode(body, type=list[Entry]):
            self._emulator.journal.add(entry)
        return {}

    def _recycle(self, body: bytes) -> dict[str, Any]:
        """Force cold starts: of one function, or of all if none is named."""
        name = msgspec.json.decode(body or b"null", type=str | None)
        return {"functions": self._emulator.cold_start(name)}

    def _next_call(self, body: bytes) -> dict[str, Any]:
        return {"call": self._calls.take(msgspec.json.decode(body, type=int))}

    def _settle(self, body: bytes) -> dict[str, Any]:
        self._calls.settle(*msgspec.json.decode(body, type=tuple[str, Outcome]))
        return {}

    _ACTIONS = {  # noqa: RUF012
        ("GET", "/_emulator/status"): _status,
        ("PUT", "/_emulator/project"): _register,
        ("PUT", "/_emulator/resources"): _provision,
        ("POST", "/_emulator/journal"): _journal,
        ("POST", "/_emulator/cold-start"): _recycle,
        ("POST", "/_emulator/call"): _next_call,
        ("POST", "/_emulator/outcome"): _settle,
    }


class ControlClient:
    """The other side, on a connection of its own. One thread at a time uses it."""

    def __init__(self, running: Running) -> None:
        self._running = running
        address = urlsplit(running.endpoint)
        self._connection = http.client.HTTPConnection(
            address.hostname or "127.0.0.1", address.port, timeout=REGISTER_SECONDS_MAX
        )

    def status(self) -> dict[str, Any]:
        """Raises EmulatorGoneError."""
        return self._call("GET", "/_emulator/status")

    def register(self, project: Project) -> list[str]:
        """Make the project what runs; returns what to tell the user.

        Raises RefusedError if something in it cannot be created, EmulatorGoneError.
        """
        answer = self._call("PUT", "/_emulator/project", project)
        return list(answer["news"])

    def provision(self, resources: list[Resource], names: Names) -> list[str]:
        """Make what a template describes, apart from a project; returns what to tell the user.

        Raises RefusedError if something in it cannot be created, EmulatorGoneError.
        """
        return list(self._call("PUT", "/_emulator/resources", (resources, names))["notes"])

    def journal(self, entries: list[Entry]) -> None:
        """Raises EmulatorGoneError."""
        self._call("POST", "/_emulator/journal", entries)

    def cold_start(self, function: str | None) -> list[str]:
        """End what is warm of one function, or of all; returns their names.

        Raises RefusedError if there is no such function, EmulatorGoneError.
        """
        return list(self._call("POST", "/_emulator/cold-start", function)["functions"])

    def next_call(self) -> Call | None:
        """What this process is to run next; None if there was nothing for a while.

        Raises EmulatorGoneError.
        """
        answer = self._call("POST", "/_emulator/call", os.getpid())
        return msgspec.convert(answer["call"], Call | None)

    def settle(self, request_id: str, outcome: Outcome) -> None:
        """Raises EmulatorGoneError."""
        self._call("POST", "/_emulator/outcome", (request_id, outcome))

    def close(self) -> None:
        self._connection.close()

    def _call(self, method: str, path: str, value: Any = None) -> dict[str, Any]:
        body = b"" if value is None else msgspec.json.encode(value)
        try:
            status, content = self._exchange(method, path, body)
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise EmulatorGoneError(
                f"the emulator (process {self._running.pid}) does not answer: {error}"
            ) from None
        if status != http.HTTPStatus.OK:
            raise RefusedError(content.get("message", f"status {status}"))
        return content

    def _exchange(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {TOKEN_HEADER: self._running.token, **_JSON}
        kept = self._connection.sock is not None
        try:
            self._connection.request(method, path, body=body, headers=headers)
            answer = self._connection.getresponse()
            return answer.status, msgspec.json.decode(answer.read(), type=dict[str, Any])
        except (ConnectionError, http.client.BadStatusLine):
            self._connection.close()
            if not kept:
                raise
            # a connection that was kept has been closed by the other side meanwhile
            return self._exchange(method, path, body)


class JournalSender:
    """Carries entries to the emulator from a thread of its own, so that no request waits for it.

    What happens within a moment is sent together: a busy app must not pay twice for each request.
    """

    def __init__(self, control: ControlClient) -> None:
        self._control = control
        self._moment = threading.Event()
        self._entries: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="journal", daemon=True).start()

    def add(self, entry: Entry) -> None:
        self._entries.put(entry)

    def _run(self) -> None:
        while True:
            batch = [self._entries.get()]
            self._moment.wait(GATHER_SECONDS)
            while not self._entries.empty():
                batch.append(self._entries.get())
            try:
                self._control.journal(batch)
            except (EmulatorGoneError, RefusedError):
                return
