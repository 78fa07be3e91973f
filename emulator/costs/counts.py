"""What was asked of AWS, in numbers: values that go from the emulator to the command line."""

from __future__ import annotations

import msgspec

#: How the journal calls the API that chalice local serves.
LOCAL_API = "api"


class Table(msgspec.Struct):
    """Units that a table has served."""

    write_units: float = 0
    read_units: float = 0


class Queue(msgspec.Struct):
    """What came into a queue, and what Lambda's pollers did with it."""

    sent: int = 0
    #: receives that found something, and requests that deleted
    polls: int = 0
    deletes: int = 0
    #: invocations with messages of it, and messages that they were done with
    batches: int = 0
    done: int = 0


class Function(msgspec.Struct):
    """Invocations of one function."""

    invocations: int = 0
    #: MB of memory times ms: of the invocations, and of cold starts
    mb_ms: int = 0
    cold_mb_ms: int = 0
    #: of which it is not known how long they took: they ran in another program, or in a test
    unmeasured: int = 0


class Api(msgspec.Struct):
    """Requests of one API's routes."""

    requests: int = 0
    duration_ms: int = 0
    #: those that ask for a change: no GET, HEAD or OPTIONS
    changes: int = 0
    changes_duration_ms: int = 0
    #: those of them that were answered with success
    accepted: int = 0

    def __add__(self, other: Api) -> Api:
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Api(*map(sum, zip(mine, theirs, strict=True)))


class Counts(msgspec.Struct, kw_only=True):
    """Everything since ``since_ms``, milliseconds since 1970."""

    since_ms: int
    #: of clients, by service and operation
    requests: dict[str, dict[str, int]] = {}
    #: of clients to SQS, as it bills them: standard queues, FIFO queues, and sends with a group
    queue_requests: int = 0
    fifo_requests: int = 0
    grouped_sends: int = 0
    queues: dict[str, Queue] = {}
    tables: dict[str, Table] = {}
    functions: dict[str, Function] = {}
    #: by name; LOCAL_API is the app's own under chalice local, whose function runs in its process
    apis: dict[str, Api] = {}
    #: that functions have written, without the API's
    log_bytes: int = 0

    @property
    def api(self) -> Api:
        """All APIs together."""
        return sum(self.apis.values(), Api())

    @property
    def local_api(self) -> Api:
        """The one whose invocations are not among those of ``functions``."""
        return self.apis.get(LOCAL_API, Api())


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The counts, and of the project what they are to be seen with."""

    counts: Counts
    #: of the function behind the routes; 0: there are none
    api_memory_mb: int
    #: of each queue that a function reads
    batch_sizes: dict[str, int]
