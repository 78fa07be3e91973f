"""Lambda's queue of asynchronous events: accepted at once, tried again by its own rules.

Schedules, topics, buckets, event buses and ``Invoke`` with ``InvocationType=Event`` end here.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import functools
import heapq
import itertools
import uuid
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from emulator.invocation import Outcome
from emulator.mapping import destination, recursion
from emulator.mapping.back_off import back_off_seconds
from emulator.mapping.destination import Ending

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from emulator.clock import Clock
    from emulator.invocation import Function
    from emulator.journal import Journal
    from emulator.mapping.destination import Send
    from emulator.mapping.source import Work

#: How long Lambda waits before the first and the second retry of an event that failed.
RETRY_AFTER_SECONDS = (60, 120)
#: Longest wait between two tries of a throttled event, and how old an event may get: at most, and
#: the least that a function may set.
THROTTLE_BACK_OFF_SECONDS_MAX = 300
EVENT_AGE_SECONDS_MAX = 21_600
EVENT_AGE_SECONDS_MIN = 60


class AsynchronousSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A function's settings for asynchronous events.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """

    #: 0 to 2
    maximum_retry_attempts: int = len(RETRY_AFTER_SECONDS)
    maximum_event_age_seconds: int = EVENT_AGE_SECONDS_MAX
    #: ARNs; the dead-letter queue is the function's DeadLetterConfig
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None


class _Event(msgspec.Struct, eq=False, kw_only=True):
    """One event on its way to a function."""

    function: str
    payload: bytes
    #: the same on every try
    request_id: str
    #: who sent it, in the user's words
    source: str
    #: whether a test that waits for everything to be done waits for it
    awaited: bool
    submitted_ms: int
    #: of the call that led to it
    trace_header: str | None = None
    failures: int = 0
    throttles: int = 0
    outcome: Outcome | None = None


