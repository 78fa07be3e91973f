"""Owns all waiting: steps the sources when they are due, and runs the work they hand out.

On the machine's clock a thread sleeps until the next due time or a change; on a virtual clock the
same steps are made by jumping from due time to due time, and work runs in place.
"""

from __future__ import annotations

import threading
import traceback
from concurrent import futures
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.clock import Clock
    from emulator.journal import Journal
    from emulator.mapping.source import Source, Work

Result = TypeVar("Result")

#: More threads than sources ever have work for at once (a mapping starts with 5 batches): a slow
#: function must not take the thread of another. Threads are only made when none is free.
WORKERS_MAX = 1_000
#: How long a source whose step raised is left alone, so that a bug does not keep the machine busy.
FAULT_REST_MS = 1_000
#: How long ``stop`` waits for work that has begun.
STOP_SECONDS_MAX = 5
#: A day: a visibility timeout of 12 hours can end in it, forgotten retries cannot.
IDLE_SECONDS_MAX = 86_400
#: Rounds of work at one moment: far more than a test has messages, and over in seconds.
ROUNDS_MAX = 100_000


class NotIdleError(TimeoutError):
    """Work was still pending when the time for it was over; the text names it."""


class Scheduler:
    """Steps every source under the lock; whoever changes what a source looks at notifies it."""

    def __init__(self, clock: Clock, condition: threading.Condition, journal: Journal) -> None:
        self._clock = clock
        self._condition = condition
        self._journal = journal
        self._sources: list[Source] = []
        self._resting_until_ms: dict[Source, int] = {}
        self._thread: threading.Thread | None = None
        self._executor: futures.ThreadPoolExecutor | None = None
        self._running: set[futures.Future[Any]] = set()
        self._is_stopping = False

    def add(self, source: Source) -> None:
        """Step ``source`` from now on, after those that were added before."""
        with self._condition:
            self._sources.append(source)
            self._condition.notify_all()

    def remove(self, source: Source) -> None:
        """Step ``source`` no more; work it has handed out finishes."""
        with self._condition:
            self._sources.remove(source)
            self._resting_until_ms.pop(source, None)

    def start(self, max_workers: int = WORKERS_MAX) -> None:
        """Run in a thread of its own, work in others."""
        self._is_stopping = False
        self._executor = futures.ThreadPoolExecutor(max_workers, thread_name_prefix="work")
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = STOP_SECONDS_MAX) -> int:
        """Hand out no more work and wait for what runs; returns how much still runs after that.

        What still runs ends by itself once its function is closed; calling again waits again.
        """
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
        with self._condition:
            running = tuple(self._running)
        left = len(futures.wait(running, timeout_seconds).not_done)
        if self._executor is not None:
            # without waiting it would leave idle threads to end a moment later
            self._executor.shutdown(wait=not left, cancel_futures=True)
        return left

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass in this thread and do, in order, whatever falls due on the way.

        Work runs in place, so on a virtual clock this takes no time; a function that is called
        may itself call ``advance``.
        """
        target_ms = self._clock.now_ms() + round(seconds * 1000)
        self.run_due()
        while (now_ms := self._clock.now_ms()) < target_ms:
            due_ms = self._next_due_ms(now_ms)
            self._wait(target_ms if due_ms is None else min(due_ms, target_ms))
            self.run_due()

    def run_until_idle(self, limit_seconds: float = IDLE_SECONDS_MAX) -> None:
        """Let time pass in this thread until no source has anything pending.

        Raises NotIdleError if that would take longer than ``limit_seconds``.
        """
        limit_ms = self._clock.now_ms() + round(limit_seconds * 1000)
        self.run_due()
        while pending := self._pending():
            due_ms = self._next_due_ms(self._clock.now_ms())
            if due_ms is None or due_ms > limit_ms:
                raise NotIdleError(f"still pending after {limit_seconds} s: {', '.join(pending)}")
            self._wait(due_ms)
            self.run_due()

    def within(self, work: Callable[[], Result], timeout_ms: int) -> Result:
        """Do some work now and wait for it; raises TimeoutError if it takes longer.

        It comes to its end all the same: on a virtual clock before this raises.
        """
        if self._executor is None:
            began_ms = self._clock.now_ms()
            result = work()
            if self._clock.now_ms() - began_ms > timeout_ms:
                raise TimeoutError
            return result
        future = self._executor.submit(work)
        with self._condition:
            self._running.add(future)
        future.add_done_callback(self._forget)
        try:
            return future.result(timeout_ms / 1000)
        except futures.TimeoutError:
            raise TimeoutError from None

    def run_due(self) -> None:
        """Do everything that is due now, in this thread; sources take turns.

        Raises NotIdleError if it never ends, as when a function sends to its own queue.
        """
        for _ in range(ROUNDS_MAX):
            if not self._round():
                return
        raise NotIdleError(f"work makes new work without end: {', '.join(self._pending())}")

    def _round(self) -> bool:
        """Step every source once and run its work; whether there was any."""
        any_work = False
        for source in tuple(self._sources):
            with self._condition:
                # work that ran before may have removed it
                known = source in self._sources
                work = source.step(self._clock.now_ms()) if known else ()
            for piece in work:
                piece()
            any_work = any_work or bool(work)
        return any_work

    def _pending(self) -> list[str]:
        with self._condition:
            now_ms = self._clock.now_ms()
            return [str(source) for source in self._sources if source.pending(now_ms)]

    def _wait(self, until_ms: int) -> None:
        with self._condition:
            self._clock.wait(self._condition, until_ms)

    def _next_due_ms(self, now_ms: int) -> int | None:
        """The next time something is due, later than now: what is due now has just been done."""
        with self._condition:
            due = [self._source_due_ms(source, now_ms) for source in self._sources]
        return min((max(at, now_ms + 1) for at in due if at is not None), default=None)

    def _source_due_ms(self, source: Source, now_ms: int) -> int | None:
        rest_ms = self._resting_until_ms.get(source, 0)
        return rest_ms if rest_ms > now_ms else source.next_due_ms(now_ms)

    def _run(self) -> None:
        with self._condition:
            while not self._is_stopping:
                now_ms = self._clock.now_ms()
                work = [piece for source in self._sources for piece in self._step(source, now_ms)]
                for piece in work:
                    self._submit(piece)
                if not work:
                    self._clock.wait(self._condition, self._next_due_ms(now_ms))

    def _step(self, source: Source, now_ms: int) -> Sequence[Work]:
        """The source's step, kept from stopping the others if it raises."""
        if now_ms < self._resting_until_ms.get(source, 0):
            return ()
        try:
            return source.step(now_ms)
        except Exception:
            # a bug of one source: ending this thread would silently stop every other source too
            self._resting_until_ms[source] = now_ms + FAULT_REST_MS
            self._journal.record(str(source), "error", text=traceback.format_exc())
            return ()

    def _submit(self, work: Work) -> None:
        assert self._executor is not None, "start() makes it"
        future = self._executor.submit(work)
        self._running.add(future)
        future.add_done_callback(self._done)

    def _forget(self, future: futures.Future[Any]) -> None:
        with self._condition:
            self._running.discard(future)

    def _done(self, future: futures.Future[None]) -> None:
        self._forget(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            text = "".join(traceback.format_exception(error))
            self._journal.record("scheduler", "error", text=text)
