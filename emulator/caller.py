"""What is known of the program that sent the current request: is it still there, and its trace.

A long poll asks whether it is before it hands out messages: a message given to a caller that has
hung up would stay invisible for its whole visibility timeout. The endpoint sets the question for
each request; a call made inside the process has a caller that never goes away.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def _never_gone() -> bool:
    return False


caller_is_gone: ContextVar[Callable[[], bool]] = ContextVar("caller_is_gone", default=_never_gone)
"""The question to ask about the caller of the request being handled: ``caller_is_gone.get()()``."""


@contextmanager
def calling_from(is_gone: Callable[[], bool]) -> Iterator[None]:
    """Answer ``caller_is_gone`` with ``is_gone`` for everything called inside the block."""
    token = caller_is_gone.set(is_gone)
    try:
        yield
    finally:
        caller_is_gone.reset(token)


trace_header: ContextVar[str | None] = ContextVar("trace_header", default=None)
"""The trace that the current request belongs to: an SDK inside a function sends it along."""


@contextmanager
def in_trace(header: str | None) -> Iterator[None]:
    """Let what the block does belong to the trace ``header``; None: to none."""
    token = trace_header.set(header)
    try:
        yield
    finally:
        trace_header.reset(token)


def trace_header_of(headers: Mapping[str, str]) -> str | None:
    """The trace that a request with these headers says it belongs to."""
    found = (value for name, value in headers.items() if name.lower() == "x-amzn-trace-id")
    return unquote(next(found, "")) or None