class AsynchronousInvocations:
    """A source that invokes functions with what was submitted for them, in no promised order.

    ``functions`` finds a function by its name in app.py, None if there is no such function (any
    more). Every method but ``submit`` and the work it hands out is called under ``condition``.
    """

    def __init__(
        self, functions: Callable[[str], Function | None], *, send: Send,
        clock: Clock, condition: threading.Condition, journal: Journal,
    ) -> None:  # fmt: skip
        self._functions = functions
        self._send = send
        self._clock = clock
        self._condition = condition
        self._journal = journal
        self._settings: dict[str, AsynchronousSettings] = {}
        #: functions whose settings a project declares
        self._declared: set[str] = set()
        #: (due, tie break, event) of what waits for its time, a heap
        self._waiting: list[tuple[int, int, _Event]] = []
        self._sequence = itertools.count()
        #: what is due and waits for a free place, by function
        self._ready: dict[str, deque[_Event]] = {}
        self._running: set[_Event] = set()

    def __str__(self) -> str:
        return "asynchronous events"

    def configure(self, function: str, settings: AsynchronousSettings) -> None:
        """Set how a function's events are treated from now on."""
        self._settings[function] = settings

    def declare(self, settings: Mapping[str, AsynchronousSettings]) -> None:
        """Have a project's settings as it declares them now, by the function's name."""
        for function in self._declared - settings.keys():
            self.configure(function, AsynchronousSettings())
        self._settings.update(settings)
        self._declared = set(settings)

    def submit(
        self, function: str, payload: bytes, *,
        request_id: str | None = None, source: str = "", awaited: bool = True,
        trace_header: str | None = None,
    ) -> str:  # fmt: skip
        """Accept an event (JSON) for ``function`` and return its request id, at once.

        ``source`` tells the user who sent it; ``awaited=False`` is for what comes without end, so
        that nobody waits for it; ``trace_header`` is of the call that led to the event. May be
        called with or without the lock.
        """
        with self._condition:
            now_ms = self._clock.now_ms()
            event = _Event(
                function=function, payload=payload, request_id=request_id or str(uuid.uuid4()),
                source=source, awaited=awaited, submitted_ms=now_ms, trace_header=trace_header,
            )  # fmt: skip
            self._wait(event, now_ms)
            self._condition.notify_all()
        return event.request_id

    def pending(self, now_ms: int) -> bool:
        held = [event for _, _, event in self._waiting]
        held += [event for queue in self._ready.values() for event in queue]
        return any(event.awaited for event in (*held, *self._running))

    def next_due_ms(self, now_ms: int) -> int | None:
        """What is ready and has no place is woken by whoever gives one up."""
        return self._waiting[0][0] if self._waiting else None

    def step(self, now_ms: int) -> Sequence[Work]:
        """Hand out the next event that is due and that its function takes; functions take turns."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            _, _, event = heapq.heappop(self._waiting)
            self._ready.setdefault(event.function, deque()).append(event)
        for name in list(self._ready):
            events = self._ready.pop(name)
            work = self._start(name, events, now_ms)
            if events:
                self._ready[name] = events
            if work is not None:
                return (work,)
        return ()

    def _start(self, name: str, events: deque[_Event], now_ms: int) -> Work | None:
        """The first of ``events`` that can run, taken out as is everything that has ended."""
        function = self._functions(name)
        if function is None:
            for event in events:
                self._record_drop(event)
            events.clear()
            return None
        while events:
            if condition := self._over(function, events[0], now_ms):
                self._end(events.popleft(), function, condition)
            elif function.try_acquire():
                self._running.add(events[0])
                return functools.partial(self._invoke, events.popleft(), function)
            elif function.spec.reserved_concurrency is None:
                # only this machine has no place for it, AWS would have: no throttle
                return None
            else:
                self._hold(events.popleft(), function, now_ms)
        return None

    def _over(self, function: Function, event: _Event, now_ms: int) -> str | None:
        if recursion.is_loop(event.trace_header, function.spec):
            what, end = f"an event of {event.source}", "given up"
            recursion.record(self._journal, function.spec, what=what, end=end)
            return destination.RECURSIVE_LOOP
        if function.spec.reserved_concurrency == 0:
            return destination.ZERO_RESERVED_CONCURRENCY
        age_ms = now_ms - event.submitted_ms
        oldest_ms = self._settings_of(event).maximum_event_age_seconds * 1000
        return destination.EVENT_AGE_EXCEEDED if age_ms > oldest_ms else None

    def _hold(self, event: _Event, function: Function, now_ms: int) -> None:
        event.throttles += 1
        wait_seconds = back_off_seconds(
            event.throttles, longest_seconds=THROTTLE_BACK_OFF_SECONDS_MAX
        )
        self._journal.record(event.function, "throttle", next_try_in_seconds=wait_seconds)
        self._retry(event, function, now_ms + wait_seconds * 1000)

    def _invoke(self, event: _Event, function: Function) -> None:
        """Run the function, and queue the event again if it failed. Called without the lock."""
        self._journal.record(
            event.function, "invoke",
            source=event.source, attempt=event.failures + 1, request_id=event.request_id,
        )  # fmt: skip
        started_ms = self._clock.now_ms()
        outcome: Outcome | None = None
        try:
            outcome = function.invoke(
                event.payload, request_id=event.request_id, trace_header=event.trace_header
            )
        finally:
            with self._condition:
                function.release()
                self._running.discard(event)
                if outcome is not None:
                    event.outcome = outcome
                    self._settle(event, function, started_ms)
                self._condition.notify_all()

    def _settle(self, event: _Event, function: Function, started_ms: int) -> None:
        now_ms = self._clock.now_ms()
        assert event.outcome is not None, "it has just run"
        error = {} if event.outcome.ok else {"error": event.outcome.error}
        self._journal.record(
            event.function,
            "result",
            duration_ms=now_ms - started_ms,
            **event.outcome.usage_data(),
            **error,
        )
        if event.outcome.ok:
            self._end(event, function, destination.SUCCESS)
            return
        event.failures += 1
        if event.failures > self._settings_of(event).maximum_retry_attempts:
            self._end(event, function, destination.RETRIES_EXHAUSTED)
            return
        wait_seconds = RETRY_AFTER_SECONDS[min(event.failures, len(RETRY_AFTER_SECONDS)) - 1]
        self._journal.record(event.function, "retry", next_try_in_seconds=wait_seconds)
        self._retry(event, function, now_ms + wait_seconds * 1000)

    def _retry(self, event: _Event, function: Function, due_ms: int) -> None:
        oldest_ms = self._settings_of(event).maximum_event_age_seconds * 1000
        if due_ms - event.submitted_ms > oldest_ms:
            self._end(event, function, destination.EVENT_AGE_EXCEEDED)
        else:
            self._wait(event, due_ms)

    def _wait(self, event: _Event, due_ms: int) -> None:
        heapq.heappush(self._waiting, (due_ms, next(self._sequence), event))

    def _end(self, event: _Event, function: Function, condition: str) -> None:
        """Send the event where the function's settings say; a failed one is gone otherwise."""
        ok = condition == destination.SUCCESS
        settings = self._settings_of(event)
        ending = Ending(
            function=function.spec, request_id=event.request_id, payload=event.payload,
            condition=condition, invocations=event.failures + ok, at_ms=self._clock.now_ms(),
            outcome=event.outcome,
        )  # fmt: skip
        if not ok:
            self._record_drop(event, condition=condition)
        if target := settings.on_success if ok else settings.on_failure:
            self._send(destination.invocation_record(ending, target))
        if settings.dead_letter and not ok:
            self._send(destination.dead_letter(ending, settings.dead_letter))

    def _record_drop(self, event: _Event, **more: str) -> None:
        self._journal.record(
            event.function, "drop", failures=event.failures, throttles=event.throttles, **more
        )

    def _settings_of(self, event: _Event) -> AsynchronousSettings:
        return self._settings.get(event.function, _DEFAULTS)


_DEFAULTS = AsynchronousSettings()
